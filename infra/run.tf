# The seven services. Only the load balancer reaches the two public ones from outside, nobody the others; inside the
# project Pub/Sub and Cloud Scheduler do, at the services' own addresses.
# https://cloud.google.com/run/docs/securing/ingress
#
# Cloud Run's own check of callers is off (invoker_iam_disabled), and no allUsers stands in its place: where it is on it
# takes the signature out of the token it checked ("SIGNATURE_REMOVED_BY_GOOGLE",
# https://cloud.google.com/run/docs/troubleshooting#signature-removed), and then the runtime could not check signature,
# audience and account itself, which it does for /push/* and /tasks/* in every profile. People and shops prove
# themselves to the gateway and to ingest-shopify.

locals {
  image = "${var.region}-docker.pkg.dev/${var.project_id}/${google_artifact_registry_repository.images.repository_id}"

  # In front of a request stand the load balancer, which appends the caller's address and its own.
  # https://cloud.google.com/load-balancing/docs/https#x-forwarded-for_header
  trusted_proxies = 2

  everywhere = {
    PULSEPOINT_PROFILE              = "cloud"
    PULSEPOINT_KMS_KEY              = google_kms_crypto_key.data.id
    PULSEPOINT_PAYLOAD_BUCKET       = google_storage_bucket.payloads.name
    PULSEPOINT_PUBLIC_URL           = "https://${var.domain}"
    PULSEPOINT_PUSH_SERVICE_ACCOUNT = google_service_account.delivery.email
    GCP_PROJECT_ID                  = var.project_id
    GCP_REGION                      = var.region
  }
  quarantine = var.quarantine_days == null ? {} : { PULSEPOINT_QUARANTINE_TTL_DAYS = tostring(var.quarantine_days) }

  traces = var.export_traces ? { OTEL_EXPORTER_OTLP_ENDPOINT = "https://telemetry.googleapis.com" } : {}

  only = {
    ingest-shopify = {
      PULSEPOINT_SHOPIFY_HEADER_ROUTING = tostring(var.shopify_header_routing)
    }
    inventory-intel = {
      PULSEPOINT_TICK_SECONDS = tostring(var.assessment_seconds)
    }
    gateway = {
      PULSEPOINT_ADMIN_EMAIL          = var.admin_email
      PULSEPOINT_CPU_BETWEEN_REQUESTS = tostring(var.cpu_between_requests)
      PULSEPOINT_TRUSTED_PROXIES      = tostring(local.trusted_proxies)
    }
  }

  environments = {
    for name in keys(local.services) : name => merge(
      local.everywhere,
      local.quarantine,
      local.traces,
      { PULSEPOINT_PUSH_AUDIENCE = local.push_audience[name] },
      lookup(local.only, name, {}),
      lookup(var.extra_settings, name, {}),
    )
  }
}

resource "google_cloud_run_v2_service" "service" {
  for_each = local.running

  name                 = each.key
  location             = var.region
  ingress              = contains(local.public_services, each.key) ? "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER" : "INGRESS_TRAFFIC_INTERNAL_ONLY"
  invoker_iam_disabled = true
  deletion_protection  = var.protect_data
  labels               = local.labels

  template {
    service_account                  = google_service_account.service[each.key].email
    max_instance_request_concurrency = var.services[each.key].concurrency
    execution_environment            = "EXECUTION_ENVIRONMENT_GEN2"
    encryption_key                   = google_kms_crypto_key.data.id
    labels                           = local.labels

    # An open page is one long request to the gateway; pushes end with the subscription's acknowledgement deadline.
    timeout = each.key == "gateway" ? "3600s" : "300s"

    scaling {
      min_instance_count = var.services[each.key].min_instances
      max_instance_count = var.services[each.key].max_instances
    }

    vpc_access {
      egress = "PRIVATE_RANGES_ONLY"

      network_interfaces {
        network    = google_compute_network.private.id
        subnetwork = google_compute_subnetwork.run.id
      }
    }

    dynamic "volumes" {
      for_each = local.cached ? toset(["redis-ca"]) : toset([])

      content {
        name = volumes.key

        secret {
          secret = google_secret_manager_secret.redis_ca[0].secret_id

          items {
            path    = "ca.pem"
            version = "latest"
          }
        }
      }
    }

    containers {
      name  = "service"
      image = "${local.image}/${each.key}:${var.release}"

      ports {
        container_port = 8080
      }

      resources {
        # The gateway of a production works between requests; the others, and a starter's, only while they are asked.
        cpu_idle          = each.key != "gateway" || !var.cpu_between_requests
        startup_cpu_boost = true

        limits = {
          cpu    = var.services[each.key].cpu
          memory = var.services[each.key].memory
        }
      }

      dynamic "env" {
        for_each = local.environments[each.key]

        content {
          name  = env.key
          value = env.value
        }
      }

      dynamic "env" {
        for_each = local.secrets_of[each.key]

        content {
          name = env.value

          value_source {
            secret_key_ref {
              secret  = google_secret_manager_secret.deployment[env.value].secret_id
              version = "latest"
            }
          }
        }
      }

      # Redis proves itself with a certificate of its own authority: REDIS_URL says ?ssl_ca_certs=/secrets/redis/ca.pem
      dynamic "volume_mounts" {
        for_each = local.cached ? toset(["redis-ca"]) : toset([])

        content {
          name       = volume_mounts.key
          mount_path = "/secrets/redis"
        }
      }

      startup_probe {
        period_seconds    = 2
        timeout_seconds   = 2
        failure_threshold = 60

        http_get {
          path = "/readyz"
        }
      }

      liveness_probe {
        period_seconds    = 15
        timeout_seconds   = 5
        failure_threshold = 4

        http_get {
          path = "/healthz"
        }
      }
    }
  }

  # Releases are made by Cloud Build: a new revision without traffic, a smoke test, then the shift.
  lifecycle {
    ignore_changes = [
      client,
      client_version,
      template[0].containers[0].image,
      template[0].revision,
      template[0].labels,
      traffic,
    ]
  }

  depends_on = [
    google_secret_manager_secret_iam_member.deployment,
    google_secret_manager_secret_iam_member.redis_ca,
    google_secret_manager_secret_version.redis_ca,
    google_sql_database.pulsepoint,
    google_kms_crypto_key_iam_member.agent,
  ]
}
