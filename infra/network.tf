# A private network for Cloud SQL and Redis; Cloud Run reaches it directly, without a connector.
# https://cloud.google.com/run/docs/configuring/vpc-direct-vpc

resource "google_compute_network" "private" {
  name                    = "pulsepoint"
  auto_create_subnetworks = false
  depends_on              = [google_project_service.api]
}

resource "google_compute_subnetwork" "run" {
  name                     = "pulsepoint-run"
  region                   = var.region
  network                  = google_compute_network.private.id
  ip_cidr_range            = "10.10.0.0/22"
  private_ip_google_access = true

  log_config {
    aggregation_interval = "INTERVAL_10_MIN"
    flow_sampling        = 0.1
    metadata             = "EXCLUDE_ALL_METADATA"
  }
}

resource "google_compute_global_address" "services" {
  name          = "pulsepoint-services"
  purpose       = "VPC_PEERING"
  address_type  = "INTERNAL"
  prefix_length = 20
  network       = google_compute_network.private.id
}

resource "google_service_networking_connection" "services" {
  network                 = google_compute_network.private.id
  service                 = "servicenetworking.googleapis.com"
  reserved_peering_ranges = [google_compute_global_address.services.name]
}

# Nothing outside may open a connection into the network; Cloud Run opens them from inside.
resource "google_compute_firewall" "deny_ingress" {
  name          = "pulsepoint-deny-ingress"
  network       = google_compute_network.private.id
  direction     = "INGRESS"
  priority      = 65000
  source_ranges = ["0.0.0.0/0"]

  deny {
    protocol = "all"
  }
}
