"""A release finds what Terraform made, by the names it was given."""

from __future__ import annotations

import shutil

import pytest

from tests.builders.terraform import INFRA, expanded, sole

pytestmark = pytest.mark.skipif(shutil.which("terraform") is None, reason="terraform is not installed")


def test_the_release_finds_what_terraform_makes() -> None:
    text = (INFRA.parent / "deploy" / "release" / "rollout.py").read_text(encoding="utf-8")
    network, subnet = sole("google_compute_network.private"), sole("google_compute_subnetwork.run")
    assert f'("--network", "{expanded(network, "name")[""]}", "--subnet", "{expanded(subnet, "name")[""]}")' in text
    secrets = expanded(sole("google_secret_manager_secret.deployment"), "secret_id")
    assert secrets["PULSEPOINT_IDENTITY_STORE_OWNER_URL"] in text
    build = (INFRA.parent / "cloudbuild.yaml").read_text(encoding="utf-8")
    assert f"{expanded(sole('google_service_account.build'), 'account_id')['']}@" in build
    assert f"/{expanded(sole('google_artifact_registry_repository.images'), 'repository_id')['']}\n" in build
