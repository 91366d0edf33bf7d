# Accounts and what each may do. Rights on one topic, secret or bucket stand beside it; here is what needs the project,
# narrowed by conditions on names. Nobody has owner, editor or viewer.

resource "google_service_account" "service" {
  for_each = local.services

  account_id   = each.value.account
  display_name = "Pulsepoint ${each.key}"

  depends_on = [google_project_service.api]
}

# Whose token Pub/Sub and Cloud Scheduler bring along. It may do nothing else.
resource "google_service_account" "delivery" {
  account_id   = "pulsepoint-delivery"
  display_name = "Pulsepoint pushes and tasks"

  depends_on = [google_project_service.api]
}

resource "google_service_account" "build" {
  account_id   = "pulsepoint-build"
  display_name = "Pulsepoint build and release"

  depends_on = [google_project_service.api]
}

# Makes the roles of a new ledger, once.
resource "google_service_account" "first" {
  account_id   = "pulsepoint-first"
  display_name = "Pulsepoint first ledger"

  depends_on = [google_project_service.api]
}

# Pub/Sub signs the tokens of its pushes as the delivery account.
# https://cloud.google.com/pubsub/docs/authenticate-push-subscriptions
resource "google_service_account_iam_member" "delivery_agent" {
  service_account_id = google_service_account.delivery.name
  role               = "roles/iam.serviceAccountOpenIdTokenCreator"
  member             = "serviceAccount:${local.agents.pubsub}"

  depends_on = [google_project_service_identity.agent]
}

# --- Facts ---------------------------------------------------------------------------------------------------------

# Facts are read and written by right of their dataset alone: whoever makes a tenant's dataset writes into its access list
# which service may do what there (shared/pulsepoint/adapters/bigquery/access.py), so no right over the project reaches
# them. No role here has bigquery.datasets.update: with it a service could give itself, or anybody, any other.
resource "google_project_iam_custom_role" "facts" {
  for_each = local.catalog.fact_roles

  role_id     = each.key
  title       = "Pulsepoint: ${each.key}"
  permissions = each.value

  depends_on = [google_project_service.api]
}

# The deployment's own dataset, which Terraform makes.
resource "google_bigquery_dataset_iam_member" "shared" {
  for_each = local.catalog.shared_rights

  dataset_id = google_bigquery_dataset.shared.dataset_id
  role       = google_project_iam_custom_role.facts[each.value.role].id
  member     = google_service_account.service[each.value.service].member
}

# A tenant's dataset is made by the service that first writes to it or asks about it. Making one is a right over the
# project (no condition on a name can be set), and gives no right to what is there.
resource "google_project_iam_custom_role" "dataset_maker" {
  role_id     = "pulsepointDatasetMaker"
  title       = "Pulsepoint: make datasets"
  permissions = ["bigquery.datasets.create"]

  depends_on = [google_project_service.api]
}

resource "google_project_iam_member" "dataset_maker" {
  for_each = { for name, entry in local.services : name => entry if entry.makes_datasets }

  project = var.project_id
  role    = google_project_iam_custom_role.dataset_maker.id
  member  = google_service_account.service[each.key].member

  # Who makes a dataset names these roles in its access list.
  depends_on = [google_project_iam_custom_role.facts]
}

# Running a question is a right over the project too; what it may read, the datasets say.
resource "google_project_iam_member" "queries" {
  for_each = { for name, entry in local.services : name => entry if entry.asks }

  project = var.project_id
  role    = "roles/bigquery.jobUser"
  member  = google_service_account.service[each.key].member
}

# --- Documents -----------------------------------------------------------------------------------------------------

# The gateway keeps its documents in the ledger.
resource "google_project_iam_member" "documents" {
  for_each = { for name, entry in local.services : name => entry if entry.documents }

  project = var.project_id
  role    = "roles/datastore.user"
  member  = google_service_account.service[each.key].member

  condition {
    title      = "documents"
    expression = "resource.name == 'projects/${var.project_id}/databases/${google_firestore_database.documents.name}'"
  }
}

# --- What people entered -------------------------------------------------------------------------------------------

resource "google_project_iam_custom_role" "secret_maker" {
  role_id     = "pulsepointSecretMaker"
  title       = "Pulsepoint: make secrets"
  permissions = ["secretmanager.secrets.create"]

  depends_on = [google_project_service.api]
}

resource "google_project_iam_custom_role" "secret_keeper" {
  role_id = "pulsepointSecretKeeper"
  title   = "Pulsepoint: replace and destroy its own secrets"
  permissions = [
    "secretmanager.secrets.delete",
    "secretmanager.secrets.get",
    "secretmanager.versions.access",
    "secretmanager.versions.add",
    "secretmanager.versions.destroy",
    "secretmanager.versions.list",
  ]

  depends_on = [google_project_service.api]
}

locals {
  # Names start with pulsepoint-{tenant}-: the system tenant's hold the key that seals quarantined messages.
  product_secrets = "projects/${local.number}/secrets/pulsepoint-"
  system_secrets  = "${local.product_secrets}${replace(local.catalog.system_tenant, "-", "")}-"

  # The gateway stores what people enter; those who use it read it.
  secret_keepers = {
    for name in keys(local.services) : name => name == "gateway" ? local.product_secrets : local.system_secrets
  }
}

resource "google_project_iam_member" "secret_maker" {
  for_each = local.services

  project = var.project_id
  role    = google_project_iam_custom_role.secret_maker.id
  member  = google_service_account.service[each.key].member
}

resource "google_project_iam_member" "secret_keeper" {
  for_each = local.secret_keepers

  project = var.project_id
  role    = google_project_iam_custom_role.secret_keeper.id
  member  = google_service_account.service[each.key].member

  condition {
    title      = "own_secrets"
    expression = "resource.name.startsWith('${each.value}')"
  }
}

resource "google_project_iam_member" "secret_reader" {
  for_each = toset(["ingest-ads", "alerting"])

  project = var.project_id
  role    = "roles/secretmanager.secretAccessor"
  member  = google_service_account.service[each.key].member

  condition {
    title      = "product_secrets"
    expression = "resource.name.startsWith('${local.product_secrets}')"
  }
}

# --- Payloads ------------------------------------------------------------------------------------------------------

resource "google_storage_bucket_iam_member" "payloads" {
  for_each = local.services

  bucket = google_storage_bucket.payloads.name
  role   = "roles/storage.objectUser"
  member = google_service_account.service[each.key].member
}

# --- Traces --------------------------------------------------------------------------------------------------------

# https://cloud.google.com/stackdriver/docs/reference/telemetry/overview
resource "google_project_iam_member" "traces" {
  for_each = var.export_traces ? local.services : {}

  project = var.project_id
  role    = "roles/telemetry.tracesWriter"
  member  = google_service_account.service[each.key].member
}

# --- Build and release ---------------------------------------------------------------------------------------------

resource "google_artifact_registry_repository_iam_member" "build" {
  repository = google_artifact_registry_repository.images.name
  location   = var.region
  role       = "roles/artifactregistry.writer"
  member     = google_service_account.build.member
}

resource "google_project_iam_member" "build" {
  for_each = toset(["roles/logging.logWriter", "roles/run.developer"])

  project = var.project_id
  role    = each.key
  member  = google_service_account.build.member
}

# A new revision runs as its service's account; the jobs that migrate and smoke-test, as the build's own.
resource "google_service_account_iam_member" "build" {
  for_each = local.services

  service_account_id = google_service_account.service[each.key].name
  role               = "roles/iam.serviceAccountUser"
  member             = google_service_account.build.member
}

resource "google_service_account_iam_member" "build_itself" {
  service_account_id = google_service_account.build.name
  role               = "roles/iam.serviceAccountUser"
  member             = google_service_account.build.member
}

resource "google_storage_bucket_iam_member" "builds" {
  bucket = google_storage_bucket.builds.name
  role   = "roles/storage.objectViewer"
  member = google_service_account.build.member
}
