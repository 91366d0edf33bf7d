# Logs in the region, and what the alerts count in them.

resource "google_logging_project_bucket_config" "region" {
  project        = var.project_id
  location       = var.region
  bucket_id      = "pulsepoint"
  retention_days = 30
  description    = "Every log of the project, kept in its region"

  depends_on = [google_project_service.api]
}

# The default sink would keep them wherever Google likes. Audit logs of administrators always go to Google's own bucket.
# https://cloud.google.com/logging/docs/regionalized-logs
resource "google_logging_project_sink" "default" {
  name        = "_Default"
  destination = "logging.googleapis.com/${google_logging_project_bucket_config.region.id}"
  filter      = "NOT LOG_ID(\"cloudaudit.googleapis.com/activity\") AND NOT LOG_ID(\"externalaudit.googleapis.com/activity\") AND NOT LOG_ID(\"cloudaudit.googleapis.com/system_event\") AND NOT LOG_ID(\"cloudaudit.googleapis.com/access_transparency\")"

  unique_writer_identity = true
}

# Who read or changed what people entered, and who changed rights.
resource "google_project_iam_audit_config" "data" {
  for_each = toset(["secretmanager.googleapis.com", "cloudkms.googleapis.com", "iam.googleapis.com", "storage.googleapis.com"])

  project = var.project_id
  service = each.key

  audit_log_config {
    log_type = "ADMIN_READ"
  }

  audit_log_config {
    log_type = "DATA_READ"
  }

  audit_log_config {
    log_type = "DATA_WRITE"
  }

  depends_on = [google_project_service.api]
}
