-- Views of one tenant, BigQuery dialect. `…_current` shows, for each (brand_id, entity), the rows of the highest
-- (version, precedence, digest); rows of a snapshot follow their head. A row appended twice is shown once: heads by their
-- ranking, rows of a snapshot by `QUALIFY ROW_NUMBER() OVER (PARTITION BY fact_id …) = 1`, which an engine whose
-- key already keeps fact ids unique leaves out (warehouse/dialect.py).

CREATE VIEW orders_current AS
SELECT * FROM orders
QUALIFY ROW_NUMBER() OVER (PARTITION BY brand_id, entity ORDER BY version DESC, COALESCE(precedence, 0) DESC, digest DESC) = 1;

CREATE VIEW refunds_current AS
SELECT * FROM refunds
QUALIFY ROW_NUMBER() OVER (PARTITION BY brand_id, entity ORDER BY version DESC, COALESCE(precedence, 0) DESC, digest DESC) = 1;

CREATE VIEW order_edits_current AS
SELECT * FROM order_edits
QUALIFY ROW_NUMBER() OVER (PARTITION BY brand_id, entity ORDER BY version DESC, COALESCE(precedence, 0) DESC, digest DESC) = 1;

CREATE VIEW products_current AS
SELECT * FROM products
QUALIFY ROW_NUMBER() OVER (PARTITION BY brand_id, entity ORDER BY version DESC, COALESCE(precedence, 0) DESC, digest DESC) = 1;

CREATE VIEW inventory_levels_current AS
SELECT * FROM inventory_levels
QUALIFY ROW_NUMBER() OVER (PARTITION BY brand_id, entity ORDER BY version DESC, COALESCE(precedence, 0) DESC, digest DESC) = 1;

-- Every level ever recorded, once: stock over time.
CREATE VIEW inventory_levels_history AS
SELECT * FROM inventory_levels
QUALIFY ROW_NUMBER() OVER (PARTITION BY fact_id ORDER BY recorded_at) = 1;

CREATE VIEW ad_performance_current AS
SELECT * FROM ad_performance
QUALIFY ROW_NUMBER() OVER (PARTITION BY brand_id, entity ORDER BY version DESC, COALESCE(precedence, 0) DESC, digest DESC) = 1;

CREATE VIEW ad_days_quarantined_current AS
SELECT * FROM ad_days_quarantined
QUALIFY ROW_NUMBER() OVER (PARTITION BY brand_id, entity ORDER BY version DESC, COALESCE(precedence, 0) DESC, digest DESC) = 1;

CREATE VIEW attributions_current AS
SELECT * FROM attributions
QUALIFY ROW_NUMBER() OVER (PARTITION BY brand_id, entity ORDER BY version DESC, COALESCE(precedence, 0) DESC, digest DESC) = 1;

CREATE VIEW stock_assessments_current AS
SELECT * FROM stock_assessments
QUALIFY ROW_NUMBER() OVER (PARTITION BY brand_id, entity ORDER BY version DESC, COALESCE(precedence, 0) DESC, digest DESC) = 1;

CREATE VIEW advice_current AS
SELECT * FROM advice
QUALIFY ROW_NUMBER() OVER (PARTITION BY brand_id, entity ORDER BY version DESC, COALESCE(precedence, 0) DESC, digest DESC) = 1;

CREATE VIEW alerts_current AS
SELECT * FROM alerts
QUALIFY ROW_NUMBER() OVER (PARTITION BY brand_id, entity ORDER BY version DESC, COALESCE(precedence, 0) DESC, digest DESC) = 1;

-- The changes of each order as they were last concluded from its snapshots: all rows of the highest snapshot.
CREATE VIEW order_changes_current AS
SELECT * FROM order_changes
QUALIFY RANK() OVER (PARTITION BY brand_id, entity ORDER BY version DESC, COALESCE(precedence, 0) DESC, digest DESC) = 1
  AND ROW_NUMBER() OVER (PARTITION BY fact_id ORDER BY recorded_at) = 1;

CREATE VIEW order_lines_current AS
SELECT part.* FROM order_lines AS part
JOIN orders_current AS head
  ON part.brand_id = head.brand_id AND part.entity = head.entity
  AND part.version = head.version AND part.digest = head.digest
  AND COALESCE(part.precedence, 0) = COALESCE(head.precedence, 0)
QUALIFY ROW_NUMBER() OVER (PARTITION BY part.fact_id ORDER BY part.recorded_at) = 1;

CREATE VIEW refund_lines_current AS
SELECT part.* FROM refund_lines AS part
JOIN refunds_current AS head
  ON part.brand_id = head.brand_id AND part.entity = head.entity
  AND part.version = head.version AND part.digest = head.digest
  AND COALESCE(part.precedence, 0) = COALESCE(head.precedence, 0)
QUALIFY ROW_NUMBER() OVER (PARTITION BY part.fact_id ORDER BY part.recorded_at) = 1;

CREATE VIEW variants_current AS
SELECT part.* FROM variants AS part
JOIN products_current AS head
  ON part.brand_id = head.brand_id AND part.entity = head.entity
  AND part.version = head.version AND part.digest = head.digest
  AND COALESCE(part.precedence, 0) = COALESCE(head.precedence, 0)
QUALIFY ROW_NUMBER() OVER (PARTITION BY part.fact_id ORDER BY part.recorded_at) = 1;

CREATE VIEW touches_current AS
SELECT part.* FROM touches AS part
JOIN attributions_current AS head
  ON part.brand_id = head.brand_id AND part.entity = head.entity
  AND part.version = head.version AND part.digest = head.digest
  AND COALESCE(part.precedence, 0) = COALESCE(head.precedence, 0)
QUALIFY ROW_NUMBER() OVER (PARTITION BY part.fact_id ORDER BY part.recorded_at) = 1;

CREATE VIEW credits_current AS
SELECT part.* FROM credits AS part
JOIN attributions_current AS head
  ON part.brand_id = head.brand_id AND part.entity = head.entity
  AND part.version = head.version AND part.digest = head.digest
  AND COALESCE(part.precedence, 0) = COALESCE(head.precedence, 0)
QUALIFY ROW_NUMBER() OVER (PARTITION BY part.fact_id ORDER BY part.recorded_at) = 1;

CREATE VIEW stock_statuses_current AS
SELECT part.* FROM stock_statuses AS part
JOIN stock_assessments_current AS head
  ON part.brand_id = head.brand_id AND part.entity = head.entity
  AND part.version = head.version AND part.digest = head.digest
  AND COALESCE(part.precedence, 0) = COALESCE(head.precedence, 0)
QUALIFY ROW_NUMBER() OVER (PARTITION BY part.fact_id ORDER BY part.recorded_at) = 1;

CREATE VIEW ai_insights_current AS
SELECT part.* FROM ai_insights AS part
JOIN advice_current AS head
  ON part.brand_id = head.brand_id AND part.entity = head.entity
  AND part.version = head.version AND part.digest = head.digest
  AND COALESCE(part.precedence, 0) = COALESCE(head.precedence, 0)
QUALIFY ROW_NUMBER() OVER (PARTITION BY part.fact_id ORDER BY part.recorded_at) = 1;
