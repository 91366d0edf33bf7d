-- name: view_{{table}}
-- Entities of which {{table}}_current shows other rows than those of the newest snapshot, found by aggregation, or
-- shows one of them more than once.
WITH expected AS (
  SELECT DISTINCT entity, fact_id FROM {{rows}} AS newest_rows
),
shown AS (
  SELECT entity, fact_id, COUNT(*) AS times
  FROM {{table}}_current WHERE brand_id = @brand_id GROUP BY entity, fact_id
)
SELECT COALESCE(expected.entity, shown.entity) AS subject,
  CONCAT('fact ', COALESCE(expected.fact_id, shown.fact_id)) AS detail,
  IF(expected.fact_id IS NULL, 0, 1) AS expected, COALESCE(shown.times, 0) AS found,
  CAST(NULL AS STRING) AS currency, COUNT(*) OVER () AS total
FROM expected
FULL OUTER JOIN shown ON shown.entity = expected.entity AND shown.fact_id = expected.fact_id
WHERE expected.fact_id IS NULL OR COALESCE(shown.times, 0) <> 1
ORDER BY subject, detail LIMIT 50;
