# Topics and subscriptions of the catalogue (shared/pulsepoint/events/catalog.py, by way of catalog.json).

locals {
  dead_letter_topics = toset([for entry in local.catalog.dead_letters : entry.topic])

  # How long an event waits for a subscriber that is down: a week, raw deliveries of Shopify among them.
  event_retention = "604800s"

  # As long as the services keep a body, or as Pub/Sub can.
  dead_letter_days      = min(coalesce(var.quarantine_days, local.catalog.quarantine_days), local.catalog.most_retention_days)
  dead_letter_retention = "${local.dead_letter_days * 86400}s"

  # Who pushes what where: the subscriptions of events, and each service's own dead letters.
  pushes = { for name, entry in local.catalog.subscriptions : name => entry if contains(keys(local.running), entry.service) }
  dead_letter_pushes = {
    for name, entry in local.catalog.dead_letters : name => entry if contains(keys(local.running), entry.service)
  }

  # A token for one service must not open another.
  push_audience = { for name in keys(local.services) : name => "https://${name}.pulsepoint.internal" }
}

resource "google_pubsub_topic" "event" {
  for_each = toset(local.catalog.topics)

  name                       = each.key
  kms_key_name               = google_kms_crypto_key.data.id
  message_retention_duration = local.event_retention
  labels                     = local.labels

  message_storage_policy {
    allowed_persistence_regions = [var.region]
    enforce_in_transit          = true
  }

  depends_on = [google_kms_crypto_key_iam_member.agent]
}

resource "google_pubsub_topic" "dead_letter" {
  for_each = local.dead_letter_topics

  name                       = each.key
  kms_key_name               = google_kms_crypto_key.data.id
  message_retention_duration = local.dead_letter_retention
  labels                     = local.labels

  message_storage_policy {
    allowed_persistence_regions = [var.region]
    enforce_in_transit          = true
  }

  depends_on = [google_kms_crypto_key_iam_member.agent]
}

# A changed filter makes a subscription anew, and what it had not delivered is gone: docs/cloud.md says what to do first.
resource "google_pubsub_subscription" "event" {
  for_each = local.pushes

  name                       = each.key
  topic                      = google_pubsub_topic.event[each.value.topic].id
  filter                     = each.value.filter
  ack_deadline_seconds       = each.value.ack_deadline_seconds
  message_retention_duration = local.event_retention
  labels                     = local.labels

  push_config {
    push_endpoint = "${google_cloud_run_v2_service.service[each.value.service].uri}/push/${each.key}"

    oidc_token {
      service_account_email = google_service_account.delivery.email
      audience              = local.push_audience[each.value.service]
    }
  }

  retry_policy {
    minimum_backoff = each.value.minimum_backoff
    maximum_backoff = each.value.maximum_backoff
  }

  dead_letter_policy {
    dead_letter_topic     = google_pubsub_topic.dead_letter[each.value.dead_letter_topic].id
    max_delivery_attempts = each.value.max_delivery_attempts
  }

  # Never expires, however quiet a shop is.
  expiration_policy {
    ttl = ""
  }

  depends_on = [google_pubsub_topic_iam_member.dead_letter_agent]
}

# The service itself keeps its dead letters, encrypted, lists and replays them.
resource "google_pubsub_subscription" "dead_letter" {
  for_each = local.dead_letter_pushes

  name                       = each.key
  topic                      = google_pubsub_topic.dead_letter[each.value.topic].id
  ack_deadline_seconds       = 60
  message_retention_duration = local.dead_letter_retention
  labels                     = local.labels

  push_config {
    push_endpoint = "${google_cloud_run_v2_service.service[each.value.service].uri}/push/${each.key}"

    oidc_token {
      service_account_email = google_service_account.delivery.email
      audience              = local.push_audience[each.value.service]
    }
  }

  retry_policy {
    minimum_backoff = "10s"
    maximum_backoff = "600s"
  }

  expiration_policy {
    ttl = ""
  }
}

# Observability events also go straight into BigQuery, so that traces of an outage outlive it.
resource "google_pubsub_subscription" "observability_archive" {
  name                       = "bigquery.observability"
  topic                      = google_pubsub_topic.event["observability"].id
  message_retention_duration = local.event_retention
  labels                     = local.labels

  bigquery_config {
    table               = "${var.project_id}.${google_bigquery_table.observability_messages.dataset_id}.${google_bigquery_table.observability_messages.table_id}"
    use_table_schema    = false
    write_metadata      = true
    drop_unknown_fields = false
  }

  retry_policy {
    minimum_backoff = "10s"
    maximum_backoff = "600s"
  }

  expiration_policy {
    ttl = ""
  }

  depends_on = [google_bigquery_dataset_iam_member.archive_agent]
}

resource "google_pubsub_topic_iam_member" "publisher" {
  for_each = merge([
    for service, entry in local.services : {
      for topic in entry.publishes : "${service}/${topic}" => { service = service, topic = topic }
    }
  ]...)

  topic  = google_pubsub_topic.event[each.value.topic].id
  role   = "roles/pubsub.publisher"
  member = google_service_account.service[each.value.service].member
}

# Forwarding dead letters is Pub/Sub's own work: it publishes to the one topic and acknowledges on the other.
# https://cloud.google.com/pubsub/docs/handling-failures#grant_forwarding_permissions
resource "google_pubsub_topic_iam_member" "dead_letter_agent" {
  for_each = local.dead_letter_topics

  topic  = google_pubsub_topic.dead_letter[each.key].id
  role   = "roles/pubsub.publisher"
  member = "serviceAccount:${local.agents.pubsub}"
}

resource "google_pubsub_subscription_iam_member" "dead_letter_agent" {
  for_each = local.pushes

  subscription = google_pubsub_subscription.event[each.key].id
  role         = "roles/pubsub.subscriber"
  member       = "serviceAccount:${local.agents.pubsub}"
}
