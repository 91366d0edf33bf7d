# Cache and rate limits; losing it is harmless, and a starter has none.

locals {
  cached = var.cache_tier != "NONE"
}

resource "google_redis_instance" "cache" {
  count = local.cached ? 1 : 0

  name                    = "pulsepoint"
  region                  = var.region
  tier                    = var.cache_tier
  memory_size_gb          = var.cache_memory_gb
  redis_version           = "REDIS_7_2"
  auth_enabled            = true
  transit_encryption_mode = "SERVER_AUTHENTICATION"
  connect_mode            = "PRIVATE_SERVICE_ACCESS"
  authorized_network      = google_compute_network.private.id
  customer_managed_key    = google_kms_crypto_key.data.id
  labels                  = local.labels

  # Keys have a time to live; under pressure the oldest go first.
  redis_configs = {
    maxmemory-policy = "volatile-lru"
  }

  maintenance_policy {
    weekly_maintenance_window {
      day = "SUNDAY"

      start_time {
        hours = 3
      }
    }
  }

  depends_on = [google_service_networking_connection.services, google_kms_crypto_key_iam_member.agent]
}
