-- name: performance_by_channel
-- Spend, what platforms claim and what @model credits, by channel and currency, for days @start_day to @end_day.
SELECT channel, currency,
  SUM(spend_micros) AS spend_micros, SUM(impressions) AS impressions, SUM(clicks) AS clicks,
  SUM(conversions_micros) AS conversions_micros, SUM(conversion_value_micros) AS conversion_value_micros,
  COALESCE(SUM(revenue_micros), 0) AS attributed_revenue_micros,
  COUNT(DISTINCT IF(entry_kind = 'sale', order_id, NULL)) AS attributed_orders
FROM unified_performance
WHERE brand_id = @brand_id
  AND ((source = 'ads' AND day BETWEEN @start_day AND @end_day)
    OR (source = 'credits' AND model = @model
      AND DATE(occurred_at, @timezone) BETWEEN @start_day AND @end_day))
GROUP BY channel, currency
ORDER BY channel, currency;

-- name: performance_by_campaign
-- The same by campaign; a credit that fits no campaign has campaign_id NULL and its campaign as sent.
SELECT channel, account_id, campaign_id, campaign, currency,
  SUM(spend_micros) AS spend_micros, SUM(impressions) AS impressions, SUM(clicks) AS clicks,
  SUM(conversions_micros) AS conversions_micros, SUM(conversion_value_micros) AS conversion_value_micros,
  COALESCE(SUM(revenue_micros), 0) AS attributed_revenue_micros,
  COUNT(DISTINCT IF(entry_kind = 'sale', order_id, NULL)) AS attributed_orders
FROM unified_performance
WHERE brand_id = @brand_id
  AND ((source = 'ads' AND day BETWEEN @start_day AND @end_day)
    OR (source = 'credits' AND model = @model
      AND DATE(occurred_at, @timezone) BETWEEN @start_day AND @end_day))
GROUP BY channel, account_id, campaign_id, campaign, currency
ORDER BY channel, account_id, campaign_id, campaign, currency;

-- name: performance_by_day
-- Spend (days of the ad account) and credited revenue (days in @timezone) by day, channel and currency.
SELECT COALESCE(day, DATE(occurred_at, @timezone)) AS day, channel, currency,
  SUM(spend_micros) AS spend_micros, COALESCE(SUM(revenue_micros), 0) AS attributed_revenue_micros,
  COUNT(DISTINCT IF(entry_kind = 'sale', order_id, NULL)) AS attributed_orders
FROM unified_performance
WHERE brand_id = @brand_id AND (source = 'ads' OR model = @model)
  AND COALESCE(day, DATE(occurred_at, @timezone)) BETWEEN @start_day AND @end_day
GROUP BY COALESCE(day, DATE(occurred_at, @timezone)), channel, currency
ORDER BY 1, 2, 3;

-- name: unmatched_performance
-- Money without its other half: credits of a paid channel that fit no campaign ('credits'), and campaigns whose
-- spend earned no credit of @model ('spend'), with their amounts.
WITH by_campaign AS (
  SELECT channel, account_id, campaign_id, campaign, currency,
    COALESCE(SUM(spend_micros), 0) AS spend_micros, COALESCE(SUM(revenue_micros), 0) AS revenue_micros,
    COUNTIF(source = 'credits') AS credits, COUNT(DISTINCT order_id) AS orders, LOGICAL_OR(paid) AS paid
  FROM unified_performance
  WHERE brand_id = @brand_id
    AND ((source = 'ads' AND day BETWEEN @start_day AND @end_day)
      OR (source = 'credits' AND model = @model
        AND DATE(occurred_at, @timezone) BETWEEN @start_day AND @end_day))
  GROUP BY channel, account_id, campaign_id, campaign, currency
)
SELECT IF(campaign_id IS NULL, 'credits', 'spend') AS side, channel, account_id, campaign_id, campaign, currency,
  IF(campaign_id IS NULL, revenue_micros, spend_micros) AS amount_micros, orders
FROM by_campaign
WHERE paid AND ((campaign_id IS NULL AND credits > 0) OR (campaign_id IS NOT NULL AND credits = 0 AND spend_micros > 0))
ORDER BY side, amount_micros DESC, channel, account_id, campaign_id, campaign, currency;
