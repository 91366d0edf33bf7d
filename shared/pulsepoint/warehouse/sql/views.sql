-- Views of one tenant, BigQuery dialect. `…_current` shows, for each (brand_id, entity), the rows of the highest
-- (version, digest); rows of a snapshot follow their head. A row appended twice is shown once: heads by their
-- ranking, rows of a snapshot by `QUALIFY ROW_NUMBER() OVER (PARTITION BY fact_id …) = 1`, which an engine whose
-- key already keeps fact ids unique leaves out (warehouse/dialect.py).

CREATE VIEW orders_current AS
SELECT * FROM orders
QUALIFY ROW_NUMBER() OVER (PARTITION BY brand_id, entity ORDER BY version DESC, digest DESC) = 1;

CREATE VIEW refunds_current AS
SELECT * FROM refunds
QUALIFY ROW_NUMBER() OVER (PARTITION BY brand_id, entity ORDER BY version DESC, digest DESC) = 1;

CREATE VIEW order_edits_current AS
SELECT * FROM order_edits
QUALIFY ROW_NUMBER() OVER (PARTITION BY brand_id, entity ORDER BY version DESC, digest DESC) = 1;

CREATE VIEW products_current AS
SELECT * FROM products
QUALIFY ROW_NUMBER() OVER (PARTITION BY brand_id, entity ORDER BY version DESC, digest DESC) = 1;

CREATE VIEW inventory_levels_current AS
SELECT * FROM inventory_levels
QUALIFY ROW_NUMBER() OVER (PARTITION BY brand_id, entity ORDER BY version DESC, digest DESC) = 1;

-- Every level ever told, once: stock over time.
CREATE VIEW inventory_levels_history AS
SELECT * FROM inventory_levels
QUALIFY ROW_NUMBER() OVER (PARTITION BY fact_id ORDER BY recorded_at) = 1;

CREATE VIEW ad_performance_current AS
SELECT * FROM ad_performance
QUALIFY ROW_NUMBER() OVER (PARTITION BY brand_id, entity ORDER BY version DESC, digest DESC) = 1;

CREATE VIEW ad_days_quarantined_current AS
SELECT * FROM ad_days_quarantined
QUALIFY ROW_NUMBER() OVER (PARTITION BY brand_id, entity ORDER BY version DESC, digest DESC) = 1;

CREATE VIEW attributions_current AS
SELECT * FROM attributions
QUALIFY ROW_NUMBER() OVER (PARTITION BY brand_id, entity ORDER BY version DESC, digest DESC) = 1;

CREATE VIEW stock_assessments_current AS
SELECT * FROM stock_assessments
QUALIFY ROW_NUMBER() OVER (PARTITION BY brand_id, entity ORDER BY version DESC, digest DESC) = 1;

CREATE VIEW advice_current AS
SELECT * FROM advice
QUALIFY ROW_NUMBER() OVER (PARTITION BY brand_id, entity ORDER BY version DESC, digest DESC) = 1;

CREATE VIEW alerts_current AS
SELECT * FROM alerts
QUALIFY ROW_NUMBER() OVER (PARTITION BY brand_id, entity ORDER BY version DESC, digest DESC) = 1;

CREATE VIEW order_lines_current AS
SELECT part.* FROM order_lines AS part
JOIN orders_current AS head
  ON part.brand_id = head.brand_id AND part.entity = head.entity
  AND part.version = head.version AND part.digest = head.digest
QUALIFY ROW_NUMBER() OVER (PARTITION BY part.fact_id ORDER BY part.recorded_at) = 1;

CREATE VIEW refund_lines_current AS
SELECT part.* FROM refund_lines AS part
JOIN refunds_current AS head
  ON part.brand_id = head.brand_id AND part.entity = head.entity
  AND part.version = head.version AND part.digest = head.digest
QUALIFY ROW_NUMBER() OVER (PARTITION BY part.fact_id ORDER BY part.recorded_at) = 1;

CREATE VIEW variants_current AS
SELECT part.* FROM variants AS part
JOIN products_current AS head
  ON part.brand_id = head.brand_id AND part.entity = head.entity
  AND part.version = head.version AND part.digest = head.digest
QUALIFY ROW_NUMBER() OVER (PARTITION BY part.fact_id ORDER BY part.recorded_at) = 1;

CREATE VIEW touches_current AS
SELECT part.* FROM touches AS part
JOIN attributions_current AS head
  ON part.brand_id = head.brand_id AND part.entity = head.entity
  AND part.version = head.version AND part.digest = head.digest
QUALIFY ROW_NUMBER() OVER (PARTITION BY part.fact_id ORDER BY part.recorded_at) = 1;

CREATE VIEW credits_current AS
SELECT part.* FROM credits AS part
JOIN attributions_current AS head
  ON part.brand_id = head.brand_id AND part.entity = head.entity
  AND part.version = head.version AND part.digest = head.digest
QUALIFY ROW_NUMBER() OVER (PARTITION BY part.fact_id ORDER BY part.recorded_at) = 1;

CREATE VIEW stock_statuses_current AS
SELECT part.* FROM stock_statuses AS part
JOIN stock_assessments_current AS head
  ON part.brand_id = head.brand_id AND part.entity = head.entity
  AND part.version = head.version AND part.digest = head.digest
QUALIFY ROW_NUMBER() OVER (PARTITION BY part.fact_id ORDER BY part.recorded_at) = 1;

CREATE VIEW ai_insights_current AS
SELECT part.* FROM ai_insights AS part
JOIN advice_current AS head
  ON part.brand_id = head.brand_id AND part.entity = head.entity
  AND part.version = head.version AND part.digest = head.digest
QUALIFY ROW_NUMBER() OVER (PARTITION BY part.fact_id ORDER BY part.recorded_at) = 1;

-- Net revenue, exactly `pulsepoint.metrics.revenue.sales_entries` under the policy `return`: what was sold, given
-- back and cancelled, each on its own moment. The brand's policy for cancelled orders is a filter on these rows:
--   return   all of them
--   exclude  cancelled_at IS NULL
--   keep     kind <> 'cancellation'
-- `ordered_at` is the other date basis: the day of the order, for refunds and cancellations too (a refund without
-- a known order has only its own). `fact_id` and `recorded_at` are those of the order or refund it came from.
CREATE VIEW sales_entries AS
WITH counted_orders AS (
  SELECT brand_id, order_id, processed_at, cancelled_at, currency, fact_id, recorded_at,
    gross_micros - discount_micros AS net_micros
  FROM orders_current
  WHERE NOT test AND NOT deleted
),
refunded AS (
  SELECT refund.brand_id, refund.order_id, refund.refund_id, refund.issued_at, refund.currency, refund.fact_id,
    refund.recorded_at, sold.processed_at, sold.cancelled_at,
    CASE WHEN sold.taxes_included THEN refund.tax_micros ELSE 0 END - refund.subtotal_micros
      - refund.adjustment_micros AS net_micros
  FROM refunds_current AS refund
  LEFT JOIN orders_current AS sold ON sold.brand_id = refund.brand_id AND sold.order_id = refund.order_id
  WHERE sold.order_id IS NULL OR (NOT sold.test AND NOT sold.deleted)
),
cancelled AS (
  SELECT sold.brand_id, sold.order_id, ANY_VALUE(sold.processed_at) AS processed_at,
    ANY_VALUE(sold.cancelled_at) AS cancelled_at, ANY_VALUE(sold.currency) AS currency,
    ANY_VALUE(sold.fact_id) AS fact_id, ANY_VALUE(sold.recorded_at) AS recorded_at,
    ANY_VALUE(sold.net_micros) + COALESCE(SUM(refund.net_micros), 0) AS left_micros
  FROM counted_orders AS sold
  LEFT JOIN refunded AS refund ON refund.brand_id = sold.brand_id AND refund.order_id = sold.order_id
  WHERE sold.cancelled_at IS NOT NULL
  GROUP BY sold.brand_id, sold.order_id
)
SELECT brand_id, order_id, order_id AS entry_id, 'sale' AS kind, processed_at AS occurred_at,
  processed_at AS ordered_at, cancelled_at, currency, net_micros, fact_id, recorded_at
FROM counted_orders
UNION ALL
SELECT brand_id, order_id, refund_id AS entry_id, 'refund' AS kind, issued_at AS occurred_at,
  COALESCE(processed_at, issued_at) AS ordered_at, cancelled_at, currency, net_micros, fact_id, recorded_at
FROM refunded
UNION ALL
SELECT brand_id, order_id, CONCAT(order_id, ':cancelled') AS entry_id, 'cancellation' AS kind,
  cancelled_at AS occurred_at, processed_at AS ordered_at, cancelled_at, currency, -left_micros AS net_micros,
  fact_id, recorded_at
FROM cancelled
WHERE left_micros > 0;
