# Exports, handed out by signed links; and sources of builds.

resource "google_storage_bucket" "exports" {
  #checkov:skip=CKV_GCP_62:Who read or wrote what is in the data access audit logs (logging.tf), which name the account; usage logs do not.
  name                        = "${var.project_id}-pulsepoint-exports"
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

  # An export can be made anew at any time, and holds what people asked to be told.
  lifecycle_rule {
    action {
      type = "Delete"
    }

    condition {
      age = 7
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
