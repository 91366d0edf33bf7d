# A first shop, or trying things: one zone, a shared core for the database, no Redis, and nothing that runs while nobody
# asks. The rest (project_id, domain, …) is yours: my.tfvars. docs/costs.md says what it costs and docs/cloud.md what it
# gives up; later on prod.tfvars takes over with one apply.
environment          = "starter"
region               = "europe-west1"
monthly_budget       = 150
database_tier        = "db-g1-small"
database_regional    = false
cache_tier           = "NONE"
cache_memory_gb      = 1
cpu_between_requests = false
assessment_seconds   = 900

# A shared core takes fifty connections, and during a release two gateways run with sixteen each: one of each revision.
# It also counts limits for itself alone, which without Redis is exact for one.
services = {
  ingest-shopify  = { min_instances = 0, max_instances = 3, cpu = "1", memory = "512Mi", concurrency = 80 }
  ingest-ads      = { min_instances = 0, max_instances = 1, cpu = "1", memory = "512Mi", concurrency = 40 }
  attribution     = { min_instances = 0, max_instances = 3, cpu = "1", memory = "512Mi", concurrency = 40 }
  inventory-intel = { min_instances = 0, max_instances = 2, cpu = "1", memory = "512Mi", concurrency = 40 }
  ai-advisor      = { min_instances = 0, max_instances = 2, cpu = "1", memory = "512Mi", concurrency = 20 }
  alerting        = { min_instances = 0, max_instances = 2, cpu = "1", memory = "512Mi", concurrency = 40 }
  gateway         = { min_instances = 0, max_instances = 1, cpu = "1", memory = "1Gi", concurrency = 250 }
}
