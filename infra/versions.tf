terraform {
  required_version = ">= 1.11"

  required_providers {
    google = {
      source  = "hashicorp/google"
      version = "~> 7.45"
    }
    google-beta = {
      source  = "hashicorp/google-beta"
      version = "~> 7.45"
    }
  }

  # Bucket and prefix come from `terraform init -backend-config=…`: the state belongs to a deployment, not to the code.
  backend "gcs" {}
}

provider "google" {
  project               = var.project_id
  region                = var.region
  user_project_override = true
  billing_project       = var.project_id
}

# Only for making service agents, which the stable provider cannot.
provider "google-beta" {
  project = var.project_id
  region  = var.region
}
