# A small tower for trying things: no standby, nothing kept warm. The rest (project_id, domain, …) is yours: my.tfvars.
environment       = "dev"
region            = "europe-west1"
monthly_budget    = 300
database_tier     = "db-custom-1-3840"
database_regional = false
cache_tier        = "BASIC"
cache_memory_gb   = 1

services = {
  ingest-shopify  = { min_instances = 0, max_instances = 3, cpu = "1", memory = "512Mi", concurrency = 80 }
  ingest-ads      = { min_instances = 0, max_instances = 2, cpu = "1", memory = "512Mi", concurrency = 40 }
  attribution     = { min_instances = 0, max_instances = 3, cpu = "1", memory = "512Mi", concurrency = 40 }
  inventory-intel = { min_instances = 0, max_instances = 2, cpu = "1", memory = "512Mi", concurrency = 40 }
  ai-advisor      = { min_instances = 0, max_instances = 2, cpu = "1", memory = "512Mi", concurrency = 20 }
  alerting        = { min_instances = 0, max_instances = 2, cpu = "1", memory = "512Mi", concurrency = 40 }
  gateway         = { min_instances = 0, max_instances = 2, cpu = "1", memory = "1Gi", concurrency = 250 }
}
