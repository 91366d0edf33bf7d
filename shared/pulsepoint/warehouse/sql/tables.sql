-- Facts of one tenant, BigQuery dialect; the one source for BigQuery and DuckDB.
-- Every table starts with the same seven columns; views show, for each (brand_id, entity), the rows of the highest
-- (version, precedence, digest); `precedence` decides between tellings of one moment (pulsepoint.events.precedence)
-- and is NULL, below all others, for facts of our own and rows of earlier releases. Tables named "… of a snapshot"
-- hold several rows a snapshot and are shown only where those three are their head's. Money is integer micros.

CREATE TABLE orders (
  fact_id STRING NOT NULL, brand_id STRING NOT NULL, entity STRING NOT NULL, version INT64 NOT NULL,
  digest STRING NOT NULL, recorded_at TIMESTAMP NOT NULL, precedence INT64,
  order_id STRING NOT NULL, name STRING, currency STRING, created_at TIMESTAMP, processed_at TIMESTAMP,
  cancelled_at TIMESTAMP, test BOOL NOT NULL, deleted BOOL NOT NULL, taxes_included BOOL, subject STRING,
  financial_status STRING, source_name STRING, gross_micros INT64, discount_micros INT64, tax_micros INT64,
  shipping_micros INT64, total_micros INT64, uncharged_micros INT64, shipping_country STRING, shipping_region STRING,
  customer_order_index INT64, customer_orders_count INT64
);

-- Lines of a snapshot; head: orders (entity = order_id).
CREATE TABLE order_lines (
  fact_id STRING NOT NULL, brand_id STRING NOT NULL, entity STRING NOT NULL, version INT64 NOT NULL,
  digest STRING NOT NULL, recorded_at TIMESTAMP NOT NULL, precedence INT64,
  order_id STRING NOT NULL, line_id STRING NOT NULL, product_id STRING, variant_id STRING, sku STRING, title STRING,
  quantity INT64 NOT NULL, gross_micros INT64 NOT NULL, discount_micros INT64 NOT NULL, tax_micros INT64 NOT NULL
);

CREATE TABLE refunds (
  fact_id STRING NOT NULL, brand_id STRING NOT NULL, entity STRING NOT NULL, version INT64 NOT NULL,
  digest STRING NOT NULL, recorded_at TIMESTAMP NOT NULL, precedence INT64,
  refund_id STRING NOT NULL, order_id STRING NOT NULL, currency STRING NOT NULL, issued_at TIMESTAMP NOT NULL,
  subtotal_micros INT64 NOT NULL, tax_micros INT64 NOT NULL, adjustment_micros INT64 NOT NULL,
  shipping_micros INT64 NOT NULL, total_micros INT64, taxes_included BOOL, is_total BOOL
);

-- Lines of a snapshot; head: refunds (entity = refund_id).
CREATE TABLE refund_lines (
  fact_id STRING NOT NULL, brand_id STRING NOT NULL, entity STRING NOT NULL, version INT64 NOT NULL,
  digest STRING NOT NULL, recorded_at TIMESTAMP NOT NULL, precedence INT64,
  refund_id STRING NOT NULL, order_id STRING NOT NULL, line_id STRING NOT NULL, product_id STRING, variant_id STRING,
  sku STRING, quantity INT64 NOT NULL, subtotal_micros INT64 NOT NULL, tax_micros INT64 NOT NULL
);

CREATE TABLE order_edits (
  fact_id STRING NOT NULL, brand_id STRING NOT NULL, entity STRING NOT NULL, version INT64 NOT NULL,
  digest STRING NOT NULL, recorded_at TIMESTAMP NOT NULL, precedence INT64,
  edit_id STRING NOT NULL, order_id STRING NOT NULL, committed_at TIMESTAMP NOT NULL,
  lines_added INT64 NOT NULL, lines_removed INT64 NOT NULL
);

CREATE TABLE products (
  fact_id STRING NOT NULL, brand_id STRING NOT NULL, entity STRING NOT NULL, version INT64 NOT NULL,
  digest STRING NOT NULL, recorded_at TIMESTAMP NOT NULL, precedence INT64,
  product_id STRING NOT NULL, title STRING, status STRING, deleted BOOL NOT NULL, variants_total INT64, is_cut BOOL
);

-- Variants of a snapshot; head: products (entity = product_id).
CREATE TABLE variants (
  fact_id STRING NOT NULL, brand_id STRING NOT NULL, entity STRING NOT NULL, version INT64 NOT NULL,
  digest STRING NOT NULL, recorded_at TIMESTAMP NOT NULL, precedence INT64,
  product_id STRING NOT NULL, variant_id STRING NOT NULL, inventory_item_id STRING, sku STRING, title STRING,
  price_micros INT64, unit_cost_micros INT64, continue_selling BOOL NOT NULL, tracked BOOL NOT NULL, available INT64
);

-- One row each time a level was told; history matters (days in stock), so views of it keep all versions too.
-- trace = the traceparent it was read under.
CREATE TABLE inventory_levels (
  fact_id STRING NOT NULL, brand_id STRING NOT NULL, entity STRING NOT NULL, version INT64 NOT NULL,
  digest STRING NOT NULL, recorded_at TIMESTAMP NOT NULL, precedence INT64,
  inventory_item_id STRING NOT NULL, location_id STRING NOT NULL, available INT64, updated_at TIMESTAMP NOT NULL,
  trace STRING, incoming INT64
);

-- entity = platform:account:campaign:day.
CREATE TABLE ad_performance (
  fact_id STRING NOT NULL, brand_id STRING NOT NULL, entity STRING NOT NULL, version INT64 NOT NULL,
  digest STRING NOT NULL, recorded_at TIMESTAMP NOT NULL, precedence INT64,
  platform STRING NOT NULL, account_id STRING NOT NULL, account_currency STRING NOT NULL,
  account_timezone STRING NOT NULL, campaign_id STRING NOT NULL, campaign_name STRING NOT NULL, day DATE NOT NULL,
  spend_micros INT64 NOT NULL, impressions INT64, clicks INT64, conversions_micros INT64,
  conversion_value_micros INT64, click_window_days INT64, view_window_days INT64, definition_epoch STRING
);

-- entity = platform:account:day; a later version with quarantined = FALSE lifts it.
CREATE TABLE ad_days_quarantined (
  fact_id STRING NOT NULL, brand_id STRING NOT NULL, entity STRING NOT NULL, version INT64 NOT NULL,
  digest STRING NOT NULL, recorded_at TIMESTAMP NOT NULL, precedence INT64,
  platform STRING NOT NULL, account_id STRING NOT NULL, day DATE NOT NULL, quarantined BOOL NOT NULL,
  account_spend_micros INT64 NOT NULL, campaign_spend_micros INT64 NOT NULL, account_currency STRING
);

-- Head of touches and credits; entity = order_id, version = the order document's, trace = the traceparent it was
-- made under.
CREATE TABLE attributions (
  fact_id STRING NOT NULL, brand_id STRING NOT NULL, entity STRING NOT NULL, version INT64 NOT NULL,
  digest STRING NOT NULL, recorded_at TIMESTAMP NOT NULL, precedence INT64,
  order_id STRING NOT NULL, currency STRING NOT NULL, net_micros INT64 NOT NULL, source_version INT64 NOT NULL,
  settings_version INT64 NOT NULL, rules_version INT64 NOT NULL, trace STRING
);

-- Touches of a snapshot; head: attributions.
CREATE TABLE touches (
  fact_id STRING NOT NULL, brand_id STRING NOT NULL, entity STRING NOT NULL, version INT64 NOT NULL,
  digest STRING NOT NULL, recorded_at TIMESTAMP NOT NULL, precedence INT64,
  order_id STRING NOT NULL, occurred_at TIMESTAMP NOT NULL, channel STRING NOT NULL, paid BOOL NOT NULL, source STRING,
  medium STRING, campaign STRING, content STRING, term STRING, click_id STRING, evidence STRING NOT NULL
);

-- Credits of a snapshot; head: attributions. For each model of an order they add up to attributions.net_micros.
CREATE TABLE credits (
  fact_id STRING NOT NULL, brand_id STRING NOT NULL, entity STRING NOT NULL, version INT64 NOT NULL,
  digest STRING NOT NULL, recorded_at TIMESTAMP NOT NULL, precedence INT64,
  order_id STRING NOT NULL, model STRING NOT NULL, entry_id STRING NOT NULL, entry_kind STRING NOT NULL,
  occurred_at TIMESTAMP NOT NULL, channel STRING NOT NULL, paid BOOL NOT NULL, campaign STRING, touch_at TIMESTAMP,
  credit_micros INT64 NOT NULL, currency STRING NOT NULL
);

-- What edits and exchanges added to an order or removed from it, on its own day: one row a line and moment, all of one
-- version. An order whose snapshots differ and that nothing counts as changed of has one row without an entry.
CREATE TABLE order_changes (
  fact_id STRING NOT NULL, brand_id STRING NOT NULL, entity STRING NOT NULL, version INT64 NOT NULL,
  digest STRING NOT NULL, recorded_at TIMESTAMP NOT NULL, precedence INT64,
  order_id STRING NOT NULL, entry_id STRING, occurred_at TIMESTAMP, line_id STRING, quantity INT64 NOT NULL,
  gross_micros INT64 NOT NULL, discount_micros INT64 NOT NULL
);

-- Head of stock_statuses; entity = 'stock'.
CREATE TABLE stock_assessments (
  fact_id STRING NOT NULL, brand_id STRING NOT NULL, entity STRING NOT NULL, version INT64 NOT NULL,
  digest STRING NOT NULL, recorded_at TIMESTAMP NOT NULL, precedence INT64,
  assessed_at TIMESTAMP NOT NULL, window_days INT64 NOT NULL, variants INT64 NOT NULL
);

-- Statuses of a snapshot; head: stock_assessments.
CREATE TABLE stock_statuses (
  fact_id STRING NOT NULL, brand_id STRING NOT NULL, entity STRING NOT NULL, version INT64 NOT NULL,
  digest STRING NOT NULL, recorded_at TIMESTAMP NOT NULL, precedence INT64,
  variant_id STRING NOT NULL, product_id STRING, sku STRING, title STRING, available INT64 NOT NULL,
  velocity_micros INT64 NOT NULL, days_in_stock INT64 NOT NULL, days_unknown INT64 NOT NULL,
  units_sold INT64 NOT NULL,
  days_of_cover_micros INT64, status STRING NOT NULL, continue_selling BOOL NOT NULL, spend_at_risk_micros INT64 NOT NULL,
  incoming INT64, lead_time_days INT64
);

-- Head of ai_insights; entity = 'advice'. `figures` is a JSON object of figures by name, `names` one of untrusted texts:
-- sentences are made of them when read; `summary` holds the sentences of rows from before 2026-12.
CREATE TABLE advice (
  fact_id STRING NOT NULL, brand_id STRING NOT NULL, entity STRING NOT NULL, version INT64 NOT NULL,
  digest STRING NOT NULL, recorded_at TIMESTAMP NOT NULL, precedence INT64,
  computed_at TIMESTAMP NOT NULL, summary STRING, recommendations INT64 NOT NULL,
  start_day DATE, end_day DATE, today_counts BOOL, figures STRING, names STRING
);

-- Insights of a snapshot; head: advice: its recommendations, and since 2026-12 its summary (`type` = 'summary',
-- `position` 0) with the figures that its sentences are made of. `facts` is a JSON array of fact ids; `position` starts
-- at 1. `figures` and `names` as in advice; `action`, `reason` and `expected_impact` hold the sentences of rows from before 2026-12.
CREATE TABLE ai_insights (
  fact_id STRING NOT NULL, brand_id STRING NOT NULL, entity STRING NOT NULL, version INT64 NOT NULL,
  digest STRING NOT NULL, recorded_at TIMESTAMP NOT NULL, precedence INT64,
  recommendation_id STRING NOT NULL, position INT64 NOT NULL, type STRING NOT NULL, priority STRING NOT NULL,
  subject STRING NOT NULL, action STRING, reason STRING, expected_impact STRING,
  current_spend_micros INT64, recommended_change_micros INT64, facts STRING NOT NULL,
  cause STRING, channel STRING, start_day DATE, end_day DATE, figures STRING, names STRING
);

-- entity = alert_id; the highest version says whether it is open. `figures` and `names` as in advice, told anew while
-- it is open; `opened_figures` are those it opened with. `title`, `explanation` and `recommended_action` hold the
-- sentences of rows from before 2026-12.
CREATE TABLE alerts (
  fact_id STRING NOT NULL, brand_id STRING NOT NULL, entity STRING NOT NULL, version INT64 NOT NULL,
  digest STRING NOT NULL, recorded_at TIMESTAMP NOT NULL, precedence INT64,
  alert_id STRING NOT NULL, type STRING NOT NULL, severity STRING NOT NULL, subject STRING NOT NULL, channel STRING,
  product STRING, title STRING, explanation STRING, recommended_action STRING,
  opened_at TIMESTAMP NOT NULL, resolved_at TIMESTAMP, facts STRING NOT NULL,
  cause STRING, figures STRING, names STRING, opened_figures STRING
);

CREATE TABLE notifications (
  fact_id STRING NOT NULL, brand_id STRING NOT NULL, entity STRING NOT NULL, version INT64 NOT NULL,
  digest STRING NOT NULL, recorded_at TIMESTAMP NOT NULL, precedence INT64,
  alert_id STRING NOT NULL, target STRING NOT NULL, trace_id STRING NOT NULL, sent_at TIMESTAMP NOT NULL
);
