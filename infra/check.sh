#!/bin/sh
# Everything that can be known of infra/ without a cloud: format, checkov, and the generated catalogue.
# checkov needs versions of its own, so it lives in a virtual environment of its own, made once.
# Usage: infra/check.sh [python]; with the folder CHECKER (a machine that has it) also the provider's schema.
set -eu
cd "$(dirname "$0")/.."
PYTHON="${1:-python3}"
HOME_OF_CHECKOV="${PULSEPOINT_CHECKOV_HOME:-build/checkov}"
CHECKER="${CHECKER:-../shared/tools/terraform/check_terraform.py}"

if command -v terraform >/dev/null; then
    terraform fmt -check -recursive infra
elif [ "${PULSEPOINT_NO_SKIP:-}" = 1 ]; then
    echo "terraform is not installed" >&2
    exit 1
else
    echo "terraform is not installed: the format is not checked"
fi

if ! cmp -s infra/requirements-checkov.lock "$HOME_OF_CHECKOV/lock"; then
    rm -rf "$HOME_OF_CHECKOV"
    "$PYTHON" -m venv "$HOME_OF_CHECKOV"
    "$HOME_OF_CHECKOV/bin/pip" install --disable-pip-version-check --quiet --no-deps --require-hashes \
        -r infra/requirements-checkov.lock
    cp infra/requirements-checkov.lock "$HOME_OF_CHECKOV/lock"
fi
"$HOME_OF_CHECKOV/bin/checkov" --directory infra --framework terraform --skip-download --quiet --compact

if [ -f "$CHECKER" ]; then
    "$PYTHON" "$CHECKER" infra
else
    echo "no $CHECKER here: arguments are not compared with the provider's schema"
fi
