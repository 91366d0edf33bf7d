#!/bin/sh
# What the tests need on a bare Debian: Chromium, Redis, Java, and the Google Cloud CLI with its emulators.
# https://cloud.google.com/sdk/docs/install#deb
set -eu

keyring=/usr/share/keyrings/cloud.google.gpg
curl --fail --silent --show-error https://packages.cloud.google.com/apt/doc/apt-key.gpg | gpg --dearmor --yes -o "$keyring"
echo "deb [signed-by=$keyring] https://packages.cloud.google.com/apt cloud-sdk main" \
    >/etc/apt/sources.list.d/google-cloud-sdk.list
apt-get update -qq
apt-get install -y -qq --no-install-recommends \
    chromium default-jre-headless git google-cloud-cli google-cloud-cli-firestore-emulator \
    google-cloud-cli-pubsub-emulator make redis-server >/dev/null
