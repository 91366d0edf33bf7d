-- name: heads
-- Snapshots whose rows are missing or do not add up to what their head says.
WITH sold AS (
  SELECT entity, SUM(gross_micros) AS micros FROM {{rows(order_lines, orders)}} AS newest_lines GROUP BY entity
),
credited AS (
  SELECT DISTINCT entity FROM {{rows(credits, attributions)}} AS newest_credits
),
variant_rows AS (
  SELECT entity, COUNT(*) AS n FROM {{rows(stock_statuses, stock_assessments)}} AS newest_statuses GROUP BY entity
),
advised AS (
  SELECT entity, COUNT(*) AS n FROM {{rows(ai_insights, advice)}} AS newest_insights
  WHERE type <> 'summary' GROUP BY entity
),
wrong AS (
  SELECT head.entity AS subject, 'gross of the lines of an order, in micros' AS detail, head.gross_micros AS expected,
    COALESCE(sold.micros, 0) AS found
  FROM {{rows(orders, orders)}} AS head LEFT JOIN sold ON sold.entity = head.entity
  WHERE NOT head.deleted AND head.gross_micros <> COALESCE(sold.micros, 0)
  UNION ALL
  SELECT head.entity AS subject, 'credits of an attribution: none' AS detail, 1 AS expected, 0 AS found
  FROM {{rows(attributions, attributions)}} AS head LEFT JOIN credited ON credited.entity = head.entity
  WHERE head.net_micros <> 0 AND credited.entity IS NULL
  UNION ALL
  SELECT head.entity AS subject, 'variants of a stock assessment' AS detail, head.variants AS expected,
    COALESCE(variant_rows.n, 0) AS found
  FROM {{rows(stock_assessments, stock_assessments)}} AS head
  LEFT JOIN variant_rows ON variant_rows.entity = head.entity
  WHERE head.variants <> COALESCE(variant_rows.n, 0)
  UNION ALL
  SELECT head.entity AS subject, 'recommendations of an advice' AS detail, head.recommendations AS expected,
    COALESCE(advised.n, 0) AS found
  FROM {{rows(advice, advice)}} AS head LEFT JOIN advised ON advised.entity = head.entity
  WHERE head.recommendations <> COALESCE(advised.n, 0)
)
SELECT subject, detail, expected, found, CAST(NULL AS STRING) AS currency, COUNT(*) OVER () AS total
FROM wrong ORDER BY subject, detail LIMIT 50;

-- name: orphans
-- Rows of snapshots that no head leads to: they are stored and never shown.
WITH orphans AS (
  {{orphans}}
)
SELECT subject, CONCAT('rows of ', detail, ' without a head') AS detail, 0 AS expected, COUNT(*) AS found,
  CAST(NULL AS STRING) AS currency, COUNT(*) OVER () AS total
FROM orphans GROUP BY orphans.subject, orphans.detail ORDER BY subject, detail LIMIT 50;
