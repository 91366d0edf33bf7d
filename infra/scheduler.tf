# The clock of services that sleep between requests. https://cloud.google.com/scheduler/docs/http-target-auth

locals {
  sweeps = {
    for name in keys(local.running) : "sweep-${name}" => { service = name, task = "sweep", schedule = "* * * * *" }
  }
  # Paused while the service does not declare the task.
  business = var.release == "" ? {} : {
    sync-hourly    = { service = "gateway", task = "sync", schedule = "0 * * * *" }
    analysis-daily = { service = "gateway", task = "analysis", schedule = "0 2 * * *" }
    # Before the analysis, whose questions then read the rows kept.
    refresh-daily = { service = "gateway", task = "refresh", schedule = "0 1 * * *" }
  }
}

resource "google_cloud_scheduler_job" "task" {
  for_each = merge(local.sweeps, local.business)

  name             = "pulsepoint-${each.key}"
  region           = var.region
  schedule         = each.value.schedule
  time_zone        = var.business_time_zone
  attempt_deadline = "300s"
  paused           = !contains(local.services[each.value.service].tasks, each.value.task)

  retry_config {
    retry_count          = each.value.task == "sweep" ? 0 : 5
    min_backoff_duration = "30s"
    max_backoff_duration = "600s"
  }

  http_target {
    http_method = "POST"
    uri         = "${google_cloud_run_v2_service.service[each.value.service].uri}/tasks/${each.value.task}"

    oidc_token {
      service_account_email = google_service_account.delivery.email
      audience              = local.push_audience[each.value.service]
    }
  }
}
