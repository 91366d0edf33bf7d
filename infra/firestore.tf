# Live state of the services: one database, documents apart by tenant, brand and service. Indexes and times to live are
# those its adapter names (shared/pulsepoint/adapters/firestore/indexes.py, by way of catalog.json).

resource "google_firestore_database" "documents" {
  name                              = "(default)"
  location_id                       = var.region
  type                              = "FIRESTORE_NATIVE"
  concurrency_mode                  = "OPTIMISTIC"
  point_in_time_recovery_enablement = "POINT_IN_TIME_RECOVERY_ENABLED"
  delete_protection_state           = var.protect_data ? "DELETE_PROTECTION_ENABLED" : "DELETE_PROTECTION_DISABLED"
  deletion_policy                   = var.protect_data ? "ABANDON" : "DELETE"

  cmek_config {
    kms_key_name = google_kms_crypto_key.data.id
  }

  depends_on = [google_kms_crypto_key_iam_member.agent]
}

resource "google_firestore_backup_schedule" "daily" {
  database  = google_firestore_database.documents.name
  retention = "2592000s"

  daily_recurrence {}
}

resource "google_firestore_index" "documents" {
  for_each = local.catalog.indexes

  database    = google_firestore_database.documents.name
  collection  = each.value.collection
  query_scope = each.value.scope

  dynamic "fields" {
    for_each = each.value.fields

    content {
      field_path = fields.value
      order      = "ASCENDING"
    }
  }
}

# An empty index_config means no index at all; `*` is every field that has no configuration of its own.
resource "google_firestore_field" "documents" {
  for_each = local.catalog.fields

  database   = google_firestore_database.documents.name
  collection = each.value.collection
  field      = each.value.field

  index_config {
    dynamic "indexes" {
      for_each = each.value.ascending

      content {
        order       = "ASCENDING"
        query_scope = indexes.value
      }
    }
  }

  dynamic "ttl_config" {
    for_each = each.value.expires ? ["expires"] : []

    content {}
  }
}
