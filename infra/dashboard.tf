# One page: what comes in, what waits, what it costs.

locals {
  charts = [
    { title = "Requests by class of answer", query = "sum by (response_code_class) (rate(${local.balancer}[5m]))" },
    { title = "Latency at the balancer, p95 (ms)", query = "histogram_quantile(0.95, sum by (le) (rate(loadbalancing_googleapis_com:https_total_latencies_bucket[5m])))" },
    { title = "Messages published by topic", query = "sum by (topic_id) (rate(pubsub_googleapis_com:topic_send_message_operation_count[5m]))" },
    { title = "Oldest message waiting by subscription (s)", query = "max by (subscription_id) (pubsub_googleapis_com:subscription_oldest_unacked_message_age)" },
    { title = "Messages held (quarantine, dead letters)", query = "sum by (kind, reason) (increase(${local.log_metric}pulsepoint_messages_held{${local.on_run}}[1h]))" },
    { title = "Alerts opened by kind", query = "sum by (kind) (increase(${local.log_metric}pulsepoint_alerts_opened{${local.on_run}}[1h]))" },
    { title = "Instances by service", query = "sum by (service_name) (run_googleapis_com:container_instance_count)" },
    { title = "Firestore reads and writes", query = "sum by (op) (rate(firestore_googleapis_com:api_request_count[5m]))" },
    { title = "Ledger: CPU", query = "max(cloudsql_googleapis_com:database_cpu_utilization)" },
    { title = "Redis: memory used", query = "max(redis_googleapis_com:stats_memory_usage_ratio)" },
    { title = "Bytes BigQuery scanned and billed", query = "sum(increase(bigquery_googleapis_com:query_statement_scanned_bytes_billed[1h]))" },
    { title = "Model calls by tenant (billionths of a dollar an hour)", query = "sum by (tenant) (increase(${local.log_metric}pulsepoint_ai_cost_nano_usd_sum{${local.on_run}}[1h]))" },
  ]
}

resource "google_monitoring_dashboard" "tower" {
  dashboard_json = jsonencode({
    displayName = "Pulsepoint"
    mosaicLayout = {
      columns = 48
      tiles = [
        for index, chart in local.charts : {
          xPos   = (index % 2) * 24
          yPos   = floor(index / 2) * 16
          width  = 24
          height = 16
          widget = {
            title = chart.title
            xyChart = {
              dataSets = [{ timeSeriesQuery = { prometheusQuery = chart.query }, plotType = "LINE" }]
            }
          }
        }
      ]
    }
  })
  depends_on = [google_project_service.api]
}
