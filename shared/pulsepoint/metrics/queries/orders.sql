-- name: newest_orders
-- The newest @limit orders that count, and of each the channel and campaign that @model credits most of its sale to;
-- NULL until the order is attributed.
WITH newest AS (
  SELECT order_id, name, processed_at, cancelled_at, currency, shipping_country,
    gross_micros - discount_micros AS net_micros
  FROM orders_current
  WHERE brand_id = @brand_id AND NOT test AND NOT deleted
  QUALIFY ROW_NUMBER() OVER (ORDER BY processed_at DESC, order_id DESC) <= @limit
),
credited AS (
  SELECT credit.order_id, credit.channel, credit.campaign
  FROM credits_current AS credit
  JOIN newest ON newest.order_id = credit.order_id
  WHERE credit.brand_id = @brand_id AND credit.model = @model AND credit.entry_kind = 'sale'
  QUALIFY ROW_NUMBER() OVER (
    PARTITION BY credit.order_id ORDER BY credit.credit_micros DESC, credit.channel, credit.campaign) = 1
)
SELECT newest.order_id, newest.name, newest.processed_at, newest.cancelled_at, newest.currency,
  newest.shipping_country AS country, newest.net_micros, credited.channel, credited.campaign
FROM newest
LEFT JOIN credited ON credited.order_id = newest.order_id
ORDER BY newest.processed_at DESC, newest.order_id DESC;

-- name: unmatched_orders
-- The newest @limit sales, and edits of them, that @model credits to a paid touch whose campaign fits none that is known, each with the
-- part credited to that touch.
SELECT credit.order_id, sold.name, credit.occurred_at, credit.channel, credit.campaign, credit.currency,
  credit.revenue_micros
FROM unified_performance AS credit
JOIN orders_current AS sold ON sold.brand_id = credit.brand_id AND sold.order_id = credit.order_id
WHERE credit.brand_id = @brand_id AND sold.brand_id = @brand_id AND credit.source = 'credits'
  AND credit.model = @model AND credit.paid AND credit.campaign_id IS NULL AND credit.entry_kind IN ('{{sale}}', '{{edit}}')
QUALIFY ROW_NUMBER() OVER (
  ORDER BY credit.occurred_at DESC, credit.order_id DESC, credit.channel, credit.campaign) <= @limit
ORDER BY credit.occurred_at DESC, credit.order_id DESC, credit.channel, credit.campaign;

-- name: orders_placed
-- Name, id and moment of the orders placed from @start_at to @end_at, test orders too.
SELECT name, order_id, created_at
FROM orders_current
WHERE brand_id = @brand_id AND NOT deleted AND name IS NOT NULL AND created_at BETWEEN @start_at AND @end_at;
