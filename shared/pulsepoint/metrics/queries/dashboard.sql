-- name: dashboard_days
-- The first and the last day in @timezone on which anything was sold or given back, or (of the ad account) spent.
SELECT MIN(first_day) AS first_day, MAX(last_day) AS last_day
FROM (
  SELECT DATE(MIN(occurred_at), @timezone) AS first_day, DATE(MAX(occurred_at), @timezone) AS last_day
  FROM sales_entries WHERE brand_id = @brand_id
  UNION ALL
  SELECT MIN(day) AS first_day, MAX(day) AS last_day
  FROM ad_days_counted WHERE brand_id = @brand_id AND spend_micros > 0
) AS active;

-- name: dashboard_alerts
-- Alerts that are open now; with @resolved also those that are no longer. Newest first.
SELECT alert_id, type, severity, subject, channel, product, title, explanation, recommended_action, opened_at,
  resolved_at, facts, cause, figures, names, opened_figures
FROM alerts_current
WHERE brand_id = @brand_id AND (resolved_at IS NULL OR @resolved)
ORDER BY resolved_at IS NOT NULL, opened_at DESC, alert_id;

-- name: dashboard_recommendations
-- The recommendations that stand, as the advisor ordered them.
SELECT recommendation_id, position, type, priority, subject, action, reason, expected_impact, current_spend_micros,
  recommended_change_micros, facts, cause, channel, start_day, end_day, figures, names
FROM ai_insights_current
WHERE brand_id = @brand_id AND type <> 'summary'
ORDER BY position, recommendation_id;

-- name: dashboard_advice
-- The figures of the advisor's last summary (its sentences in rows from before 2026-12), and when it was computed.
SELECT summary, computed_at, start_day, end_day, today_counts, figures, names
FROM advice_current WHERE brand_id = @brand_id AND entity = 'advice';

-- name: dashboard_short_stock
-- Variants that are out or running out, dearest first, and when they were judged (recorded_at).
SELECT variant_id, sku, title, available, incoming, lead_time_days, velocity_micros, status, spend_at_risk_micros,
  recorded_at
FROM stock_statuses_current
WHERE brand_id = @brand_id AND status IN ({{running_out}})
ORDER BY spend_at_risk_micros DESC, {{stock_rank(status)}}, velocity_micros DESC, variant_id
LIMIT 10;

-- name: trace_hops
-- The finished spans of one trace, from the shared dataset; a span told twice is shown once.
SELECT trace_id, span_id, parent_span_id, links, service, name, kind, started_at, duration_us, status, tenant_id,
  tokens_input, tokens_output, cost_nano_usd, attributes
FROM observability_events
WHERE brand_id = @brand_id AND trace_id = @trace_id
QUALIFY ROW_NUMBER() OVER (PARTITION BY entity ORDER BY version DESC, digest DESC, recorded_at) = 1
ORDER BY started_at, span_id;
