#!/bin/sh
# Compile every lock file: the whole, the tests', each service's own, constrained by both, and that of Terraform's checker.
set -eu
cd "$(dirname "$0")/../.."
compile() {
    uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate \
        --no-header "$@"
}
compile pyproject.toml -o requirements.lock
compile pyproject.toml --extra cloud --extra dev -c requirements.lock -o requirements-dev.lock
for service in services/*/; do
    compile "${service}pyproject.toml" -c requirements.lock -c requirements-dev.lock \
        --no-emit-package pulsepoint-kernel -o "${service}requirements.lock"
done
echo checkov | compile - -o infra/requirements-checkov.lock
