-- name: books_balance
-- For each model and currency: what the sales entries add up to, what the credits add up to, and the difference,
-- which is zero once every order is attributed. Counts and newest recorded_at tell how far each side has come.
WITH sold AS (
  SELECT currency, SUM(net_micros) AS net_micros, COUNT(*) AS entries, COUNT(DISTINCT order_id) AS orders,
    MAX(recorded_at) AS newest
  FROM sales_entries
  WHERE brand_id = @brand_id
    AND (@cancelled_orders = 'return'
      OR (@cancelled_orders = 'exclude' AND cancelled_at IS NULL)
      OR (@cancelled_orders = 'keep' AND kind <> 'cancellation'))
  GROUP BY currency
),
credited AS (
  SELECT model, currency, SUM(credit_micros) AS credit_micros, COUNT(*) AS credits,
    COUNT(DISTINCT order_id) AS orders, MAX(recorded_at) AS newest
  FROM credits_current
  WHERE brand_id = @brand_id
  GROUP BY model, currency
),
models AS (SELECT DISTINCT model FROM credited),
expected AS (
  SELECT models.model, sold.currency, sold.net_micros, sold.entries, sold.orders, sold.newest
  FROM sold LEFT JOIN models ON TRUE
)
SELECT COALESCE(credited.model, expected.model) AS model, COALESCE(credited.currency, expected.currency) AS currency,
  COALESCE(expected.net_micros, 0) AS sales_micros, COALESCE(credited.credit_micros, 0) AS credit_micros,
  COALESCE(expected.net_micros, 0) - COALESCE(credited.credit_micros, 0) AS difference_micros,
  COALESCE(expected.entries, 0) AS entries, COALESCE(credited.credits, 0) AS credits,
  COALESCE(expected.orders, 0) AS orders, COALESCE(credited.orders, 0) AS orders_credited,
  expected.newest AS sales_recorded_at, credited.newest AS credits_recorded_at
FROM expected
FULL OUTER JOIN credited ON credited.model = expected.model AND credited.currency = expected.currency
ORDER BY model, currency;
