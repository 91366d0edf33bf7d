-- name: net_revenue_by_day
-- Net revenue of each day in @timezone from @start_day to @end_day, both included.
SELECT DATE(occurred_at, @timezone) AS day, currency,
  SUM(net_micros) AS net_micros, COUNTIF(kind = 'sale') AS orders
FROM sales_entries
WHERE brand_id = @brand_id
  AND DATE(occurred_at, @timezone) BETWEEN @start_day AND @end_day
  AND {{cancelled_orders}}
GROUP BY day, currency
ORDER BY day, currency;

