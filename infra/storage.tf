# Payloads too large for a message, and sources of builds.

# What is too large for a message waits here while a small one travels (shared/pulsepoint/runtime/claims.py), under its
# tenant and brand.
resource "google_storage_bucket" "payloads" {
  #checkov:skip=CKV_GCP_62:Who read or wrote what is in the data access audit logs (logging.tf), which name the account; usage logs do not.
  name                        = "${var.project_id}-pulsepoint-payloads"
  location                    = var.region
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = !var.protect_data
  labels                      = local.labels

  encryption {
    default_kms_key_name = google_kms_crypto_key.data.id
  }

  versioning {
    enabled = true
  }

  # Longer than any message is delivered.
  lifecycle_rule {
    action {
      type = "Delete"
    }

    condition {
      age = local.catalog.payload_days
    }
  }

  lifecycle_rule {
    action {
      type = "Delete"
    }

    condition {
      days_since_noncurrent_time = 1
      with_state                 = "ARCHIVED"
    }
  }

  depends_on = [google_kms_crypto_key_iam_member.agent]
}

# Sources on their way to Cloud Build.
resource "google_storage_bucket" "builds" {
  #checkov:skip=CKV_GCP_62:Who read or wrote what is in the data access audit logs (logging.tf), which name the account; usage logs do not.
  name                        = "${var.project_id}-pulsepoint-builds"
  location                    = var.region
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = true
  labels                      = local.labels

  encryption {
    default_kms_key_name = google_kms_crypto_key.data.id
  }

  versioning {
    enabled = true
  }

  lifecycle_rule {
    action {
      type = "Delete"
    }

    condition {
      age = 30
    }
  }

  depends_on = [google_kms_crypto_key_iam_member.agent]
}
