-- name: alerting_channel_days
-- Spend (days of the ad account) and revenue credited by @model (days in @timezone) of each paid channel, day by day,
-- in @currency alone.
SELECT channel, COALESCE(day, DATE(occurred_at, @timezone)) AS day,
  COALESCE(SUM(spend_micros), 0) AS spend_micros, COALESCE(SUM(revenue_micros), 0) AS revenue_micros,
  COUNT(DISTINCT IF(entry_kind = 'sale', order_id, NULL)) AS orders
FROM unified_performance
WHERE brand_id = @brand_id AND paid AND currency = @currency AND (source = 'ads' OR model = @model)
  AND COALESCE(day, DATE(occurred_at, @timezone)) BETWEEN @start_day AND @end_day
GROUP BY channel, COALESCE(day, DATE(occurred_at, @timezone));

-- name: alerting_quarantined_days
-- Days of one ad account that do not add up to the account's own total now.
SELECT day
FROM ad_days_quarantined_current
WHERE brand_id = @brand_id AND platform = @platform AND account_id = @account_id AND quarantined
ORDER BY day;
