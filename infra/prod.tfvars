# Production: whatever runs in a zone has a second one (Cloud Run, Pub/Sub, Firestore and BigQuery have by themselves). The
# rest (project_id, domain, …) is yours: my.tfvars.
environment          = "prod"
region               = "europe-west1"
monthly_budget       = 1500
database_tier        = "db-custom-2-7680"
database_regional    = true
cache_tier           = "STANDARD_HA"
cache_memory_gb      = 1
cpu_between_requests = true

# Webhooks must be answered within five seconds and people do not wait: one instance of each is always there.
services = {
  ingest-shopify  = { min_instances = 1, max_instances = 20, cpu = "1", memory = "512Mi", concurrency = 80 }
  ingest-ads      = { min_instances = 0, max_instances = 5, cpu = "1", memory = "512Mi", concurrency = 40 }
  attribution     = { min_instances = 0, max_instances = 20, cpu = "1", memory = "512Mi", concurrency = 40 }
  inventory-intel = { min_instances = 0, max_instances = 10, cpu = "1", memory = "1Gi", concurrency = 40 }
  ai-advisor      = { min_instances = 0, max_instances = 10, cpu = "1", memory = "512Mi", concurrency = 20 }
  alerting        = { min_instances = 0, max_instances = 10, cpu = "1", memory = "512Mi", concurrency = 40 }
  gateway         = { min_instances = 1, max_instances = 10, cpu = "1", memory = "1Gi", concurrency = 250 }
}
