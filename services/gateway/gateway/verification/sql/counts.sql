-- name: counts
-- How many snapshots each source told and how many things they are about; the newest moment they tell of, and when the newest and the
-- first were recorded. An order of a
-- file without ids that is known by another id since (a tombstone right after its last snapshot) is told under that one.
SELECT 'orders' AS source, COUNT(DISTINCT CONCAT(entity, ':', CAST(version AS STRING), ':', digest)) AS snapshots,
  COUNT(DISTINCT entity) AS things, MAX(processed_at) AS newest_at, MAX(recorded_at) AS recorded_at,
  MIN(recorded_at) AS first_recorded_at
FROM orders
WHERE brand_id = @brand_id AND entity NOT IN (
  SELECT ended.entity
  FROM orders AS ended
  JOIN orders AS last
    ON last.brand_id = ended.brand_id AND last.entity = ended.entity AND last.version = ended.version - 1
    AND last.precedence = ended.precedence
  WHERE ended.brand_id = @brand_id AND last.brand_id = @brand_id AND ended.deleted AND NOT last.deleted)
UNION ALL
SELECT 'refunds' AS source, COUNT(DISTINCT CONCAT(entity, ':', CAST(version AS STRING), ':', digest)) AS snapshots,
  COUNT(DISTINCT entity) AS things, MAX(issued_at) AS newest_at, MAX(recorded_at) AS recorded_at,
  MIN(recorded_at) AS first_recorded_at
FROM refunds WHERE brand_id = @brand_id
UNION ALL
SELECT 'order edits' AS source,
  COUNT(DISTINCT CONCAT(entity, ':', CAST(version AS STRING), ':', digest)) AS snapshots,
  COUNT(DISTINCT entity) AS things, MAX(committed_at) AS newest_at, MAX(recorded_at) AS recorded_at,
  MIN(recorded_at) AS first_recorded_at
FROM order_edits WHERE brand_id = @brand_id
UNION ALL
SELECT 'products' AS source, COUNT(DISTINCT CONCAT(entity, ':', CAST(version AS STRING), ':', digest)) AS snapshots,
  COUNT(DISTINCT entity) AS things, CAST(NULL AS TIMESTAMP) AS newest_at, MAX(recorded_at) AS recorded_at,
  MIN(recorded_at) AS first_recorded_at
FROM products WHERE brand_id = @brand_id
UNION ALL
SELECT 'stock levels' AS source,
  COUNT(DISTINCT CONCAT(entity, ':', CAST(version AS STRING), ':', digest)) AS snapshots,
  COUNT(DISTINCT entity) AS things, MAX(updated_at) AS newest_at, MAX(recorded_at) AS recorded_at,
  MIN(recorded_at) AS first_recorded_at
FROM inventory_levels WHERE brand_id = @brand_id
UNION ALL
SELECT CONCAT('ads: ', platform) AS source,
  COUNT(DISTINCT CONCAT(entity, ':', CAST(version AS STRING), ':', digest)) AS snapshots,
  COUNT(DISTINCT entity) AS things, TIMESTAMP(MAX(day), 'UTC') AS newest_at, MAX(recorded_at) AS recorded_at,
  MIN(recorded_at) AS first_recorded_at
FROM ad_performance WHERE brand_id = @brand_id GROUP BY platform
UNION ALL
SELECT 'attributions' AS source,
  COUNT(DISTINCT CONCAT(entity, ':', CAST(version AS STRING), ':', digest)) AS snapshots,
  COUNT(DISTINCT entity) AS things, CAST(NULL AS TIMESTAMP) AS newest_at, MAX(recorded_at) AS recorded_at,
  MIN(recorded_at) AS first_recorded_at
FROM attributions WHERE brand_id = @brand_id
UNION ALL
SELECT 'stock assessments' AS source,
  COUNT(DISTINCT CONCAT(entity, ':', CAST(version AS STRING), ':', digest)) AS snapshots,
  COUNT(DISTINCT entity) AS things, MAX(assessed_at) AS newest_at, MAX(recorded_at) AS recorded_at,
  MIN(recorded_at) AS first_recorded_at
FROM stock_assessments WHERE brand_id = @brand_id
UNION ALL
SELECT 'notifications' AS source,
  COUNT(DISTINCT CONCAT(entity, ':', CAST(version AS STRING), ':', digest)) AS snapshots,
  COUNT(DISTINCT entity) AS things, MAX(sent_at) AS newest_at, MAX(recorded_at) AS recorded_at,
  MIN(recorded_at) AS first_recorded_at
FROM notifications WHERE brand_id = @brand_id
ORDER BY source;
