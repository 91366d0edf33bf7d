# Secrets of the deployment. Terraform makes them empty; infra/first_secrets.sh gives them values, so that none is in
# the state. (Redis makes up its password itself, and its provider does keep that in the state: the state's bucket is
# private.) What people enter (tokens of ad accounts, Slack addresses) the product keeps in secrets of its own, whose
# names start with pulsepoint-; these do not, so the right to those is no right to these.

locals {
  secret_readers = merge(
    {
      DATABASE_URL                  = ["gateway"]
      SECRET_KEY                    = ["gateway"]
      PULSEPOINT_ADMIN_PASSWORD     = ["gateway"]
      PULSEPOINT_SHOPIFY_API_SECRET = ["ingest-shopify"]
    },
    local.cached ? { REDIS_URL = keys(local.services) } : {},
    var.extra_secrets,
  )
  secrets_of = {
    for service in keys(local.services) :
    service => toset([for name, readers in local.secret_readers : name if contains(readers, service)])
  }
  # The build brings the ledger to the newest version before a release; the job that makes the ledger's roles, once, gives
  # them the passwords of their addresses.
  build_secrets = toset(["PULSEPOINT_IDENTITY_STORE_OWNER_URL"])
  first_secrets = toset(["PULSEPOINT_IDENTITY_STORE_ADMIN_URL", "PULSEPOINT_IDENTITY_STORE_OWNER_URL", "DATABASE_URL"])
}

resource "google_secret_manager_secret" "deployment" {
  for_each = setunion(toset(keys(local.secret_readers)), local.build_secrets, local.first_secrets)

  secret_id = "deploy-${replace(lower(each.key), "_", "-")}"
  labels    = local.labels

  replication {
    user_managed {
      replicas {
        location = var.region

        customer_managed_encryption {
          kms_key_name = google_kms_crypto_key.data.id
        }
      }
    }
  }

  depends_on = [google_kms_crypto_key_iam_member.agent]
}

resource "google_secret_manager_secret_iam_member" "deployment" {
  for_each = merge([
    for service, names in local.secrets_of : { for name in names : "${service}/${name}" => { service = service, name = name } }
  ]...)

  secret_id = google_secret_manager_secret.deployment[each.value.name].id
  role      = "roles/secretmanager.secretAccessor"
  member    = google_service_account.service[each.value.service].member
}

resource "google_secret_manager_secret_iam_member" "build" {
  for_each = local.build_secrets

  secret_id = google_secret_manager_secret.deployment[each.key].id
  role      = "roles/secretmanager.secretAccessor"
  member    = google_service_account.build.member
}

resource "google_secret_manager_secret_iam_member" "first" {
  for_each = local.first_secrets

  secret_id = google_secret_manager_secret.deployment[each.key].id
  role      = "roles/secretmanager.secretAccessor"
  member    = google_service_account.first.member
}

# Public, but files reach Cloud Run only as secrets.
resource "google_secret_manager_secret" "redis_ca" {
  count = local.cached ? 1 : 0

  secret_id = "deploy-redis-ca"
  labels    = local.labels

  replication {
    user_managed {
      replicas {
        location = var.region

        customer_managed_encryption {
          kms_key_name = google_kms_crypto_key.data.id
        }
      }
    }
  }

  depends_on = [google_kms_crypto_key_iam_member.agent]
}

resource "google_secret_manager_secret_version" "redis_ca" {
  count = local.cached ? 1 : 0

  secret      = google_secret_manager_secret.redis_ca[0].id
  secret_data = join("\n", [for authority in google_redis_instance.cache[0].server_ca_certs : authority.cert])
}

resource "google_secret_manager_secret_iam_member" "redis_ca" {
  for_each = local.cached ? local.services : {}

  secret_id = google_secret_manager_secret.redis_ca[0].id
  role      = "roles/secretmanager.secretAccessor"
  member    = google_service_account.service[each.key].member
}
