credited AS (
  SELECT model, currency, order_id, entry_id, entry_kind, occurred_at, channel, paid, campaign, touch_at, credit_micros, recorded_at
  FROM {{rows(credits, attributions)}} AS newest_credits
),
models AS (SELECT DISTINCT model FROM credited)
