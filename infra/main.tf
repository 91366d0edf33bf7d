# What every other file uses: the catalogue generated from the code, names, and the APIs.

data "google_project" "this" {
  project_id = var.project_id
}

locals {
  catalog  = jsondecode(file("${path.module}/catalog.json"))
  services = local.catalog.services
  number   = data.google_project.this.number
  labels   = { app = "pulsepoint", environment = var.environment }

  # Made once there are images to start them with.
  running = var.release == "" ? {} : local.services

  # Google's own accounts that act for a product inside this project.
  agents = {
    artifactregistry = "service-${local.number}@gcp-sa-artifactregistry.iam.gserviceaccount.com"
    bigquery         = "bq-${local.number}@bigquery-encryption.iam.gserviceaccount.com"
    firestore        = "service-${local.number}@gcp-sa-firestore.iam.gserviceaccount.com"
    pubsub           = "service-${local.number}@gcp-sa-pubsub.iam.gserviceaccount.com"
    redis            = "service-${local.number}@cloud-redis.iam.gserviceaccount.com"
    run              = "service-${local.number}@serverless-robot-prod.iam.gserviceaccount.com"
    secretmanager    = "service-${local.number}@gcp-sa-secretmanager.iam.gserviceaccount.com"
    sqladmin         = "service-${local.number}@gcp-sa-cloud-sql.iam.gserviceaccount.com"
    storage          = "service-${local.number}@gs-project-accounts.iam.gserviceaccount.com"
  }
}

resource "google_project_service" "api" {
  for_each = toset([
    "artifactregistry", "bigquery", "billingbudgets", "cloudbuild", "cloudkms", "cloudresourcemanager",
    "cloudscheduler", "cloudtrace", "compute", "firestore", "iam", "iamcredentials", "logging", "monitoring",
    "pubsub", "redis", "run", "secretmanager", "servicenetworking", "sqladmin", "storage", "telemetry",
  ])

  service            = "${each.key}.googleapis.com"
  disable_on_destroy = false
}

# Agents come into being when they are first needed; keys must be given to them before that.
resource "google_project_service_identity" "agent" {
  for_each = toset(["artifactregistry", "firestore", "pubsub", "redis", "run", "secretmanager", "sqladmin"])
  provider = google-beta

  service    = "${each.key}.googleapis.com"
  depends_on = [google_project_service.api]
}

data "google_storage_project_service_account" "storage" {
  depends_on = [google_project_service.api]
}

data "google_bigquery_default_service_account" "bigquery" {
  depends_on = [google_project_service.api]
}
