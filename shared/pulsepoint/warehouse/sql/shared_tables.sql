-- Facts of the deployment, in the shared dataset (facts of the system tenant). Same first seven columns.

-- entity = trace_id:span_id. `links` is a JSON array of [trace_id, span_id]; cost in nano-dollars.
CREATE TABLE observability_events (
  fact_id STRING NOT NULL, brand_id STRING NOT NULL, entity STRING NOT NULL, version INT64 NOT NULL,
  digest STRING NOT NULL, recorded_at TIMESTAMP NOT NULL, precedence INT64,
  trace_id STRING NOT NULL, span_id STRING NOT NULL, parent_span_id STRING, links STRING NOT NULL,
  service STRING NOT NULL, name STRING NOT NULL, kind STRING NOT NULL, started_at TIMESTAMP NOT NULL,
  duration_us INT64 NOT NULL, status STRING NOT NULL, tenant_id STRING, tokens_input INT64 NOT NULL,
  tokens_output INT64 NOT NULL, cost_nano_usd INT64 NOT NULL, attributes STRING NOT NULL
);
