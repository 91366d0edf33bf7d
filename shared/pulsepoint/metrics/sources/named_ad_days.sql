-- The same with each campaign under the name it had last.
SELECT brand_id, day, channel, account_id, campaign_id, campaign, currency, account_timezone, spend_micros,
  impressions, clicks, conversions_micros, conversion_value_micros, click_window_days, view_window_days, fact_id,
  recorded_at
FROM unified_performance
WHERE source = 'ads'
