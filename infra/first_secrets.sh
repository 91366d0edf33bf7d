#!/bin/sh
# Give the deployment's secrets their first values, after the first `terraform apply` and before there are services.
# Nothing is printed or written to a file. Secrets that have a value keep it: safe to run again.
# Usage: PROJECT=… sh infra/first_secrets.sh   (in a shell that is logged in with gcloud; it asks for Shopify's secret)
set -eu
: "${PROJECT:?set PROJECT to the project of the deployment}"
cd "$(dirname "$0")"

has_value() { gcloud secrets versions access latest --project "$PROJECT" --secret "$1" >/dev/null 2>&1; }
put() { gcloud secrets versions add "$1" --project "$PROJECT" --data-file=- >/dev/null && echo "set $1"; }
value() { gcloud secrets versions access latest --project "$PROJECT" --secret "$1"; }
# Letters of both cases, a digit and a sign, as the database asks for; all of them stand for themselves in a URL.
password() { printf 'Aa1-%s' "$(openssl rand -hex 24)"; }

HOST="$(terraform output -raw database_host)"
CACHE="$(terraform output -raw cache_endpoint)"
REGION="$(terraform output -raw region)"
ledger() { printf 'postgresql://%s:%s@%s:5432/pulsepoint?sslmode=require' "$1" "$(password)" "$HOST"; }

has_value deploy-secret-key || openssl rand -hex 32 | tr -d '\n' | put deploy-secret-key
has_value deploy-pulsepoint-admin-password || password | put deploy-pulsepoint-admin-password
has_value deploy-pulsepoint-identity-store-owner-url || ledger ledger_owner | put deploy-pulsepoint-identity-store-owner-url
has_value deploy-database-url || ledger ledger_runtime | put deploy-database-url

# The database's own administrator: a role with CREATEROLE, used once by the job that makes the two roles above.
if ! has_value deploy-pulsepoint-identity-store-admin-url; then
    ledger postgres | put deploy-pulsepoint-identity-store-admin-url
    ADMIN="$(value deploy-pulsepoint-identity-store-admin-url | sed 's,^[^:]*://[^:]*:\([^@]*\)@.*,\1,')"
    gcloud sql users set-password postgres --project "$PROJECT" --instance pulsepoint-ledger --password "$ADMIN"
fi

# Redis's authority is this instance's own, which proves it; its certificates name no host that could be compared.
# A starter has no Redis.
if [ -n "$CACHE" ] && ! has_value deploy-redis-url; then
    AUTH="$(gcloud redis instances get-auth-string pulsepoint --project "$PROJECT" --region "$REGION" --format 'value(authString)')"
    printf 'rediss://default:%s@%s/0?ssl_ca_certs=/secrets/redis/ca.pem&ssl_check_hostname=false' "$AUTH" "$CACHE" | put deploy-redis-url
fi

if ! has_value deploy-pulsepoint-shopify-api-secret; then
    printf 'Client secret of your Shopify app (not shown): ' >&2
    stty -echo
    read -r SECRET
    stty echo
    echo >&2
    printf '%s' "$SECRET" | put deploy-pulsepoint-shopify-api-secret
fi
