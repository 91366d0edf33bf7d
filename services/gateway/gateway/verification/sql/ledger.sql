-- name: conservation
-- Models and currencies whose credits do not add up to what was sold, leaving out, on both sides, orders with
-- something recorded after @settled_before: their credits may be on their way.
WITH {{sales}},
{{credits}},
moving AS (
  SELECT order_id FROM orders WHERE brand_id = @brand_id AND recorded_at > @settled_before
  UNION DISTINCT
  SELECT order_id FROM refunds WHERE brand_id = @brand_id AND recorded_at > @settled_before
),
sold_sums AS (
  SELECT sold.currency, SUM(sold.net_micros) AS micros
  FROM sold LEFT JOIN moving ON moving.order_id = sold.order_id
  WHERE moving.order_id IS NULL
  GROUP BY sold.currency
),
credited_sums AS (
  SELECT credited.model, credited.currency, SUM(credited.credit_micros) AS micros
  FROM credited LEFT JOIN moving ON moving.order_id = credited.order_id
  WHERE moving.order_id IS NULL
  GROUP BY credited.model, credited.currency
),
expected AS (
  SELECT models.model, sold_sums.currency, sold_sums.micros FROM sold_sums LEFT JOIN models ON TRUE
)
SELECT COALESCE(expected.model, credited_sums.model, 'no model') AS subject,
  'sales entries against credits' AS detail, COALESCE(expected.micros, 0) AS expected,
  COALESCE(credited_sums.micros, 0) AS found, COALESCE(expected.currency, credited_sums.currency) AS currency,
  COUNT(*) OVER () AS total
FROM expected
FULL OUTER JOIN credited_sums ON credited_sums.model = expected.model AND credited_sums.currency = expected.currency
WHERE COALESCE(expected.micros, 0) <> COALESCE(credited_sums.micros, 0)
ORDER BY subject, currency LIMIT 50;

-- name: order_net
-- Orders whose attribution says another net revenue than was sold of them, or that have no attribution.
WITH {{sales}},
sold_sums AS (
  SELECT order_id, SUM(net_micros) AS net_micros, MIN(currency) AS currency FROM sold GROUP BY order_id
),
attributed AS (
  SELECT order_id, net_micros, currency FROM {{rows(attributions, attributions)}} AS newest_attributions
)
SELECT COALESCE(sold_sums.order_id, attributed.order_id) AS subject,
  IF(attributed.order_id IS NULL, 'no attribution', 'the attribution says another net revenue') AS detail,
  COALESCE(sold_sums.net_micros, 0) AS expected, COALESCE(attributed.net_micros, 0) AS found,
  COALESCE(sold_sums.currency, attributed.currency) AS currency, COUNT(*) OVER () AS total
FROM sold_sums
FULL OUTER JOIN attributed ON attributed.order_id = sold_sums.order_id
WHERE COALESCE(sold_sums.net_micros, 0) <> COALESCE(attributed.net_micros, 0) OR attributed.order_id IS NULL
ORDER BY subject LIMIT 50;

-- name: entry_credits
-- Sales, edits, refunds and cancellations whose credits under a model are not exactly their amount, and credits of nothing
-- that was sold. A refund credited twice shows here.
WITH {{sales}},
{{credits}},
sold_sums AS (
  SELECT order_id, entry_id, MIN(kind) AS kind, SUM(net_micros) AS net_micros, MIN(currency) AS currency
  FROM sold
  GROUP BY order_id, entry_id
),
credited_sums AS (
  SELECT model, order_id, entry_id, SUM(credit_micros) AS credit_micros, MIN(currency) AS currency
  FROM credited
  GROUP BY model, order_id, entry_id
),
expected AS (
  SELECT models.model, sold_sums.order_id, sold_sums.entry_id, sold_sums.kind, sold_sums.net_micros,
    sold_sums.currency
  FROM sold_sums LEFT JOIN models ON TRUE
)
SELECT COALESCE(expected.order_id, credited_sums.order_id) AS subject,
  CONCAT(COALESCE(expected.kind, 'nothing sold'), ' ', COALESCE(expected.entry_id, credited_sums.entry_id),
    ' under ', COALESCE(expected.model, credited_sums.model, 'no model')) AS detail,
  COALESCE(expected.net_micros, 0) AS expected, COALESCE(credited_sums.credit_micros, 0) AS found,
  COALESCE(expected.currency, credited_sums.currency) AS currency, COUNT(*) OVER () AS total
FROM expected
FULL OUTER JOIN credited_sums
  ON credited_sums.model = expected.model AND credited_sums.order_id = expected.order_id
  AND credited_sums.entry_id = expected.entry_id
WHERE COALESCE(expected.net_micros, 0) <> COALESCE(credited_sums.credit_micros, 0)
ORDER BY subject, detail LIMIT 50;

-- name: sales_once
-- Orders and refunds that the sales entries count another number of times than once; not at all, where the order is
-- a test or deleted, or where an export's total is all of known refunds.
WITH {{sales}},
expected AS (
  SELECT order_id AS entry_id, '{{sale}}' AS kind, IF(counts, 1, 0) AS times FROM base_orders
  UNION ALL
  SELECT base_refunds.refund_id AS entry_id, '{{refund}}' AS kind,
    IF(COALESCE(base_orders.counts, TRUE) AND counted_refunds.refund_id IS NOT NULL, 1, 0) AS times
  FROM base_refunds
  LEFT JOIN counted_refunds ON counted_refunds.refund_id = base_refunds.refund_id
  LEFT JOIN base_orders ON base_orders.order_id = base_refunds.order_id
),
shown AS (
  SELECT entry_id, kind, COUNT(*) AS times FROM sales_entries
  WHERE brand_id = @brand_id AND kind IN ('{{sale}}', '{{refund}}')
  GROUP BY entry_id, kind
)
SELECT COALESCE(expected.entry_id, shown.entry_id) AS subject,
  CONCAT(COALESCE(expected.kind, shown.kind), ' counted another number of times') AS detail,
  COALESCE(expected.times, 0) AS expected, COALESCE(shown.times, 0) AS found,
  CAST(NULL AS STRING) AS currency, COUNT(*) OVER () AS total
FROM expected
FULL OUTER JOIN shown ON shown.entry_id = expected.entry_id AND shown.kind = expected.kind
WHERE COALESCE(expected.times, 0) <> COALESCE(shown.times, 0)
ORDER BY subject, detail LIMIT 50;

-- name: view_sales
-- Orders whose sales entries do not add up to what is left of them by their own orders and refunds.
WITH {{sales}},
expected AS (
  SELECT order_id, SUM(net_micros) AS micros FROM base_entries GROUP BY order_id
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

-- name: edit_days
-- Orders of which something is moved to a moment that no snapshot and no edit of them tells.
WITH moments AS (
  SELECT entity AS order_id, version AS clock FROM orders WHERE brand_id = @brand_id
  UNION DISTINCT
  SELECT order_id, UNIX_MICROS(committed_at) AS clock FROM order_edits WHERE brand_id = @brand_id
),
moved AS (
  SELECT order_id, entry_id, occurred_at FROM {{rows(order_changes, order_changes)}} AS newest_changes
  WHERE entry_id IS NOT NULL
)
SELECT moved.order_id AS subject, CONCAT(moved.entry_id, ' is of no snapshot or edit') AS detail, 1 AS expected,
  0 AS found, CAST(NULL AS STRING) AS currency, COUNT(*) OVER () AS total
FROM moved
LEFT JOIN moments ON moments.order_id = moved.order_id AND moments.clock = UNIX_MICROS(moved.occurred_at)
WHERE moments.order_id IS NULL
ORDER BY subject, detail LIMIT 50;

-- name: view_unified
-- Spend by platform and credits by model that the unified performance adds up to something else than ad-days and
-- credits do on their own: a join there drops or repeats nothing.
WITH {{credits}},
held AS (
  SELECT DISTINCT platform, account_id, day FROM {{rows(ad_days_quarantined, ad_days_quarantined)}} AS newest_held
  WHERE quarantined
),
expected AS (
  SELECT CONCAT('spend on ', pulled.platform) AS subject, pulled.account_currency AS currency,
    SUM(pulled.spend_micros) AS micros
  FROM {{rows(ad_performance, ad_performance)}} AS pulled
  LEFT JOIN held ON held.platform = pulled.platform AND held.account_id = pulled.account_id AND held.day = pulled.day
  WHERE held.day IS NULL
  GROUP BY subject, currency
  UNION ALL
  SELECT CONCAT('credits under ', model) AS subject, currency, SUM(credit_micros) AS micros
  FROM credited
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

-- name: reconciliation
-- For each model and currency: what was sold, what is credited, and the difference, which is zero once every order
-- is attributed. Counts and newest recorded_at tell how far each side has come.
WITH {{sales}},
{{credits}},
sold_sums AS (
  SELECT currency, SUM(net_micros) AS net_micros, COUNT(*) AS entries, COUNT(DISTINCT order_id) AS orders
  FROM sold
  GROUP BY currency
),
credited_sums AS (
  SELECT model, currency, SUM(credit_micros) AS credit_micros, COUNT(*) AS credits,
    COUNT(DISTINCT order_id) AS orders, MAX(recorded_at) AS newest
  FROM credited
  GROUP BY model, currency
),
recorded AS (
  SELECT MAX(recorded_at) AS newest
  FROM (
    SELECT recorded_at FROM orders WHERE brand_id = @brand_id
    UNION ALL
    SELECT recorded_at FROM refunds WHERE brand_id = @brand_id
  ) AS sides
),
expected AS (
  SELECT models.model, sold_sums.currency, sold_sums.net_micros, sold_sums.entries, sold_sums.orders
  FROM sold_sums LEFT JOIN models ON TRUE
)
SELECT COALESCE(credited_sums.model, expected.model) AS model,
  COALESCE(credited_sums.currency, expected.currency) AS currency,
  COALESCE(expected.net_micros, 0) AS sales_micros, COALESCE(credited_sums.credit_micros, 0) AS credit_micros,
  COALESCE(expected.net_micros, 0) - COALESCE(credited_sums.credit_micros, 0) AS difference_micros,
  COALESCE(expected.entries, 0) AS entries, COALESCE(credited_sums.credits, 0) AS credits,
  COALESCE(expected.orders, 0) AS orders, COALESCE(credited_sums.orders, 0) AS orders_credited,
  recorded.newest AS sales_recorded_at, credited_sums.newest AS credits_recorded_at
FROM expected
FULL OUTER JOIN credited_sums ON credited_sums.model = expected.model AND credited_sums.currency = expected.currency
LEFT JOIN recorded ON TRUE
ORDER BY model, currency;
