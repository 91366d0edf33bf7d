-- name: net_revenue_by_month
-- Net revenue of each calendar month in @timezone; refunds and cancellations on their own date.
SELECT FORMAT_DATE('%Y-%m', DATE(occurred_at, @timezone)) AS month, currency,
  SUM(net_micros) AS net_micros, COUNTIF(kind = 'sale') AS orders
FROM sales_entries
WHERE brand_id = @brand_id
  AND (@cancelled_orders = 'return'
    OR (@cancelled_orders = 'exclude' AND cancelled_at IS NULL)
    OR (@cancelled_orders = 'keep' AND kind <> 'cancellation'))
GROUP BY month, currency
ORDER BY month, currency;

-- name: net_revenue_by_day
-- Net revenue of each day in @timezone from @start_day to @end_day, both included.
SELECT DATE(occurred_at, @timezone) AS day, currency,
  SUM(net_micros) AS net_micros, COUNTIF(kind = 'sale') AS orders
FROM sales_entries
WHERE brand_id = @brand_id
  AND DATE(occurred_at, @timezone) BETWEEN @start_day AND @end_day
  AND (@cancelled_orders = 'return'
    OR (@cancelled_orders = 'exclude' AND cancelled_at IS NULL)
    OR (@cancelled_orders = 'keep' AND kind <> 'cancellation'))
GROUP BY day, currency
ORDER BY day, currency;

-- name: revenue_totals
-- How many orders, lines, refunds and entries there are, and what the entries add up to; for checks of completeness.
SELECT
  (SELECT COUNT(*) FROM orders_current WHERE brand_id = @brand_id AND NOT deleted) AS orders,
  (SELECT COUNT(*) FROM order_lines_current WHERE brand_id = @brand_id) AS order_lines,
  (SELECT COUNT(*) FROM refunds_current WHERE brand_id = @brand_id) AS refunds,
  (SELECT COUNT(*) FROM refund_lines_current WHERE brand_id = @brand_id) AS refund_lines,
  (SELECT COUNT(*) FROM sales_entries WHERE brand_id = @brand_id) AS entries,
  (SELECT COALESCE(SUM(net_micros), 0) FROM sales_entries WHERE brand_id = @brand_id) AS net_micros;
