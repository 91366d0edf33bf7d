-- name: inventory_variants
-- Variants of products that are for sale, with units available summed over locations: as the levels say, else as
-- the product itself did; NULL where the shop does not count them.
SELECT variant.variant_id, variant.product_id, variant.inventory_item_id, variant.sku, variant.title,
  product.title AS product_title, variant.continue_selling,
  CASE WHEN NOT variant.tracked THEN NULL
    WHEN level.inventory_item_id IS NULL THEN variant.available
    ELSE level.available END AS available
FROM variants_current AS variant
JOIN products_current AS product
  ON product.brand_id = variant.brand_id AND product.product_id = variant.product_id
LEFT JOIN (
  SELECT inventory_item_id, SUM(available) AS available
  FROM inventory_levels_current
  WHERE brand_id = @brand_id
  GROUP BY inventory_item_id
) AS level ON level.inventory_item_id = variant.inventory_item_id
WHERE variant.brand_id = @brand_id AND product.brand_id = @brand_id AND NOT product.deleted
  AND LOWER(COALESCE(product.status, 'active')) = 'active'
ORDER BY variant.variant_id;

-- name: inventory_first_sale
-- The moment of the brand's first known order, NULL without any.
SELECT MIN(processed_at) AS first_sale
FROM orders_current
WHERE brand_id = @brand_id AND NOT test AND NOT deleted;

-- name: inventory_units_sold
-- Units sold between two moments by variant, else by SKU, else by title; gross, without test and deleted orders.
SELECT NULLIF(line.variant_id, '') AS variant_id,
  CASE WHEN NULLIF(line.variant_id, '') IS NULL THEN NULLIF(line.sku, '') END AS sku,
  CASE WHEN NULLIF(line.variant_id, '') IS NULL AND NULLIF(line.sku, '') IS NULL THEN line.title END AS title,
  MAX(line.title) AS told_title, SUM(line.quantity) AS units
FROM order_lines_current AS line
JOIN orders_current AS sold ON sold.brand_id = line.brand_id AND sold.order_id = line.order_id
WHERE line.brand_id = @brand_id AND sold.brand_id = @brand_id AND NOT sold.test AND NOT sold.deleted
  AND sold.processed_at >= @start_at AND sold.processed_at < @end_at
GROUP BY 1, 2, 3;

-- name: inventory_days_in_stock
-- Days from @start_day to @end_day on which an item had units available at any time, over its locations together;
-- days before its first known level count, and are told as days_unknown. Levels make steps, steps make spans.
WITH told AS (
  SELECT inventory_item_id, location_id, updated_at, COALESCE(precedence, 0) AS precedence, digest,
    COALESCE(available, 1) AS available
  FROM inventory_levels_history
  WHERE brand_id = @brand_id AND updated_at >= @start_at AND updated_at < @end_at
  UNION ALL
  SELECT inventory_item_id, location_id, CAST(@start_at AS TIMESTAMP) AS updated_at, 0 AS precedence, '' AS digest,
    MAX_BY(COALESCE(available, 1), CONCAT(CAST(version AS STRING),
      CAST(COALESCE(precedence, 0) + 1000000000000000000 AS STRING), digest)) AS available
  FROM inventory_levels_history
  WHERE brand_id = @brand_id AND updated_at < @start_at
  GROUP BY inventory_item_id, location_id
),
steps AS (
  SELECT inventory_item_id, location_id, updated_at, precedence, digest,
    available - COALESCE(LAG(available) OVER (
      PARTITION BY inventory_item_id, location_id ORDER BY updated_at, precedence, digest), 0) AS change
  FROM told
),
totals AS (
  SELECT inventory_item_id, updated_at,
    SUM(change) OVER (
      PARTITION BY inventory_item_id ORDER BY updated_at, location_id, precedence, digest
      ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS total,
    LEAD(updated_at) OVER (
      PARTITION BY inventory_item_id ORDER BY updated_at, location_id, precedence, digest) AS until_at
  FROM steps
),
firsts AS (
  SELECT inventory_item_id, MIN(updated_at) AS first_at FROM told GROUP BY inventory_item_id
),
spans AS (
  SELECT inventory_item_id, DATE(updated_at, @timezone) AS from_day,
    COALESCE(DATE(TIMESTAMP_SUB(until_at, INTERVAL 1 MICROSECOND), @timezone), CAST(@end_day AS DATE)) AS to_day
  FROM totals
  WHERE total > 0 AND (until_at IS NULL OR until_at > updated_at)
  UNION ALL
  SELECT inventory_item_id, CAST(@start_day AS DATE) AS from_day,
    DATE(TIMESTAMP_SUB(first_at, INTERVAL 1 MICROSECOND), @timezone) AS to_day
  FROM firsts
  WHERE first_at > @start_at
),
covered AS (
  SELECT inventory_item_id, from_day, to_day,
    MAX(to_day) OVER (
      PARTITION BY inventory_item_id ORDER BY from_day, to_day
      ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before_day
  FROM spans
),
counted AS (
  SELECT inventory_item_id,
    SUM(CASE WHEN before_day IS NULL OR from_day > before_day THEN DATE_DIFF(to_day, from_day, DAY) + 1
      WHEN to_day > before_day THEN DATE_DIFF(to_day, before_day, DAY)
      ELSE 0 END) AS days_in_stock
  FROM covered
  GROUP BY inventory_item_id
)
SELECT known.inventory_item_id, COALESCE(counted.days_in_stock, 0) AS days_in_stock,
  DATE_DIFF(DATE(known.first_at, @timezone), CAST(@start_day AS DATE), DAY) AS days_unknown
FROM firsts AS known
LEFT JOIN counted ON counted.inventory_item_id = known.inventory_item_id;

-- name: inventory_campaign_weights
-- By campaign and what was bought: how much revenue of sales credited by @model, as a weight (cents of the line
-- times the credited part of its order in ten-thousandths).
WITH weights AS (
  SELECT credit.channel, credit.campaign, NULLIF(line.variant_id, '') AS variant_id,
    CASE WHEN NULLIF(line.variant_id, '') IS NULL THEN NULLIF(line.sku, '') END AS sku,
    CASE WHEN NULLIF(line.variant_id, '') IS NULL AND NULLIF(line.sku, '') IS NULL THEN line.title END AS title,
    SUM(DIV(GREATEST(line.gross_micros - line.discount_micros, 0), 10000)
      * DIV(credit.credit_micros * 10000, sold.gross_micros - sold.discount_micros)) AS weight
  FROM credits_current AS credit
  JOIN orders_current AS sold ON sold.brand_id = credit.brand_id AND sold.order_id = credit.order_id
  JOIN order_lines_current AS line ON line.brand_id = credit.brand_id AND line.order_id = credit.order_id
  WHERE credit.brand_id = @brand_id AND sold.brand_id = @brand_id AND line.brand_id = @brand_id
    AND credit.model = @model AND credit.entry_kind = 'sale' AND credit.paid AND credit.campaign IS NOT NULL
    AND credit.credit_micros > 0 AND credit.occurred_at >= @start_at AND credit.occurred_at < @end_at
    AND sold.gross_micros > sold.discount_micros
  GROUP BY 1, 2, 3, 4, 5
)
SELECT names.platform, names.account_id, names.campaign_id, weights.variant_id, weights.sku, weights.title,
  weights.weight
FROM weights
JOIN campaign_names AS names
  ON names.brand_id = @brand_id AND names.platform = weights.channel
  AND names.campaign_key = REGEXP_REPLACE(LOWER(TRIM(weights.campaign)), r'[\s\p{P}\p{S}]+', '-')
WHERE weights.weight > 0;

-- name: inventory_campaign_days
-- Spend of each campaign on each day of its own account, in the account's currency and timezone.
SELECT platform, account_id, account_currency, campaign_id, day, SUM(spend_micros) AS spend_micros
FROM ad_days_counted
WHERE brand_id = @brand_id AND day >= @start_day AND day <= @end_day
GROUP BY 1, 2, 3, 4, 5;

-- name: inventory_newest_traces
-- What an assessment was made from: the traces of the orders attributed last, and of the levels of nothing told
-- since @since.
(
  SELECT trace
  FROM attributions
  WHERE brand_id = @brand_id AND trace IS NOT NULL
  ORDER BY recorded_at DESC
  LIMIT 8
)
UNION ALL
(
  SELECT trace
  FROM inventory_levels_current
  WHERE brand_id = @brand_id AND available <= 0 AND trace IS NOT NULL AND recorded_at >= @since
  ORDER BY recorded_at DESC
  LIMIT 8
);
