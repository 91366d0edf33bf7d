output "address" {
  description = "The A record of the domain."
  value       = google_compute_global_address.public.address
}

output "images" {
  description = "Where images are pushed, without the service's name."
  value       = local.image
}

output "region" {
  description = "Where everything is."
  value       = var.region
}

output "database_host" {
  description = "Private address of the ledger."
  value       = google_sql_database_instance.ledger.private_ip_address
}

output "cache_endpoint" {
  description = "Private address of Redis, with its port; empty where there is none."
  value       = local.cached ? "${google_redis_instance.cache[0].host}:${google_redis_instance.cache[0].port}" : ""
}

output "service_urls" {
  description = "Each service's own address, which answers inside the project only."
  value       = { for name, service in google_cloud_run_v2_service.service : name => service.uri }
}
