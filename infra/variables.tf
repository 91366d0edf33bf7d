variable "project_id" {
  type        = string
  description = "The Google Cloud project Pulsepoint runs in, and nothing else does."
}

variable "region" {
  type        = string
  description = "The one region of every service and of all data, for example europe-west1."

  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]+$", var.region))
    error_message = "A single region such as europe-west1, not a multi-region."
  }
}

variable "environment" {
  type        = string
  description = "starter or prod; a label on everything."

  validation {
    condition     = contains(["starter", "prod"], var.environment)
    error_message = "starter or prod."
  }
}

variable "domain" {
  type        = string
  description = "The public name, for example tower.example.com; its A record points at the load balancer."
}

variable "release" {
  type        = string
  description = "Tag of the images the services start with. Empty at the first apply, when there are no images: no services are made then."
  default     = ""
}

variable "admin_email" {
  type        = string
  description = "Who the first log-in belongs to."
}

variable "alert_email" {
  type        = string
  description = "Where alerts and the budget's warnings go."
}

variable "billing_account" {
  type        = string
  description = "The billing account the budget watches, as 012345-6789AB-CDEF01."
}

variable "monthly_budget" {
  type        = number
  description = "Units of the billing account's currency a month; half, nine tenths and all of it are told."
}

variable "business_time_zone" {
  type        = string
  description = "Time zone of the daily jobs: the analysis at 02:00, and before it the refresh."
  default     = "Etc/UTC"
}

variable "services" {
  type = map(object({
    min_instances = number
    max_instances = number
    cpu           = string
    memory        = string
    concurrency   = number
  }))
  description = "Size of each service; keys are the services of the catalogue."
}

variable "assessment_seconds" {
  type        = number
  description = "How long orders are gathered before a brand's stock, advice and alerts are assessed anew. Each assessment asks BigQuery, which is paid by what it reads: docs/costs.md."
  default     = 300
}

variable "database_tier" {
  type        = string
  description = "Machine type of Cloud SQL: db-g1-small is a shared core (without Google's service level), db-custom-2-7680 has two of its own."
}

variable "database_regional" {
  type        = bool
  description = "Whether Cloud SQL has a standby in another zone of the region."
}

variable "cache_tier" {
  type        = string
  description = "BASIC, STANDARD_HA (a replica in another zone of the region), or NONE: no Redis. Then each instance counts limits for itself, so the gateway has one at most, and no answers of BigQuery are kept."

  validation {
    condition     = contains(["NONE", "BASIC", "STANDARD_HA"], var.cache_tier)
    error_message = "NONE, BASIC or STANDARD_HA."
  }

  validation {
    condition     = var.cache_tier != "NONE" || var.services["gateway"].max_instances == 1
    error_message = "Without Redis there may be one gateway: services.gateway.max_instances = 1."
  }
}

variable "cpu_between_requests" {
  type        = bool
  description = "Whether the gateway keeps its processor while nobody asks, and is paid for all the time it is there. Without it open pages are told of news as well: each is a request."
  default     = true
}

variable "cache_memory_gb" {
  type        = number
  description = "Memory of Redis in GiB."
}

variable "extra_secrets" {
  type        = map(list(string))
  description = "Environment variables beside the required ones that hold secrets, with the services that read them. Give one only once its secret has a version."
  default     = {}
}

variable "shopify_header_routing" {
  type        = bool
  description = "Whether deliveries to /webhooks/shopify without a brand's token count by the shop header, which nobody signs. True only while subscriptions of before are moved to each brand's own address."
  default     = false
}

variable "quarantine_days" {
  type        = number
  description = "How many days what is in quarantine and dead letters is kept, 31 at most in Pub/Sub itself. Left out, as the product has it; what waits for a person has no end."
  default     = null

  validation {
    condition     = var.quarantine_days == null ? true : var.quarantine_days >= 1 && floor(var.quarantine_days) == var.quarantine_days
    error_message = "A whole number of days, at least 1."
  }
}

variable "extra_settings" {
  type        = map(map(string))
  description = "Settings of .env.example beside those set here, by service. No secrets: those are extra_secrets."
  default     = {}

  validation {
    condition     = alltrue([for name in keys(var.extra_settings) : contains(keys(var.services), name)])
    error_message = "Its keys are the services of the catalogue, such as gateway."
  }
}

variable "export_traces" {
  type        = bool
  description = "Whether spans go to Cloud Trace. They carry ids and times, no personal data; Google chooses where Cloud Trace keeps them, so a deployment whose rules allow nothing outside its region says false."
  default     = true
}

variable "protect_data" {
  type        = bool
  description = "Whether databases and keys refuse to be deleted. False only where everything is to be thrown away."
  default     = true
}
