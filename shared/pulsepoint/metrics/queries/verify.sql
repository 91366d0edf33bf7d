-- name: verify_conservation
-- Models and currencies whose credits do not add up to the sales entries, leaving out, on both sides, orders with
-- something recorded after @settled_before: their credits may be on their way.
WITH moving AS (
  SELECT order_id FROM orders_current WHERE brand_id = @brand_id AND recorded_at > @settled_before
  UNION DISTINCT
  SELECT order_id FROM refunds_current WHERE brand_id = @brand_id AND recorded_at > @settled_before
),
sold AS (
  SELECT entry.currency, SUM(entry.net_micros) AS micros
  FROM sales_entries AS entry LEFT JOIN moving ON moving.order_id = entry.order_id
  WHERE entry.brand_id = @brand_id AND moving.order_id IS NULL
    AND (@cancelled_orders = 'return'
      OR (@cancelled_orders = 'exclude' AND entry.cancelled_at IS NULL)
      OR (@cancelled_orders = 'keep' AND entry.kind <> 'cancellation'))
  GROUP BY entry.currency
),
credited AS (
  SELECT credit.model, credit.currency, SUM(credit.credit_micros) AS micros
  FROM credits_current AS credit LEFT JOIN moving ON moving.order_id = credit.order_id
  WHERE credit.brand_id = @brand_id AND moving.order_id IS NULL
  GROUP BY credit.model, credit.currency
),
models AS (SELECT DISTINCT model FROM credited),
expected AS (
  SELECT models.model, sold.currency, sold.micros FROM sold LEFT JOIN models ON TRUE
)
SELECT COALESCE(expected.model, credited.model, 'no model') AS subject, 'sales entries against credits' AS detail,
  COALESCE(expected.micros, 0) AS expected, COALESCE(credited.micros, 0) AS found,
  COALESCE(expected.currency, credited.currency) AS currency, COUNT(*) OVER () AS total
FROM expected
FULL OUTER JOIN credited ON credited.model = expected.model AND credited.currency = expected.currency
WHERE COALESCE(expected.micros, 0) <> COALESCE(credited.micros, 0)
ORDER BY subject, currency LIMIT 50;
-- name: verify_order_net
-- Orders whose attribution says another net revenue than their sales entries, or that have no attribution.
WITH sold AS (
  SELECT order_id, SUM(net_micros) AS net_micros, MIN(currency) AS currency
  FROM sales_entries
  WHERE brand_id = @brand_id
    AND (@cancelled_orders = 'return'
      OR (@cancelled_orders = 'exclude' AND cancelled_at IS NULL)
      OR (@cancelled_orders = 'keep' AND kind <> 'cancellation'))
  GROUP BY order_id
),
told AS (
  SELECT order_id, net_micros, currency FROM attributions_current WHERE brand_id = @brand_id
)
SELECT COALESCE(sold.order_id, told.order_id) AS subject,
  IF(told.order_id IS NULL, 'no attribution', 'the attribution says another net revenue') AS detail,
  COALESCE(sold.net_micros, 0) AS expected, COALESCE(told.net_micros, 0) AS found,
  COALESCE(sold.currency, told.currency) AS currency, COUNT(*) OVER () AS total
FROM sold
FULL OUTER JOIN told ON told.order_id = sold.order_id
WHERE COALESCE(sold.net_micros, 0) <> COALESCE(told.net_micros, 0) OR told.order_id IS NULL
ORDER BY subject LIMIT 50;
-- name: verify_entry_credits
-- Sales, refunds and cancellations whose credits under a model are not exactly their amount, and credits of nothing
-- that was sold. A refund credited twice shows here.
WITH sold AS (
  SELECT order_id, entry_id, MIN(kind) AS kind, SUM(net_micros) AS net_micros, MIN(currency) AS currency
  FROM sales_entries
  WHERE brand_id = @brand_id
    AND (@cancelled_orders = 'return'
      OR (@cancelled_orders = 'exclude' AND cancelled_at IS NULL)
      OR (@cancelled_orders = 'keep' AND kind <> 'cancellation'))
  GROUP BY order_id, entry_id
),
credited AS (
  SELECT model, order_id, entry_id, SUM(credit_micros) AS credit_micros, MIN(currency) AS currency
  FROM credits_current
  WHERE brand_id = @brand_id
  GROUP BY model, order_id, entry_id
),
models AS (SELECT DISTINCT model FROM credited),
expected AS (
  SELECT models.model, sold.order_id, sold.entry_id, sold.kind, sold.net_micros, sold.currency
  FROM sold LEFT JOIN models ON TRUE
)
SELECT COALESCE(expected.order_id, credited.order_id) AS subject,
  CONCAT(COALESCE(expected.kind, 'nothing sold'), ' ', COALESCE(expected.entry_id, credited.entry_id), ' under ',
    COALESCE(expected.model, credited.model, 'no model')) AS detail,
  COALESCE(expected.net_micros, 0) AS expected, COALESCE(credited.credit_micros, 0) AS found,
  COALESCE(expected.currency, credited.currency) AS currency, COUNT(*) OVER () AS total
FROM expected
FULL OUTER JOIN credited
  ON credited.model = expected.model AND credited.order_id = expected.order_id
  AND credited.entry_id = expected.entry_id
WHERE COALESCE(expected.net_micros, 0) <> COALESCE(credited.credit_micros, 0)
ORDER BY subject, detail LIMIT 50;
-- name: verify_sales_once
-- Orders and refunds that the sales entries count another number of times than once; not at all, where the order is
-- a test or deleted.
WITH newest AS (
  SELECT entity, MAX(version) AS version FROM orders WHERE brand_id = @brand_id GROUP BY entity
),
standing AS (
  SELECT raw.entity AS order_id, MAX_BY(IF(raw.test OR raw.deleted, 0, 1),
      CONCAT(CAST(COALESCE(raw.precedence, 0) + 1000000000000000000 AS STRING), raw.digest)) AS counts
  FROM orders AS raw
  JOIN newest ON newest.entity = raw.entity AND newest.version = raw.version
  WHERE raw.brand_id = @brand_id
  GROUP BY raw.entity
),
given_back AS (
  SELECT refund_id, MAX_BY(order_id, version) AS order_id
  FROM refunds WHERE brand_id = @brand_id GROUP BY refund_id
),
expected AS (
  SELECT order_id AS entry_id, 'sale' AS kind, counts FROM standing
  UNION ALL
  SELECT given_back.refund_id AS entry_id, 'refund' AS kind, COALESCE(standing.counts, 1) AS counts
  FROM given_back LEFT JOIN standing ON standing.order_id = given_back.order_id
),
entries AS (
  SELECT entry_id, kind, COUNT(*) AS times FROM sales_entries
  WHERE brand_id = @brand_id AND kind <> 'cancellation'
  GROUP BY entry_id, kind
)
SELECT COALESCE(expected.entry_id, entries.entry_id) AS subject,
  CONCAT(COALESCE(expected.kind, entries.kind), ' counted another number of times') AS detail,
  COALESCE(expected.counts, 0) AS expected, COALESCE(entries.times, 0) AS found,
  CAST(NULL AS STRING) AS currency, COUNT(*) OVER () AS total
FROM expected
FULL OUTER JOIN entries ON entries.entry_id = expected.entry_id AND entries.kind = expected.kind
WHERE COALESCE(expected.counts, 0) <> COALESCE(entries.times, 0)
ORDER BY subject, detail LIMIT 50;
-- name: verify_heads
-- Snapshots whose rows are missing or do not add up to what their head says.
WITH sold AS (
  SELECT entity, SUM(gross_micros) AS micros FROM order_lines_current WHERE brand_id = @brand_id GROUP BY entity
),
credited AS (
  SELECT DISTINCT entity FROM credits_current WHERE brand_id = @brand_id
),
variant_rows AS (
  SELECT entity, COUNT(*) AS n FROM stock_statuses_current WHERE brand_id = @brand_id GROUP BY entity
),
advised AS (
  SELECT entity, COUNT(*) AS n FROM ai_insights_current WHERE brand_id = @brand_id GROUP BY entity
),
wrong AS (
  SELECT head.entity AS subject, 'gross of the lines of an order, in micros' AS detail, head.gross_micros AS expected,
    COALESCE(sold.micros, 0) AS found
  FROM orders_current AS head LEFT JOIN sold ON sold.entity = head.entity
  WHERE head.brand_id = @brand_id AND NOT head.deleted AND head.gross_micros <> COALESCE(sold.micros, 0)
  UNION ALL
  SELECT head.entity AS subject, 'credits of an attribution: none' AS detail, 1 AS expected, 0 AS found
  FROM attributions_current AS head LEFT JOIN credited ON credited.entity = head.entity
  WHERE head.brand_id = @brand_id AND head.net_micros <> 0 AND credited.entity IS NULL
  UNION ALL
  SELECT head.entity AS subject, 'variants of a stock assessment' AS detail, head.variants AS expected,
    COALESCE(variant_rows.n, 0) AS found
  FROM stock_assessments_current AS head LEFT JOIN variant_rows ON variant_rows.entity = head.entity
  WHERE head.brand_id = @brand_id AND head.variants <> COALESCE(variant_rows.n, 0)
  UNION ALL
  SELECT head.entity AS subject, 'recommendations of an advice' AS detail, head.recommendations AS expected,
    COALESCE(advised.n, 0) AS found
  FROM advice_current AS head LEFT JOIN advised ON advised.entity = head.entity
  WHERE head.brand_id = @brand_id AND head.recommendations <> COALESCE(advised.n, 0)
)
SELECT subject, detail, expected, found, CAST(NULL AS STRING) AS currency, COUNT(*) OVER () AS total
FROM wrong ORDER BY subject, detail LIMIT 50;
-- name: verify_orphans
-- Rows of snapshots that no head leads to: they are stored and never shown.
WITH orphans AS (
  SELECT part.entity AS subject, 'order_lines' AS detail
  FROM order_lines AS part LEFT JOIN orders AS head
    ON head.brand_id = part.brand_id AND head.entity = part.entity AND head.version = part.version
    AND head.digest = part.digest AND COALESCE(head.precedence, 0) = COALESCE(part.precedence, 0)
  WHERE part.brand_id = @brand_id AND head.entity IS NULL
  UNION ALL
  SELECT part.entity AS subject, 'refund_lines' AS detail
  FROM refund_lines AS part LEFT JOIN refunds AS head
    ON head.brand_id = part.brand_id AND head.entity = part.entity AND head.version = part.version
    AND head.digest = part.digest AND COALESCE(head.precedence, 0) = COALESCE(part.precedence, 0)
  WHERE part.brand_id = @brand_id AND head.entity IS NULL
  UNION ALL
  SELECT part.entity AS subject, 'variants' AS detail
  FROM variants AS part LEFT JOIN products AS head
    ON head.brand_id = part.brand_id AND head.entity = part.entity AND head.version = part.version
    AND head.digest = part.digest AND COALESCE(head.precedence, 0) = COALESCE(part.precedence, 0)
  WHERE part.brand_id = @brand_id AND head.entity IS NULL
  UNION ALL
  SELECT part.entity AS subject, 'touches' AS detail
  FROM touches AS part LEFT JOIN attributions AS head
    ON head.brand_id = part.brand_id AND head.entity = part.entity AND head.version = part.version
    AND head.digest = part.digest AND COALESCE(head.precedence, 0) = COALESCE(part.precedence, 0)
  WHERE part.brand_id = @brand_id AND head.entity IS NULL
  UNION ALL
  SELECT part.entity AS subject, 'credits' AS detail
  FROM credits AS part LEFT JOIN attributions AS head
    ON head.brand_id = part.brand_id AND head.entity = part.entity AND head.version = part.version
    AND head.digest = part.digest AND COALESCE(head.precedence, 0) = COALESCE(part.precedence, 0)
  WHERE part.brand_id = @brand_id AND head.entity IS NULL
  UNION ALL
  SELECT part.entity AS subject, 'stock_statuses' AS detail
  FROM stock_statuses AS part LEFT JOIN stock_assessments AS head
    ON head.brand_id = part.brand_id AND head.entity = part.entity AND head.version = part.version
    AND head.digest = part.digest AND COALESCE(head.precedence, 0) = COALESCE(part.precedence, 0)
  WHERE part.brand_id = @brand_id AND head.entity IS NULL
  UNION ALL
  SELECT part.entity AS subject, 'ai_insights' AS detail
  FROM ai_insights AS part LEFT JOIN advice AS head
    ON head.brand_id = part.brand_id AND head.entity = part.entity AND head.version = part.version
    AND head.digest = part.digest AND COALESCE(head.precedence, 0) = COALESCE(part.precedence, 0)
  WHERE part.brand_id = @brand_id AND head.entity IS NULL
)
SELECT subject, CONCAT('rows of ', detail, ' without a head') AS detail, 0 AS expected, COUNT(*) AS found,
  CAST(NULL AS STRING) AS currency, COUNT(*) OVER () AS total
FROM orphans GROUP BY orphans.subject, orphans.detail ORDER BY subject, detail LIMIT 50;
-- name: verify_view_orders
-- Entities of which orders_current shows another row than the newest by aggregation, or not exactly one.
WITH newest AS (
  SELECT entity, MAX(version) AS version FROM orders WHERE brand_id = @brand_id GROUP BY entity
),
chosen AS (
  SELECT raw.entity, MAX(newest.version) AS version, MAX_BY(raw.fact_id,
      CONCAT(CAST(COALESCE(raw.precedence, 0) + 1000000000000000000 AS STRING), raw.digest)) AS fact_id
  FROM orders AS raw
  JOIN newest ON newest.entity = raw.entity AND newest.version = raw.version
  WHERE raw.brand_id = @brand_id
  GROUP BY raw.entity
),
shown AS (
  SELECT entity, MIN(fact_id) AS fact_id, COUNT(*) AS times
  FROM orders_current WHERE brand_id = @brand_id GROUP BY entity
)
SELECT COALESCE(chosen.entity, shown.entity) AS subject,
  CONCAT('shown is fact ', COALESCE(shown.fact_id, 'none'), ', newest ', COALESCE(chosen.fact_id, 'none')) AS detail,
  IF(chosen.entity IS NULL, 0, 1) AS expected, IF(shown.fact_id = chosen.fact_id, shown.times, 0) AS found,
  CAST(NULL AS STRING) AS currency, COUNT(*) OVER () AS total
FROM chosen
FULL OUTER JOIN shown ON shown.entity = chosen.entity
WHERE COALESCE(chosen.fact_id, '') <> COALESCE(shown.fact_id, '') OR COALESCE(shown.times, 0) <> 1
ORDER BY subject LIMIT 50;
-- name: verify_view_refunds
-- Entities of which refunds_current shows another row than the newest by aggregation, or not exactly one.
WITH newest AS (
  SELECT entity, MAX(version) AS version FROM refunds WHERE brand_id = @brand_id GROUP BY entity
),
chosen AS (
  SELECT raw.entity, MAX(newest.version) AS version, MAX_BY(raw.fact_id,
      CONCAT(CAST(COALESCE(raw.precedence, 0) + 1000000000000000000 AS STRING), raw.digest)) AS fact_id
  FROM refunds AS raw
  JOIN newest ON newest.entity = raw.entity AND newest.version = raw.version
  WHERE raw.brand_id = @brand_id
  GROUP BY raw.entity
),
shown AS (
  SELECT entity, MIN(fact_id) AS fact_id, COUNT(*) AS times
  FROM refunds_current WHERE brand_id = @brand_id GROUP BY entity
)
SELECT COALESCE(chosen.entity, shown.entity) AS subject,
  CONCAT('shown is fact ', COALESCE(shown.fact_id, 'none'), ', newest ', COALESCE(chosen.fact_id, 'none')) AS detail,
  IF(chosen.entity IS NULL, 0, 1) AS expected, IF(shown.fact_id = chosen.fact_id, shown.times, 0) AS found,
  CAST(NULL AS STRING) AS currency, COUNT(*) OVER () AS total
FROM chosen
FULL OUTER JOIN shown ON shown.entity = chosen.entity
WHERE COALESCE(chosen.fact_id, '') <> COALESCE(shown.fact_id, '') OR COALESCE(shown.times, 0) <> 1
ORDER BY subject LIMIT 50;
-- name: verify_view_products
-- Entities of which products_current shows another row than the newest by aggregation, or not exactly one.
WITH newest AS (
  SELECT entity, MAX(version) AS version FROM products WHERE brand_id = @brand_id GROUP BY entity
),
chosen AS (
  SELECT raw.entity, MAX(newest.version) AS version, MAX_BY(raw.fact_id,
      CONCAT(CAST(COALESCE(raw.precedence, 0) + 1000000000000000000 AS STRING), raw.digest)) AS fact_id
  FROM products AS raw
  JOIN newest ON newest.entity = raw.entity AND newest.version = raw.version
  WHERE raw.brand_id = @brand_id
  GROUP BY raw.entity
),
shown AS (
  SELECT entity, MIN(fact_id) AS fact_id, COUNT(*) AS times
  FROM products_current WHERE brand_id = @brand_id GROUP BY entity
)
SELECT COALESCE(chosen.entity, shown.entity) AS subject,
  CONCAT('shown is fact ', COALESCE(shown.fact_id, 'none'), ', newest ', COALESCE(chosen.fact_id, 'none')) AS detail,
  IF(chosen.entity IS NULL, 0, 1) AS expected, IF(shown.fact_id = chosen.fact_id, shown.times, 0) AS found,
  CAST(NULL AS STRING) AS currency, COUNT(*) OVER () AS total
FROM chosen
FULL OUTER JOIN shown ON shown.entity = chosen.entity
WHERE COALESCE(chosen.fact_id, '') <> COALESCE(shown.fact_id, '') OR COALESCE(shown.times, 0) <> 1
ORDER BY subject LIMIT 50;
-- name: verify_view_inventory_levels
-- Entities of which inventory_levels_current shows another row than the newest by aggregation, or not exactly one.
WITH newest AS (
  SELECT entity, MAX(version) AS version FROM inventory_levels WHERE brand_id = @brand_id GROUP BY entity
),
chosen AS (
  SELECT raw.entity, MAX(newest.version) AS version, MAX_BY(raw.fact_id,
      CONCAT(CAST(COALESCE(raw.precedence, 0) + 1000000000000000000 AS STRING), raw.digest)) AS fact_id
  FROM inventory_levels AS raw
  JOIN newest ON newest.entity = raw.entity AND newest.version = raw.version
  WHERE raw.brand_id = @brand_id
  GROUP BY raw.entity
),
shown AS (
  SELECT entity, MIN(fact_id) AS fact_id, COUNT(*) AS times
  FROM inventory_levels_current WHERE brand_id = @brand_id GROUP BY entity
)
SELECT COALESCE(chosen.entity, shown.entity) AS subject,
  CONCAT('shown is fact ', COALESCE(shown.fact_id, 'none'), ', newest ', COALESCE(chosen.fact_id, 'none')) AS detail,
  IF(chosen.entity IS NULL, 0, 1) AS expected, IF(shown.fact_id = chosen.fact_id, shown.times, 0) AS found,
  CAST(NULL AS STRING) AS currency, COUNT(*) OVER () AS total
FROM chosen
FULL OUTER JOIN shown ON shown.entity = chosen.entity
WHERE COALESCE(chosen.fact_id, '') <> COALESCE(shown.fact_id, '') OR COALESCE(shown.times, 0) <> 1
ORDER BY subject LIMIT 50;
-- name: verify_view_ad_performance
-- Entities of which ad_performance_current shows another row than the newest by aggregation, or not exactly one.
WITH newest AS (
  SELECT entity, MAX(version) AS version FROM ad_performance WHERE brand_id = @brand_id GROUP BY entity
),
chosen AS (
  SELECT raw.entity, MAX(newest.version) AS version, MAX_BY(raw.fact_id,
      CONCAT(CAST(COALESCE(raw.precedence, 0) + 1000000000000000000 AS STRING), raw.digest)) AS fact_id
  FROM ad_performance AS raw
  JOIN newest ON newest.entity = raw.entity AND newest.version = raw.version
  WHERE raw.brand_id = @brand_id
  GROUP BY raw.entity
),
shown AS (
  SELECT entity, MIN(fact_id) AS fact_id, COUNT(*) AS times
  FROM ad_performance_current WHERE brand_id = @brand_id GROUP BY entity
)
SELECT COALESCE(chosen.entity, shown.entity) AS subject,
  CONCAT('shown is fact ', COALESCE(shown.fact_id, 'none'), ', newest ', COALESCE(chosen.fact_id, 'none')) AS detail,
  IF(chosen.entity IS NULL, 0, 1) AS expected, IF(shown.fact_id = chosen.fact_id, shown.times, 0) AS found,
  CAST(NULL AS STRING) AS currency, COUNT(*) OVER () AS total
FROM chosen
FULL OUTER JOIN shown ON shown.entity = chosen.entity
WHERE COALESCE(chosen.fact_id, '') <> COALESCE(shown.fact_id, '') OR COALESCE(shown.times, 0) <> 1
ORDER BY subject LIMIT 50;
-- name: verify_view_attributions
-- Entities of which attributions_current shows another row than the newest by aggregation, or not exactly one.
WITH newest AS (
  SELECT entity, MAX(version) AS version FROM attributions WHERE brand_id = @brand_id GROUP BY entity
),
chosen AS (
  SELECT raw.entity, MAX(newest.version) AS version, MAX_BY(raw.fact_id,
      CONCAT(CAST(COALESCE(raw.precedence, 0) + 1000000000000000000 AS STRING), raw.digest)) AS fact_id
  FROM attributions AS raw
  JOIN newest ON newest.entity = raw.entity AND newest.version = raw.version
  WHERE raw.brand_id = @brand_id
  GROUP BY raw.entity
),
shown AS (
  SELECT entity, MIN(fact_id) AS fact_id, COUNT(*) AS times
  FROM attributions_current WHERE brand_id = @brand_id GROUP BY entity
)
SELECT COALESCE(chosen.entity, shown.entity) AS subject,
  CONCAT('shown is fact ', COALESCE(shown.fact_id, 'none'), ', newest ', COALESCE(chosen.fact_id, 'none')) AS detail,
  IF(chosen.entity IS NULL, 0, 1) AS expected, IF(shown.fact_id = chosen.fact_id, shown.times, 0) AS found,
  CAST(NULL AS STRING) AS currency, COUNT(*) OVER () AS total
FROM chosen
FULL OUTER JOIN shown ON shown.entity = chosen.entity
WHERE COALESCE(chosen.fact_id, '') <> COALESCE(shown.fact_id, '') OR COALESCE(shown.times, 0) <> 1
ORDER BY subject LIMIT 50;
-- name: verify_view_order_lines
-- Snapshots of which order_lines_current shows other rows than the newest head, by aggregation, leads to.
WITH newest AS (
  SELECT entity, MAX(version) AS version FROM orders WHERE brand_id = @brand_id GROUP BY entity
),
chosen AS (
  SELECT raw.entity, MAX(newest.version) AS version,
    MAX(CONCAT(CAST(COALESCE(raw.precedence, 0) + 1000000000000000000 AS STRING), raw.digest)) AS place
  FROM orders AS raw
  JOIN newest ON newest.entity = raw.entity AND newest.version = raw.version
  WHERE raw.brand_id = @brand_id
  GROUP BY raw.entity
),
expected AS (
  SELECT DISTINCT part.entity, part.fact_id
  FROM order_lines AS part
  JOIN chosen ON chosen.entity = part.entity AND chosen.version = part.version
    AND chosen.place = CONCAT(CAST(COALESCE(part.precedence, 0) + 1000000000000000000 AS STRING), part.digest)
  WHERE part.brand_id = @brand_id
),
shown AS (
  SELECT entity, fact_id, COUNT(*) AS times
  FROM order_lines_current WHERE brand_id = @brand_id GROUP BY entity, fact_id
)
SELECT COALESCE(expected.entity, shown.entity) AS subject,
  CONCAT('fact ', COALESCE(expected.fact_id, shown.fact_id)) AS detail,
  IF(expected.fact_id IS NULL, 0, 1) AS expected, COALESCE(shown.times, 0) AS found,
  CAST(NULL AS STRING) AS currency, COUNT(*) OVER () AS total
FROM expected
FULL OUTER JOIN shown ON shown.entity = expected.entity AND shown.fact_id = expected.fact_id
WHERE expected.fact_id IS NULL OR COALESCE(shown.times, 0) <> 1
ORDER BY subject, detail LIMIT 50;
-- name: verify_view_refund_lines
-- Snapshots of which refund_lines_current shows other rows than the newest head, by aggregation, leads to.
WITH newest AS (
  SELECT entity, MAX(version) AS version FROM refunds WHERE brand_id = @brand_id GROUP BY entity
),
chosen AS (
  SELECT raw.entity, MAX(newest.version) AS version,
    MAX(CONCAT(CAST(COALESCE(raw.precedence, 0) + 1000000000000000000 AS STRING), raw.digest)) AS place
  FROM refunds AS raw
  JOIN newest ON newest.entity = raw.entity AND newest.version = raw.version
  WHERE raw.brand_id = @brand_id
  GROUP BY raw.entity
),
expected AS (
  SELECT DISTINCT part.entity, part.fact_id
  FROM refund_lines AS part
  JOIN chosen ON chosen.entity = part.entity AND chosen.version = part.version
    AND chosen.place = CONCAT(CAST(COALESCE(part.precedence, 0) + 1000000000000000000 AS STRING), part.digest)
  WHERE part.brand_id = @brand_id
),
shown AS (
  SELECT entity, fact_id, COUNT(*) AS times
  FROM refund_lines_current WHERE brand_id = @brand_id GROUP BY entity, fact_id
)
SELECT COALESCE(expected.entity, shown.entity) AS subject,
  CONCAT('fact ', COALESCE(expected.fact_id, shown.fact_id)) AS detail,
  IF(expected.fact_id IS NULL, 0, 1) AS expected, COALESCE(shown.times, 0) AS found,
  CAST(NULL AS STRING) AS currency, COUNT(*) OVER () AS total
FROM expected
FULL OUTER JOIN shown ON shown.entity = expected.entity AND shown.fact_id = expected.fact_id
WHERE expected.fact_id IS NULL OR COALESCE(shown.times, 0) <> 1
ORDER BY subject, detail LIMIT 50;
-- name: verify_view_credits
-- Snapshots of which credits_current shows other rows than the newest head, by aggregation, leads to.
WITH newest AS (
  SELECT entity, MAX(version) AS version FROM attributions WHERE brand_id = @brand_id GROUP BY entity
),
chosen AS (
  SELECT raw.entity, MAX(newest.version) AS version,
    MAX(CONCAT(CAST(COALESCE(raw.precedence, 0) + 1000000000000000000 AS STRING), raw.digest)) AS place
  FROM attributions AS raw
  JOIN newest ON newest.entity = raw.entity AND newest.version = raw.version
  WHERE raw.brand_id = @brand_id
  GROUP BY raw.entity
),
expected AS (
  SELECT DISTINCT part.entity, part.fact_id
  FROM credits AS part
  JOIN chosen ON chosen.entity = part.entity AND chosen.version = part.version
    AND chosen.place = CONCAT(CAST(COALESCE(part.precedence, 0) + 1000000000000000000 AS STRING), part.digest)
  WHERE part.brand_id = @brand_id
),
shown AS (
  SELECT entity, fact_id, COUNT(*) AS times
  FROM credits_current WHERE brand_id = @brand_id GROUP BY entity, fact_id
)
SELECT COALESCE(expected.entity, shown.entity) AS subject,
  CONCAT('fact ', COALESCE(expected.fact_id, shown.fact_id)) AS detail,
  IF(expected.fact_id IS NULL, 0, 1) AS expected, COALESCE(shown.times, 0) AS found,
  CAST(NULL AS STRING) AS currency, COUNT(*) OVER () AS total
FROM expected
FULL OUTER JOIN shown ON shown.entity = expected.entity AND shown.fact_id = expected.fact_id
WHERE expected.fact_id IS NULL OR COALESCE(shown.times, 0) <> 1
ORDER BY subject, detail LIMIT 50;
-- name: verify_view_sales
-- Orders whose sales entries do not add up to what raw orders and refunds, by aggregation, leave of them.
WITH newest_orders_of AS (
  SELECT entity, MAX(version) AS version FROM orders WHERE brand_id = @brand_id GROUP BY entity
),
sold AS (
  SELECT raw.entity AS order_id, MAX_BY(raw.gross_micros - raw.discount_micros,
      CONCAT(CAST(COALESCE(raw.precedence, 0) + 1000000000000000000 AS STRING), raw.digest)) AS sale_micros,
    MAX_BY(IF(raw.test OR raw.deleted, 0, 1),
      CONCAT(CAST(COALESCE(raw.precedence, 0) + 1000000000000000000 AS STRING), raw.digest)) AS counts,
    MAX_BY(IF(raw.taxes_included, 1, 0),
      CONCAT(CAST(COALESCE(raw.precedence, 0) + 1000000000000000000 AS STRING), raw.digest)) AS included,
    MAX_BY(IF(raw.cancelled_at IS NULL, 0, 1),
      CONCAT(CAST(COALESCE(raw.precedence, 0) + 1000000000000000000 AS STRING), raw.digest)) AS cancelled
  FROM orders AS raw
  JOIN newest_orders_of AS newest ON newest.entity = raw.entity AND newest.version = raw.version
  WHERE raw.brand_id = @brand_id
  GROUP BY raw.entity
),
newest_refunds AS (
  SELECT entity, MAX(version) AS version FROM refunds WHERE brand_id = @brand_id GROUP BY entity
),
given_back AS (
  SELECT raw.entity, MAX_BY(raw.order_id,
      CONCAT(CAST(COALESCE(raw.precedence, 0) + 1000000000000000000 AS STRING), raw.digest)) AS order_id,
    MAX_BY(raw.subtotal_micros + raw.adjustment_micros,
      CONCAT(CAST(COALESCE(raw.precedence, 0) + 1000000000000000000 AS STRING), raw.digest)) AS net_micros,
    MAX_BY(raw.tax_micros,
      CONCAT(CAST(COALESCE(raw.precedence, 0) + 1000000000000000000 AS STRING), raw.digest)) AS tax_micros
  FROM refunds AS raw
  JOIN newest_refunds AS newest ON newest.entity = raw.entity AND newest.version = raw.version
  WHERE raw.brand_id = @brand_id
  GROUP BY raw.entity
),
returned AS (
  SELECT given_back.order_id,
    SUM(IF(sold.included = 1, given_back.tax_micros, 0) - given_back.net_micros) AS micros
  FROM given_back LEFT JOIN sold ON sold.order_id = given_back.order_id
  GROUP BY given_back.order_id
),
remaining AS (
  SELECT COALESCE(sold.order_id, returned.order_id) AS order_id, COALESCE(sold.counts, 1) AS counts,
    COALESCE(sold.cancelled, 0) AS cancelled, COALESCE(sold.sale_micros, 0) + COALESCE(returned.micros, 0) AS micros
  FROM sold FULL OUTER JOIN returned ON returned.order_id = sold.order_id
),
expected AS (
  SELECT order_id, IF(cancelled = 1, LEAST(micros, 0), micros) AS micros FROM remaining WHERE counts = 1
),
shown AS (
  SELECT order_id, SUM(net_micros) AS micros, MIN(currency) AS currency
  FROM sales_entries WHERE brand_id = @brand_id GROUP BY order_id
)
SELECT COALESCE(expected.order_id, shown.order_id) AS subject, 'sales entries of the order' AS detail,
  COALESCE(expected.micros, 0) AS expected, COALESCE(shown.micros, 0) AS found, shown.currency,
  COUNT(*) OVER () AS total
FROM expected
FULL OUTER JOIN shown ON shown.order_id = expected.order_id
WHERE expected.order_id IS NULL OR shown.order_id IS NULL OR expected.micros <> shown.micros
ORDER BY subject LIMIT 50;
-- name: verify_view_unified
-- Spend by platform and credits by model that the unified performance adds up to something else than ad-days and
-- credits do on their own: a join there drops or repeats nothing.
WITH newest AS (
  SELECT entity, MAX(version) AS version FROM ad_performance WHERE brand_id = @brand_id GROUP BY entity
),
pulled AS (
  SELECT raw.entity, MIN(raw.platform) AS platform, MIN(raw.account_id) AS account_id, MIN(raw.day) AS day,
    MAX_BY(raw.account_currency,
      CONCAT(CAST(COALESCE(raw.precedence, 0) + 1000000000000000000 AS STRING), raw.digest)) AS currency, MAX_BY(raw.spend_micros,
      CONCAT(CAST(COALESCE(raw.precedence, 0) + 1000000000000000000 AS STRING), raw.digest)) AS spend_micros
  FROM ad_performance AS raw
  JOIN newest ON newest.entity = raw.entity AND newest.version = raw.version
  WHERE raw.brand_id = @brand_id
  GROUP BY raw.entity
),
held AS (
  SELECT DISTINCT platform, account_id, day FROM ad_days_quarantined_current
  WHERE brand_id = @brand_id AND quarantined
),
expected AS (
  SELECT CONCAT('spend on ', pulled.platform) AS subject, pulled.currency, SUM(pulled.spend_micros) AS micros
  FROM pulled
  LEFT JOIN held ON held.platform = pulled.platform AND held.account_id = pulled.account_id AND held.day = pulled.day
  WHERE held.day IS NULL
  GROUP BY subject, pulled.currency
  UNION ALL
  SELECT CONCAT('credits under ', model) AS subject, currency, SUM(credit_micros) AS micros
  FROM credits_current WHERE brand_id = @brand_id
  GROUP BY subject, currency
),
shown AS (
  SELECT IF(source = 'ads', CONCAT('spend on ', channel), CONCAT('credits under ', model)) AS subject, currency,
    SUM(IF(source = 'ads', spend_micros, revenue_micros)) AS micros
  FROM unified_performance WHERE brand_id = @brand_id
  GROUP BY subject, currency
)
SELECT COALESCE(expected.subject, shown.subject) AS subject, 'sum of the unified performance' AS detail,
  COALESCE(expected.micros, 0) AS expected, COALESCE(shown.micros, 0) AS found,
  COALESCE(expected.currency, shown.currency) AS currency, COUNT(*) OVER () AS total
FROM expected
FULL OUTER JOIN shown ON shown.subject = expected.subject AND shown.currency = expected.currency
WHERE COALESCE(expected.micros, 0) <> COALESCE(shown.micros, 0)
ORDER BY subject, currency LIMIT 50;
-- name: verify_counts
-- How many snapshots each source told and how many things they are about; of orders, how many count in the end.
SELECT 'orders' AS source, COUNT(DISTINCT CONCAT(entity, ':', CAST(version AS STRING), ':', digest)) AS snapshots,
  COUNT(DISTINCT entity) AS things, MAX(processed_at) AS newest_at, MAX(recorded_at) AS recorded_at
FROM orders WHERE brand_id = @brand_id
UNION ALL
SELECT 'refunds' AS source, COUNT(DISTINCT CONCAT(entity, ':', CAST(version AS STRING), ':', digest)) AS snapshots,
  COUNT(DISTINCT entity) AS things, MAX(issued_at) AS newest_at, MAX(recorded_at) AS recorded_at
FROM refunds WHERE brand_id = @brand_id
UNION ALL
SELECT 'order edits' AS source,
  COUNT(DISTINCT CONCAT(entity, ':', CAST(version AS STRING), ':', digest)) AS snapshots,
  COUNT(DISTINCT entity) AS things, MAX(committed_at) AS newest_at, MAX(recorded_at) AS recorded_at
FROM order_edits WHERE brand_id = @brand_id
UNION ALL
SELECT 'products' AS source, COUNT(DISTINCT CONCAT(entity, ':', CAST(version AS STRING), ':', digest)) AS snapshots,
  COUNT(DISTINCT entity) AS things, CAST(NULL AS TIMESTAMP) AS newest_at, MAX(recorded_at) AS recorded_at
FROM products WHERE brand_id = @brand_id
UNION ALL
SELECT 'stock levels' AS source,
  COUNT(DISTINCT CONCAT(entity, ':', CAST(version AS STRING), ':', digest)) AS snapshots,
  COUNT(DISTINCT entity) AS things, MAX(updated_at) AS newest_at, MAX(recorded_at) AS recorded_at
FROM inventory_levels WHERE brand_id = @brand_id
UNION ALL
SELECT CONCAT('ads: ', platform) AS source,
  COUNT(DISTINCT CONCAT(entity, ':', CAST(version AS STRING), ':', digest)) AS snapshots,
  COUNT(DISTINCT entity) AS things, TIMESTAMP(MAX(day), 'UTC') AS newest_at, MAX(recorded_at) AS recorded_at
FROM ad_performance WHERE brand_id = @brand_id GROUP BY platform
UNION ALL
SELECT 'attributions' AS source,
  COUNT(DISTINCT CONCAT(entity, ':', CAST(version AS STRING), ':', digest)) AS snapshots,
  COUNT(DISTINCT entity) AS things, CAST(NULL AS TIMESTAMP) AS newest_at, MAX(recorded_at) AS recorded_at
FROM attributions WHERE brand_id = @brand_id
UNION ALL
SELECT 'stock assessments' AS source,
  COUNT(DISTINCT CONCAT(entity, ':', CAST(version AS STRING), ':', digest)) AS snapshots,
  COUNT(DISTINCT entity) AS things, MAX(assessed_at) AS newest_at, MAX(recorded_at) AS recorded_at
FROM stock_assessments WHERE brand_id = @brand_id
UNION ALL
SELECT 'notifications' AS source,
  COUNT(DISTINCT CONCAT(entity, ':', CAST(version AS STRING), ':', digest)) AS snapshots,
  COUNT(DISTINCT entity) AS things, MAX(sent_at) AS newest_at, MAX(recorded_at) AS recorded_at
FROM notifications WHERE brand_id = @brand_id
ORDER BY source;
-- name: verify_unmatched
-- Money without its other half over all time: credits of a paid channel that fit no campaign, and campaigns whose
-- spend earned no credit of @model.
WITH by_campaign AS (
  SELECT channel, account_id, campaign_id, campaign, currency, COALESCE(SUM(spend_micros), 0) AS spend_micros,
    COALESCE(SUM(revenue_micros), 0) AS revenue_micros, COUNTIF(source = 'credits') AS credits
  FROM unified_performance
  WHERE brand_id = @brand_id AND paid AND (source = 'ads' OR model = @model)
  GROUP BY channel, account_id, campaign_id, campaign, currency
)
SELECT IF(campaign_id IS NULL, 'credits', 'spend') AS side, channel, campaign, currency,
  IF(campaign_id IS NULL, revenue_micros, spend_micros) AS amount_micros, COUNT(*) OVER () AS total
FROM by_campaign
WHERE (campaign_id IS NULL AND credits > 0) OR (campaign_id IS NOT NULL AND credits = 0 AND spend_micros > 0)
ORDER BY side, amount_micros DESC, channel, campaign, currency LIMIT 50;
-- name: verify_state_orders
-- The next orders after entity @after, as they stand; without what differs between towers given the same input
-- (brand, fact ids, moments of recording, random subjects).
SELECT entity, version, order_id, name, currency, created_at, processed_at, cancelled_at, test, deleted,
  taxes_included, financial_status, source_name, gross_micros, discount_micros, tax_micros, shipping_micros,
  total_micros, shipping_country, shipping_region
FROM orders_current
WHERE brand_id = @brand_id AND entity > @after
ORDER BY entity LIMIT 5000;
-- name: verify_state_refunds
-- The next refunds after entity @after, as they stand.
SELECT entity, version, refund_id, order_id, currency, issued_at, subtotal_micros, tax_micros, adjustment_micros,
  shipping_micros
FROM refunds_current
WHERE brand_id = @brand_id AND entity > @after
ORDER BY entity LIMIT 5000;
-- name: verify_state_credits
-- The credits of the next orders after entity @after; without versions, which count the changes an order went
-- through and so follow the order of deliveries.
WITH page AS (
  SELECT entity FROM attributions_current WHERE brand_id = @brand_id AND entity > @after ORDER BY entity LIMIT 5000
)
SELECT page.entity, credit.model, credit.entry_id, credit.entry_kind, credit.occurred_at, credit.channel, credit.paid,
  credit.campaign, credit.touch_at, credit.credit_micros, credit.currency
FROM page
LEFT JOIN credits_current AS credit ON credit.brand_id = @brand_id AND credit.entity = page.entity
ORDER BY page.entity;
-- name: verify_state_ad_days
-- The next ad-days after entity @after; without versions, which are the moments of the pulls.
SELECT entity, platform, account_id, account_currency, account_timezone, campaign_id, campaign_name, day,
  spend_micros, impressions, clicks, conversions_micros, conversion_value_micros, click_window_days, view_window_days
FROM ad_performance_current
WHERE brand_id = @brand_id AND entity > @after
ORDER BY entity LIMIT 5000;
-- name: verify_state_stock_levels
-- The next stock levels after entity @after, as they stand.
SELECT entity, version, inventory_item_id, location_id, available, updated_at
FROM inventory_levels_current
WHERE brand_id = @brand_id AND entity > @after
ORDER BY entity LIMIT 5000;
