# The one public address. Everything else answers only inside the project.

resource "google_compute_global_address" "public" {
  name       = "pulsepoint"
  depends_on = [google_project_service.api]
}

resource "google_compute_managed_ssl_certificate" "public" {
  name = "pulsepoint"

  managed {
    domains = [var.domain]
  }

  depends_on = [google_project_service.api]
}

# TLS 1.2 at least, forward secrecy and authenticated ciphers alone; TLS 1.3 is chosen wherever the client speaks it.
# https://cloud.google.com/load-balancing/docs/ssl-policies-concepts
resource "google_compute_ssl_policy" "modern" {
  name            = "pulsepoint"
  min_tls_version = "TLS_1_2"
  profile         = "RESTRICTED"

  depends_on = [google_project_service.api]
}

locals {
  public_services = toset(["gateway", "ingest-shopify"])
}

resource "google_compute_region_network_endpoint_group" "public" {
  for_each = local.public_services

  name                  = "pulsepoint-${each.key}"
  region                = var.region
  network_endpoint_type = "SERVERLESS"

  # By name: the address and the certificate may be made before the services are.
  cloud_run {
    service = each.key
  }

  depends_on = [google_project_service.api]
}

resource "google_compute_backend_service" "public" {
  for_each = local.public_services

  name                  = "pulsepoint-${each.key}"
  load_balancing_scheme = "EXTERNAL_MANAGED"
  protocol              = "HTTPS"
  security_policy       = google_compute_security_policy.edge.id

  custom_response_headers = ["Strict-Transport-Security: max-age=31536000"]

  backend {
    group = google_compute_region_network_endpoint_group.public[each.key].id
  }

  log_config {
    enable      = true
    sample_rate = 1
  }
}

resource "google_compute_url_map" "public" {
  name            = "pulsepoint"
  default_service = google_compute_backend_service.public["gateway"].id

  host_rule {
    hosts        = [var.domain]
    path_matcher = "tower"
  }

  path_matcher {
    name            = "tower"
    default_service = google_compute_backend_service.public["gateway"].id

    path_rule {
      paths   = ["/webhooks/shopify", "/webhooks/shopify/*"]
      service = google_compute_backend_service.public["ingest-shopify"].id
    }
  }
}

resource "google_compute_target_https_proxy" "public" {
  name             = "pulsepoint"
  url_map          = google_compute_url_map.public.id
  ssl_certificates = [google_compute_managed_ssl_certificate.public.id]
  ssl_policy       = google_compute_ssl_policy.modern.id
}

resource "google_compute_global_forwarding_rule" "https" {
  name                  = "pulsepoint-https"
  load_balancing_scheme = "EXTERNAL_MANAGED"
  ip_address            = google_compute_global_address.public.id
  port_range            = "443"
  target                = google_compute_target_https_proxy.public.id
}

resource "google_compute_url_map" "to_https" {
  name = "pulsepoint-to-https"

  default_url_redirect {
    https_redirect         = true
    redirect_response_code = "MOVED_PERMANENTLY_DEFAULT"
    strip_query            = false
  }

  depends_on = [google_project_service.api]
}

resource "google_compute_target_http_proxy" "to_https" {
  name    = "pulsepoint-to-https"
  url_map = google_compute_url_map.to_https.id
}

resource "google_compute_global_forwarding_rule" "http" {
  name                  = "pulsepoint-http"
  load_balancing_scheme = "EXTERNAL_MANAGED"
  ip_address            = google_compute_global_address.public.id
  port_range            = "80"
  target                = google_compute_target_http_proxy.to_https.id
}
