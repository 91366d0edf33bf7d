-- The same with the campaign that a credit's name fits; NULL where none does.
SELECT brand_id, occurred_at, model, channel, account_id, campaign_id, campaign, paid, order_id, entry_kind, currency,
  revenue_micros, fact_id, recorded_at
FROM unified_performance
WHERE source = 'credits'
