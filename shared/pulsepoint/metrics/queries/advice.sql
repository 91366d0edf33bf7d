-- name: advice_campaign_days
-- Spend (days of the ad account) and revenue credited by @model (days in @timezone) of each campaign, day by day.
SELECT channel, account_id, campaign_id, campaign, currency, COALESCE(day, DATE(occurred_at, @timezone)) AS day,
  COALESCE(SUM(spend_micros), 0) AS spend_micros, COALESCE(SUM(revenue_micros), 0) AS revenue_micros,
  COUNT(DISTINCT IF(entry_kind = 'sale', order_id, NULL)) AS orders
FROM unified_performance
WHERE brand_id = @brand_id AND paid AND campaign_id IS NOT NULL AND (source = 'ads' OR model = @model)
  AND COALESCE(day, DATE(occurred_at, @timezone)) BETWEEN @start_day AND @end_day
GROUP BY channel, account_id, campaign_id, campaign, currency, COALESCE(day, DATE(occurred_at, @timezone));
