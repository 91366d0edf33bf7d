"""`deploy/emulated/compose.yaml`, read as a file: what `make up` runs is all there, and nothing else is open."""

from __future__ import annotations

import json
import re
from importlib import import_module
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from deploy.emulated.cloud import FAKES, Engines, _service
from deploy.emulated.front import FrontSettings
from deploy.emulated.prepare import PROJECT
from deploy.emulated.processes import Child
from deploy.local.demo import sandbox_address, service_settings
from deploy.local.instance_process import ROOT
from deploy.local.keys import InstanceFile
from deploy.local.settings import InstanceSettings
from pulsepoint.events.catalog import SERVICES

FILE = ROOT / "deploy" / "emulated" / "compose.yaml"
COMPOSE: dict[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
PARTS: dict[str, dict[str, Any]] = COMPOSE["services"]
ENGINES = {"pubsub", "firestore", "postgres", "redis"}
HANDED_IN = re.compile(r"^\$\{[A-Z_]+:\?[^}]+\}$")
SECRET = re.compile(r"(SECRET|PASSWORD|KEY)$")


def test_everything_that_make_up_runs_is_there() -> None:
    fakes = {name.replace("_", "-") for name in FAKES}
    assert set(PARTS) == {*SERVICES, *fakes, *ENGINES, "push-proxy", "front", "demo", "prepare"}


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_its_image_with_settings_it_accepts(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    part = PARTS[name]
    assert part["build"]["dockerfile"] == "deploy/Dockerfile"
    assert part["build"]["args"]["SERVICE"] == name
    for variable, value in part["environment"].items():
        monkeypatch.setenv(variable, str(value))
    settings = import_module(f"{name.replace('-', '_')}.settings").Settings()
    assert (settings.profile, settings.gcp_project_id) == ("cloud", PROJECT)
    assert settings.push_audience == f"http://{name}:8080"
    targets = json.loads(PARTS["push-proxy"]["environment"]["PULSEPOINT_PROXY_TARGETS"])
    assert targets[name] == settings.push_audience
    assert PARTS["push-proxy"]["environment"]["PULSEPOINT_PUSH_SERVICE_ACCOUNT"] == settings.push_service_account
    assert part["stop_grace_period"] == "10s"


def test_the_ledger_is_the_gateways_alone() -> None:
    assert [name for name in SERVICES if "DATABASE_URL" in PARTS[name]["environment"]] == ["gateway"]


def test_every_service_shares_the_cache_whose_answers_it_ends() -> None:
    """A service that appended facts beside that cache would leave the gateway's answers of before them standing."""
    assert len({PARTS[name]["environment"]["REDIS_URL"] for name in SERVICES}) == 1
    keys = InstanceFile("http://x", "a@x", "p", "s", "k")
    engines, proxy = Engines("p:1", "f:1", "redis://r:1/0", "postgresql://l"), Child("proxy", (), 1, "/certs")
    made = [_service(name, 1, InstanceSettings(), keys, engines, {}, proxy) for name in SERVICES]
    assert {child.environment["PULSEPOINT_REDIS_URL"] for child in made} == {"redis://r:1/0"}


def test_only_the_front_is_open_and_only_on_this_machine() -> None:
    assert {name: part["ports"] for name, part in PARTS.items() if "ports" in part} == {
        "front": ["127.0.0.1:8080:8080", "127.0.0.1:8081:8081"]
    }
    environment = PARTS["front"]["environment"]
    assert FrontSettings(
        front_ingress=environment["PULSEPOINT_FRONT_INGRESS"], front_gateway=environment["PULSEPOINT_FRONT_GATEWAY"]
    ) == FrontSettings(front_ingress="http://ingest-shopify:8080", front_gateway="http://gateway:8080")


@pytest.mark.parametrize("name", [name for name in PARTS if name != "prepare"])
def test_every_part_tells_whether_it_is_well(name: str) -> None:
    check = PARTS[name]["healthcheck"]
    assert check["test"][0] == "CMD" and check["retries"] * int(check["interval"].rstrip("s")) >= 60


@pytest.mark.parametrize("name", list(PARTS))
def test_parts_wait_for_parts_that_can_tell(name: str) -> None:
    for other, waits in PARTS[name].get("depends_on", {}).items():
        condition = "service_completed_successfully" if other == "prepare" else "service_healthy"
        assert waits["condition"] == condition, other


def test_the_demo_is_at_the_front_s_address_and_its_sandbox_where_services_may_call(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for variable, value in PARTS["demo"]["environment"].items():
        monkeypatch.setenv(variable, str(value))
    settings = InstanceSettings()
    assert PARTS["demo"]["network_mode"] == "service:front"
    assert (settings.address, sandbox_address(settings)) == ("http://127.0.0.1:8080", "http://front:8081")
    for name, environment in service_settings(settings).items():
        given = {variable.removeprefix("PULSEPOINT_").lower() for variable in PARTS[name]["environment"]}
        assert environment.keys() <= given, name
    for secret in ("PULSEPOINT_ADMIN_PASSWORD", "PULSEPOINT_SHOPIFY_API_SECRET"):
        secrets = {part["environment"][secret] for part in PARTS.values() if secret in part.get("environment", {})}
        assert secrets == {PARTS["demo"]["environment"][secret]}


def test_the_builder_is_given_what_the_image_of_what_plays_google_is_made_from() -> None:
    folder = FILE.parent
    ignored = (folder / "Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    lines = (folder / "Dockerfile").read_text(encoding="utf-8").splitlines()
    copied = {source for line in lines if line.startswith("COPY ") for source in line.split()[1:-1]}
    assert copied == {line[1:] for line in ignored if line.startswith("!")} and "*" in ignored
    assert all((ROOT / source).exists() for source in copied)


def test_no_secret_stands_in_the_file() -> None:
    count = 0
    for part in PARTS.values():
        for variable, value in part.get("environment", {}).items():
            if SECRET.search(variable):
                count += 1
                assert HANDED_IN.match(value), variable
            if "://" in str(value) and "@" in str(value):
                assert re.search(r":\$\{[A-Z_]+:\?[^}]+\}@", value), variable
    assert count >= 4


def test_the_base_image_is_named_by_the_builder() -> None:
    built = [part["build"]["args"]["PYTHON_IMAGE"] for part in PARTS.values() if "build" in part]
    assert len(built) == len(SERVICES) + len(FAKES) + 4
    assert all(HANDED_IN.match(value) for value in built)


@pytest.mark.parametrize("name", ["front", "demo", "push-proxy", "prepare", "bigquery", "secret-manager"])
def test_what_plays_google_starts_what_exists(name: str) -> None:
    command = PARTS[name]["command"]
    if command[0] == "uvicorn":
        module, _, factory = command[2].partition(":")
        assert callable(getattr(import_module(module), factory))
    elif command[2] == "deploy.emulated.fakes":
        assert callable(import_module(f"{command[2]}.{command[3]}").create_app)
    else:
        assert callable(import_module(command[2]).main)
