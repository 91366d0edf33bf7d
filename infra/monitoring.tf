# What is watched. Three sources, none of which asks BigQuery: the load balancer's own metrics (errors, latency), the
# engines' (queues, databases), and log lines "signal" that the runtime writes for a few event types
# (shared/pulsepoint/runtime/signals.py), counted by log-based metrics. So an alert costs nothing while nothing happens.

resource "google_monitoring_notification_channel" "email" {
  display_name = "Pulsepoint"
  type         = "email"
  depends_on   = [google_project_service.api]

  labels = {
    email_address = var.alert_email
  }
}

locals {
  signal = "resource.type=\"cloud_run_revision\" AND jsonPayload.event=\"signal\""

  # Counters: what of a line makes a label.
  counted = {
    pulsepoint_alerts_opened = {
      filter      = "jsonPayload.type=\"alert.opened\""
      description = "Alerts the product opened"
      labels      = { kind = "EXTRACT(jsonPayload.kind)", tenant = "EXTRACT(jsonPayload.tenant)" }
    }
    pulsepoint_messages_held = {
      filter      = "jsonPayload.type=\"message.held\""
      description = "Messages quarantined or dead"
      labels      = { kind = "EXTRACT(jsonPayload.kind)", reason = "EXTRACT(jsonPayload.reason)" }
    }
  }

  # Distributions: their sums and means are what counts.
  measured = {
    pulsepoint_ai_cost_nano_usd = {
      filter      = "jsonPayload.type=\"ai.tokens\""
      description = "Cost of model calls in billionths of a US dollar"
      value       = "EXTRACT(jsonPayload.cost_nano_usd)"
      labels      = { tenant = "EXTRACT(jsonPayload.tenant)" }
    }
    pulsepoint_ai_accuracy = {
      filter      = "jsonPayload.type=\"ai.rated\""
      description = "Accuracy of answers that people rated, 0 to 1"
      value       = "EXTRACT(jsonPayload.accuracy)"
      labels      = {}
    }
  }
}

resource "google_logging_metric" "counted" {
  for_each = local.counted

  name             = each.key
  description      = each.value.description
  filter           = "${local.signal} AND ${each.value.filter}"
  label_extractors = each.value.labels

  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "INT64"

    dynamic "labels" {
      for_each = each.value.labels

      content {
        key        = labels.key
        value_type = "STRING"
      }
    }
  }

  depends_on = [google_project_service.api]
}

resource "google_logging_metric" "measured" {
  for_each = local.measured

  name             = each.key
  description      = each.value.description
  filter           = "${local.signal} AND ${each.value.filter}"
  value_extractor  = each.value.value
  label_extractors = each.value.labels

  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "DISTRIBUTION"

    dynamic "labels" {
      for_each = each.value.labels

      content {
        key        = labels.key
        value_type = "STRING"
      }
    }
  }

  depends_on = [google_project_service.api]
}

locals {
  log_metric = "logging_googleapis_com:user_"
  on_run     = "monitored_resource=\"cloud_run_revision\""
  balancer   = "loadbalancing_googleapis_com:https_request_count"

  # Each a PromQL condition that holds for a while. API.md names the first six.
  alerts = {
    token-spend = {
      title    = "A tenant spent more than $1,000 on tokens in a day"
      query    = "sum by (tenant) (increase(${local.log_metric}pulsepoint_ai_cost_nano_usd_sum{${local.on_run}}[1d])) > 1000 * 1000 * 1000 * 1000"
      duration = "0s"
      severity = "CRITICAL"
      act      = "docs/troubleshooting.md: high token use; GET /api/traces/{trace_id} shows what each step of a trace cost."
    }
    api-errors = {
      title    = "More than 5 % of API requests failed"
      query    = "sum(rate(${local.balancer}{response_code_class=\"500\"}[5m])) / sum(rate(${local.balancer}[5m])) > 0.05"
      duration = "300s"
      severity = "CRITICAL"
      act      = "Logs of the gateway and ingest-shopify at severity ERROR; was a release made just now?"
    }
    ai-accuracy = {
      title    = "Less than 70 % of the AI's answers were accurate, by people's ratings"
      query    = "sum(increase(${local.log_metric}pulsepoint_ai_accuracy_sum{${local.on_run}}[1d])) / sum(increase(${local.log_metric}pulsepoint_ai_accuracy_count{${local.on_run}}[1d])) < 0.7"
      duration = "0s"
      severity = "WARNING"
      act      = "Read the comments people left; GET /api/facts/{fact_id} recomputes each figure of an answer."
    }
    sync-failures = {
      title    = "Data of an ad account does not arrive"
      query    = "sum by (tenant) (increase(${local.log_metric}pulsepoint_alerts_opened{${local.on_run},kind=\"sync_failure\"}[15m])) > 0"
      duration = "0s"
      severity = "ERROR"
      act      = "docs/troubleshooting.md: data not syncing."
    }
    ad-days-mismatch = {
      title    = "A day of an ad account does not add up"
      query    = "sum by (tenant) (increase(${local.log_metric}pulsepoint_alerts_opened{${local.on_run},kind=\"ad_days_mismatch\"}[15m])) > 0"
      duration = "0s"
      severity = "WARNING"
      act      = "The day is pulled again by itself; docs/troubleshooting.md: data not syncing."
    }
    broken-tracking = {
      title    = "Orders of a shop stopped leading back to its ads and e-mails"
      query    = "sum by (tenant) (increase(${local.log_metric}pulsepoint_alerts_opened{${local.on_run},kind=\"broken_tracking\"}[15m])) > 0"
      duration = "0s"
      severity = "WARNING"
      act      = "The brand's people were told in Slack; GET /api/brands/{id}/alerts lists them."
    }
    stock-outs = {
      title    = "A product that sells or is advertised runs out"
      query    = "sum by (tenant) (increase(${local.log_metric}pulsepoint_alerts_opened{${local.on_run},kind=\"stockout_risk\"}[15m])) > 0"
      duration = "0s"
      severity = "WARNING"
      act      = "The brand's people were told in Slack; GET /api/brands/{id}/alerts lists them."
    }
    roas-drops = {
      title    = "A channel's return on ad spend dropped"
      query    = "sum by (tenant) (increase(${local.log_metric}pulsepoint_alerts_opened{${local.on_run},kind=\"roas_drop\"}[15m])) > 0"
      duration = "0s"
      severity = "WARNING"
      act      = "The brand's people were told in Slack; GET /api/brands/{id}/alerts lists them."
    }
    dead-letters = {
      title    = "A message could not be handled and is kept for replay"
      query    = "sum by (reason) (increase(${local.log_metric}pulsepoint_messages_held{${local.on_run},kind=\"dead_letter\"}[15m])) > 0"
      duration = "0s"
      severity = "ERROR"
      act      = "GET /api/dead-letters says which and why; POST /api/dead-letters/{id}/replay once the cause is gone."
    }
    queue-age = {
      title    = "A message waits for more than ten minutes"
      query    = "max by (subscription_id) (pubsub_googleapis_com:subscription_oldest_unacked_message_age{monitored_resource=\"pubsub_subscription\"}) > 600"
      duration = "300s"
      severity = "ERROR"
      act      = "Logs of the subscription's service; its number of instances; the engine it waits for."
    }
    archive-errors = {
      title    = "The observability archive does not take messages"
      query    = "sum(rate(pubsub_googleapis_com:subscription_dead_letter_message_count[15m])) > 0 or max(pubsub_googleapis_com:subscription_num_undelivered_messages{subscription_id=\"bigquery.observability\"}) > 100000"
      duration = "900s"
      severity = "WARNING"
      act      = "Did the archive's table change? Messages wait seven days."
    }
    database = {
      title    = "The ledger's database is busy or its disk nearly full"
      query    = "max(cloudsql_googleapis_com:database_cpu_utilization) > 0.9 or max(cloudsql_googleapis_com:database_disk_utilization) > 0.9"
      duration = "900s"
      severity = "ERROR"
      act      = "Query insights of pulsepoint-ledger; a larger database_tier."
    }
  }
}

resource "google_monitoring_alert_policy" "watched" {
  for_each = local.alerts

  display_name          = each.value.title
  combiner              = "OR"
  severity              = each.value.severity
  notification_channels = [google_monitoring_notification_channel.email.id]
  user_labels           = merge(local.labels, { alert = each.key })

  conditions {
    display_name = each.value.title

    condition_prometheus_query_language {
      query               = each.value.query
      duration            = each.value.duration
      evaluation_interval = "60s"

      # Metrics that nothing has been counted in yet are unknown to Monitoring.
      disable_metric_validation = true
    }
  }

  documentation {
    content   = each.value.act
    mime_type = "text/markdown"
  }

  alert_strategy {
    auto_close = "86400s"
  }

  depends_on = [google_logging_metric.counted, google_logging_metric.measured]
}

# --- From outside --------------------------------------------------------------------------------------------------

# Through the balancer, as people come. A webhook address answers 405 to a GET: that it answers is what counts.
resource "google_monitoring_uptime_check_config" "public" {
  for_each = {
    gateway        = { path = "/health", status = 200 }
    ingest-shopify = { path = "/webhooks/shopify", status = 405 }
  }

  display_name = "pulsepoint ${each.key}"
  timeout      = "10s"
  period       = "60s"

  http_check {
    path         = each.value.path
    port         = 443
    use_ssl      = true
    validate_ssl = true

    accepted_response_status_codes {
      status_value = each.value.status
    }
  }

  monitored_resource {
    type = "uptime_url"

    labels = {
      project_id = var.project_id
      host       = var.domain
    }
  }

  depends_on = [google_project_service.api]
}

resource "google_monitoring_alert_policy" "down" {
  for_each = google_monitoring_uptime_check_config.public

  display_name          = "Pulsepoint ${each.key} does not answer"
  combiner              = "OR"
  severity              = "CRITICAL"
  notification_channels = [google_monitoring_notification_channel.email.id]
  user_labels           = local.labels

  conditions {
    display_name = "Two places in the world get no answer"

    condition_threshold {
      filter          = "resource.type=\"uptime_url\" AND metric.type=\"monitoring.googleapis.com/uptime_check/check_passed\" AND metric.label.check_id=\"${each.value.uptime_check_id}\""
      comparison      = "COMPARISON_GT"
      threshold_value = 1
      duration        = "120s"

      aggregations {
        alignment_period     = "120s"
        per_series_aligner   = "ALIGN_NEXT_OLDER"
        cross_series_reducer = "REDUCE_COUNT_FALSE"
        group_by_fields      = ["resource.label.host"]
      }
    }
  }

  documentation {
    content   = "Is the certificate active, does the name point at the balancer, do revisions of ${each.key} start?"
    mime_type = "text/markdown"
  }
}
