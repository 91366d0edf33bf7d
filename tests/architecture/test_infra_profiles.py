"""The two sizes: a production with a second of everything that runs in a zone, and a starter that sleeps."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from functools import cache
from typing import Any

import pytest

from pulsepoint.events.catalog import SERVICES
from tests.builders.terraform import INFRA, Block, each, evaluate, hcl, of_type, sole

pytestmark = [
    pytest.mark.skipif(shutil.which("terraform") is None, reason="terraform is not installed"),
    pytest.mark.slow,
]
PROD, STARTER = "prod.tfvars", "starter.tfvars"
SHARED_CORE = {"db-f1-micro", "db-g1-small"}
"""https://cloud.google.com/sql/docs/postgres/machine-series-overview"""
CONNECTIONS = {"db-g1-small": 50}
"""https://cloud.google.com/sql/docs/postgres/quotas#maximum_concurrent_connections"""
DEPENDENT = [
    resource
    for resource in of_type(
        "google_redis_instance",
        "google_secret_manager_secret",
        "google_secret_manager_secret_version",
        "google_secret_manager_secret_iam_member",
    )
    if resource.name in ("cache", "redis_ca")
]
"""What is made for Redis."""


def within(body: Block, *path: str) -> Any:
    """An argument of nested blocks."""
    value: Any = body
    for step in path:
        value = (value[0] if isinstance(value, list) else value)[step]
    return value


def dynamic(body: Block, name: str) -> str:
    """HCL of what a dynamic block is made for."""
    blocks = {key.strip('"'): block for nested in body["dynamic"] for key, block in nested.items()}
    return f"tolist({hcl(blocks[name]['for_each'])})"


def requested() -> Mapping[str, str]:
    """Expressions about a profile, by what they tell; all are evaluated at once, which takes seconds."""
    service, database = sole("google_cloud_run_v2_service.service"), sole("google_sql_database_instance.ledger")
    template = within(service.body, "template")
    backup = within(database.body, "settings", "backup_configuration", "point_in_time_recovery_enabled")
    idle = within(service.body, "template", "containers", "resources", "cpu_idle")
    return {
        "environment": "var.environment",
        "sizes": "var.services",
        "tier": "var.database_tier",
        "available": hcl(within(database.body, "settings", "availability_type")),
        "recoverable": hcl(backup),
        "protected": hcl(database.body["deletion_protection"]),
        "public": hcl(within(database.body, "settings", "ip_configuration", "ipv4_enabled")),
        "cache": "var.cache_tier",
        "idle": each(service, idle),
        "environments": "local.environments",
        "secrets": "local.secret_readers",
        "volumes": dynamic(template[0], "volumes"),
        "mounts": dynamic(template[0]["containers"][0], "volume_mounts"),
        **{resource.address: f"length({each(resource, 'true')}) > 0" for resource in DEPENDENT},
    }


@cache
def evaluated(tfvars: str) -> dict[str, Any]:
    """The answers about a profile."""
    return evaluate(requested(), tfvars=tfvars)


def test_there_are_two_profiles() -> None:
    assert {path.name for path in INFRA.glob("*.tfvars")} - {"my.tfvars"} == {PROD, STARTER}
    assert {name: evaluated(name)["environment"] for name in (PROD, STARTER)} == {PROD: "prod", STARTER: "starter"}


def test_a_production_has_a_second_of_whatever_runs_in_one_zone() -> None:
    prod = evaluated(PROD)
    assert (prod["available"], prod["cache"]) == ("REGIONAL", "STANDARD_HA")
    assert {name for name, size in prod["sizes"].items() if size["min_instances"]} == {"gateway", "ingest-shopify"}
    assert all(size["max_instances"] > 1 for size in prod["sizes"].values())
    assert prod["idle"] == {name: name != "gateway" for name in SERVICES}


def test_a_starter_has_one_zone_a_shared_core_and_nothing_that_is_always_there() -> None:
    starter = evaluated(STARTER)
    assert starter["available"] == "ZONAL" and starter["tier"] in SHARED_CORE
    assert {size["min_instances"] for size in starter["sizes"].values()} == {0}
    # An instance that keeps its processor is paid for while it is there, and a sweep a minute would keep it there.
    assert starter["idle"] == dict.fromkeys(SERVICES, True)
    assert starter["environments"]["gateway"]["PULSEPOINT_CPU_BETWEEN_REQUESTS"] == "false"


def test_what_needs_redis_is_made_with_it_and_without_it_is_not() -> None:
    prod, starter = evaluated(PROD), evaluated(STARTER)
    assert len(DEPENDENT) == 4
    for resource in DEPENDENT:
        assert (prod[resource.address], starter[resource.address]) == (True, False), resource.address
    assert set(prod["secrets"]) - set(starter["secrets"]) == {"REDIS_URL"}
    # Of all services: who appends facts ends the answers that the gateway keeps.
    assert sorted(prod["secrets"]["REDIS_URL"]) == sorted(SERVICES)
    for block in ("volumes", "mounts"):
        assert (prod[block], starter[block]) == (["redis-ca"], [])
    script = (INFRA / "first_secrets.sh").read_text(encoding="utf-8")
    assert re.search(r'if \[ -n "\$CACHE" \] && ! has_value deploy-redis-url', script)


def test_a_starter_keeps_what_protects_data() -> None:
    for name in (PROD, STARTER):
        answers = evaluated(name)
        assert (answers["recoverable"], answers["protected"], answers["public"]) == (True, True, False)


def test_a_shared_core_has_connections_for_two_revisions_of_the_gateway() -> None:
    starter = evaluated(STARTER)
    pool = 16  # gateway/adapters/identity_store/engine.py
    assert 2 * starter["sizes"]["gateway"]["max_instances"] * pool < CONNECTIONS[starter["tier"]]


def test_without_redis_more_than_one_gateway_is_refused() -> None:
    sizes = {name: dict(size) for name, size in evaluated(STARTER)["sizes"].items()}
    sizes["gateway"]["max_instances"] = 2
    with pytest.raises(AssertionError, match="there may be one gateway"):
        evaluate({"sizes": "var.services"}, tfvars=STARTER, services=sizes)
