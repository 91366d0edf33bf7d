# One key for everything Pulsepoint keeps: taking it away makes all of it unreadable at once.

resource "google_kms_key_ring" "data" {
  name       = "pulsepoint"
  location   = var.region
  depends_on = [google_project_service.api]
}

resource "google_kms_crypto_key" "data" {
  name            = "data"
  key_ring        = google_kms_key_ring.data.id
  rotation_period = "7776000s"
  labels          = local.labels

  # Terraform cannot bring back what this key encrypts, so it must never destroy the key.
  lifecycle {
    prevent_destroy = true
  }
}

resource "google_kms_crypto_key_iam_member" "agent" {
  for_each = local.agents

  crypto_key_id = google_kms_crypto_key.data.id
  role          = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
  member        = "serviceAccount:${each.value}"

  depends_on = [
    google_project_service_identity.agent,
    data.google_storage_project_service_account.storage,
    data.google_bigquery_default_service_account.bigquery,
  ]
}
