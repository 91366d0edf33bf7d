-- What each model credits to each touch of an order, as it was attributed.
SELECT brand_id, occurred_at, model, channel, paid, order_id, entry_kind, currency, credit_micros AS revenue_micros,
  fact_id, recorded_at
FROM credits_current
