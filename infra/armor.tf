# Cloud Armor in front of the load balancer. The first rule that matches decides, so limits come after refusals.
#
# Signed webhooks and uploaded files carry free text (product descriptions, order notes) that looks like an
# attack now and then, and Shopify drops a subscription whose deliveries are refused: rules over the content spare them.
# Their signatures, size limits and parsers are the guard there. https://cloud.google.com/armor/docs/waf-rules

locals {
  spared = join(" && ", [
    "!request.path.startsWith('/webhooks/')",
    "!request.path.endsWith('/uploads')",
  ])

  # Priority of each preconfigured rule set; sensitivity 1 is the one with the fewest false alarms.
  waf = {
    "cve-canary"                  = 1000
    "sqli-v33-stable"             = 1010
    "xss-v33-stable"              = 1020
    "lfi-v33-stable"              = 1030
    "rfi-v33-stable"              = 1040
    "rce-v33-stable"              = 1050
    "scannerdetection-v33-stable" = 1060
    "protocolattack-v33-stable"   = 1070
    "sessionfixation-v33-stable"  = 1080
  }

  # Requests a minute from one address. Shopify sends every shop's webhooks from few addresses.
  limits = {
    "/api/auth/" = { priority = 2000, count = 60 }
    "/webhooks/" = { priority = 2010, count = 30000 }
    "/"          = { priority = 2900, count = 1200 }
  }
}

resource "google_compute_security_policy" "edge" {
  #checkov:skip=CKV_GCP_73:The rule cve-canary is here, but spares signed webhooks (checkov wants it bare); nothing here runs on a JVM.
  name = "pulsepoint"
  type = "CLOUD_ARMOR"

  adaptive_protection_config {
    layer_7_ddos_defense_config {
      enable = true
    }
  }

  advanced_options_config {
    json_parsing = "STANDARD"
    log_level    = "NORMAL"
  }

  # Pub/Sub and Cloud Scheduler reach the services inside the project; from outside nobody has business there.
  rule {
    description = "Pushes and tasks do not come from outside"
    action      = "deny(403)"
    priority    = 100

    match {
      expr {
        expression = "request.path.startsWith('/push/') || request.path.startsWith('/tasks/')"
      }
    }
  }

  dynamic "rule" {
    for_each = local.waf

    content {
      description = rule.key
      action      = "deny(403)"
      priority    = rule.value

      match {
        expr {
          expression = "${local.spared} && evaluatePreconfiguredWaf('${rule.key}', {'sensitivity': 1})"
        }
      }
    }
  }

  dynamic "rule" {
    for_each = local.limits

    content {
      description = "At most ${rule.value.count} requests a minute from one address to ${rule.key}"
      action      = "throttle"
      priority    = rule.value.priority

      match {
        expr {
          expression = "request.path.startsWith('${rule.key}')"
        }
      }

      rate_limit_options {
        conform_action = "allow"
        exceed_action  = "deny(429)"
        enforce_on_key = "IP"

        rate_limit_threshold {
          count        = rule.value.count
          interval_sec = 60
        }
      }
    }
  }

  rule {
    description = "Every policy ends with a rule for all"
    action      = "allow"
    priority    = 2147483647

    match {
      versioned_expr = "SRC_IPS_V1"

      config {
        src_ip_ranges = ["*"]
      }
    }
  }

  depends_on = [google_project_service.api]
}
