# Images of the seven services, one tag a release.

resource "google_artifact_registry_repository" "images" {
  repository_id = "pulsepoint"
  location      = var.region
  format        = "DOCKER"
  kms_key_name  = google_kms_crypto_key.data.id
  labels        = local.labels

  docker_config {
    immutable_tags = true
  }

  cleanup_policies {
    id     = "keep-recent"
    action = "KEEP"

    most_recent_versions {
      keep_count = 20
    }
  }

  cleanup_policies {
    id     = "delete-old"
    action = "DELETE"

    condition {
      older_than = "7776000s"
    }
  }

  depends_on = [google_kms_crypto_key_iam_member.agent]
}
