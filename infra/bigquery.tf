# The deployment's own facts. Tenants' datasets are made by the product, in the same region and with an access list of
# their own, when they are first needed: Terraform cannot know tenants.

resource "google_bigquery_dataset" "shared" {
  dataset_id  = local.catalog.shared_dataset
  location    = var.region
  description = "Facts of the deployment itself; those of tenants lie in pulsepoint_tenant_…"
  labels      = local.labels

  default_encryption_configuration {
    kms_key_name = google_kms_crypto_key.data.id
  }

  depends_on = [google_kms_crypto_key_iam_member.agent]
}

resource "google_bigquery_table" "shared" {
  for_each = local.catalog.shared_tables

  dataset_id          = google_bigquery_dataset.shared.dataset_id
  table_id            = each.key
  schema              = jsonencode(each.value)
  deletion_protection = var.protect_data
  labels              = local.labels

  # As the adapter makes tenants' tables.
  clustering = local.catalog.clustered_by

  time_partitioning {
    type  = "DAY"
    field = local.catalog.partitioned_by
  }

  encryption_configuration {
    kms_key_name = google_kms_crypto_key.data.id
  }
}

# What Pub/Sub writes by itself lies apart, so that its agent has no right over the facts.
resource "google_bigquery_dataset" "archive" {
  dataset_id                      = "pulsepoint_observability_archive"
  location                        = var.region
  description                     = "Observability events as they were published, for thirty days"
  default_partition_expiration_ms = 30 * 24 * 60 * 60 * 1000
  labels                          = local.labels

  default_encryption_configuration {
    kms_key_name = google_kms_crypto_key.data.id
  }

  depends_on = [google_kms_crypto_key_iam_member.agent]
}

# Columns: https://cloud.google.com/pubsub/docs/bigquery#write-metadata
resource "google_bigquery_table" "observability_messages" {
  dataset_id          = google_bigquery_dataset.archive.dataset_id
  table_id            = "observability_messages"
  deletion_protection = var.protect_data
  labels              = local.labels

  schema = jsonencode([
    { name = "subscription_name", type = "STRING", mode = "NULLABLE" },
    { name = "message_id", type = "STRING", mode = "NULLABLE" },
    { name = "publish_time", type = "TIMESTAMP", mode = "NULLABLE" },
    { name = "attributes", type = "JSON", mode = "NULLABLE" },
    { name = "data", type = "JSON", mode = "NULLABLE" },
  ])

  time_partitioning {
    type = "DAY"
    # Stated here too: the dataset's default counts only for tables made after it.
    expiration_ms = 30 * 24 * 60 * 60 * 1000
    field         = "publish_time"
  }

  encryption_configuration {
    kms_key_name = google_kms_crypto_key.data.id
  }
}

# https://cloud.google.com/pubsub/docs/create-bigquery-subscription#assign_bigquery_service_account
resource "google_bigquery_dataset_iam_member" "archive_agent" {
  dataset_id = google_bigquery_dataset.archive.dataset_id
  role       = "roles/bigquery.dataEditor"
  member     = "serviceAccount:${local.agents.pubsub}"

  depends_on = [google_project_service_identity.agent]
}
