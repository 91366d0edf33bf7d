-- Days of the period on which an item had units available at any time, over its locations together; days before its
-- first known level count, and are told as days_unknown. Levels make steps, steps make spans.
WITH levels AS (
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
  FROM levels
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
  SELECT inventory_item_id, MIN(updated_at) AS first_at FROM levels GROUP BY inventory_item_id
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
SELECT CAST(@brand_id AS STRING) AS brand_id, firsts.inventory_item_id,
  COALESCE(counted.days_in_stock, 0) AS days_in_stock,
  DATE_DIFF(DATE(firsts.first_at, @timezone), CAST(@start_day AS DATE), DAY) AS days_unknown
FROM firsts
LEFT JOIN counted ON counted.inventory_item_id = firsts.inventory_item_id
