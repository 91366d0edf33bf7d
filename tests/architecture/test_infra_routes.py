"""Every address that infra/ names is served: routed paths by their service, watched ones, and those alerts send to."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

import pytest
from fastapi.routing import APIRoute

from deploy.local import routes
from tests.architecture.test_pages import addresses, anchors
from tests.builders.terraform import sole

ROOT = Path(__file__).resolve().parents[2]
INFRA = "\n".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "infra").glob("*.tf")))
HEALTH = {"/health", "/healthz", "/readyz"}
INTERNAL = {"/push/", "/tasks/"}
"""What the runtime serves to Pub/Sub and Cloud Scheduler, and to nobody through the balancer."""


def served_by(service: str) -> set[str]:
    """The paths a service serves: raw prefixes in front of FastAPI, and its routes with parameters as `{}`."""
    declared = import_module(f"{service.replace('-', '_')}.main").SERVICE
    paths = {
        re.sub(r"\{\w+\}", "{}", route.path)
        for router in declared.routers
        for route in router.routes
        if isinstance(route, APIRoute)
    }
    return paths | {prefix.rstrip("/") for prefix in declared.raw} | HEALTH


def is_served(path: str, service: str) -> bool:
    """True where a routed path, or what lies below it, leads to something the service serves."""
    requested = path.removesuffix("/*").rstrip("/")
    return any(each == requested or each.startswith(f"{requested}/") for each in served_by(service))


def routed() -> list[str]:
    """The paths that the balancer sends to ingest-shopify."""
    [matcher] = sole("google_compute_url_map.public").body["path_matcher"]
    return [path.strip('"') for rule in matcher["path_rule"] for path in rule["paths"]]


@pytest.mark.parametrize("path", [*routed(), *routes.INGRESS])
def test_a_path_is_routed_to_a_service_that_serves_it(path: str) -> None:
    assert is_served(path, "ingest-shopify")


def test_a_path_that_is_served_by_nobody_is_seen() -> None:
    assert not is_served("/pixel", "ingest-shopify") and not is_served("/webhooks/shopifyx", "ingest-shopify")


def test_every_address_an_alert_sends_to_is_served() -> None:
    named = set(re.findall(r"\b(?:GET|POST|PUT) (/[\w/{}-]+)", INFRA))
    assert named and {re.sub(r"\{\w+\}", "{}", path) for path in named} - addresses() == set()


def test_every_page_and_heading_an_alert_sends_to_is_there() -> None:
    named = re.findall(r"(docs/[\w-]+\.md): ([\w ]+)[.;\"]", INFRA)
    assert named
    for page, heading in named:
        assert heading.replace(" ", "-").lower() in anchors(ROOT / page), heading


def test_what_is_watched_from_outside_is_served() -> None:
    [(_, gateway), (_, ingest)] = re.findall(r"(gateway|ingest-shopify) += \{ path = \"([^\"]+)\"", INFRA)
    assert is_served(gateway, "gateway") and is_served(ingest, "ingest-shopify")


def test_every_prefix_the_edge_treats_apart_leads_somewhere() -> None:
    edge = (ROOT / "infra" / "armor.tf").read_text(encoding="utf-8")
    limited = re.findall(r"^ +\"(/[\w/-]*)\" += \{ priority", edge, re.MULTILINE)
    spared = re.findall(r"path\.(starts|ends)With\('([^'$]+)'\)", edge)
    everything = served_by("gateway") | served_by("ingest-shopify") | INTERNAL
    assert limited and spared
    for prefix in [*limited, *(text for how, text in spared if how == "starts")]:
        assert any(f"{path}/".startswith(prefix) for path in everything), prefix
    for end in (text for how, text in spared if how == "ends"):
        assert any(path.endswith(end) for path in everything), end
