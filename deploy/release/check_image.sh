#!/bin/sh
# check_image.sh IMAGE: fails unless IMAGE names its digest, so that two builds of one source have one base.
set -eu
if ! printf '%s\n' "${1:-}" | grep -Eq '^[^@ ]+@sha256:[0-9a-f]{64}$'; then
    echo "PYTHON_IMAGE is '${1:-}': name the base image with its digest, as python:3.11-slim@sha256:<64 hex digits>." >&2
    echo "The digest of today: docker buildx imagetools inspect python:3.11-slim" >&2
    exit 1
fi
