"""`.env.example` names every setting, no other, and what it is when left out."""

from __future__ import annotations

import ast
import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from pydantic import AliasChoices, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings

import ai_advisor.settings
import alerting.settings
import attribution.settings
import gateway.settings
import ingest_ads.settings
import ingest_shopify.settings
import inventory_intel.settings
from deploy.local.demo import DemoSettings
from deploy.local.settings import InstanceSettings
from pulsepoint.runtime.door_settings import DoorSettings
from pulsepoint.runtime.engines import Engines
from pulsepoint.runtime.ports import ServicePorts
from pulsepoint.runtime.settings import ServiceSettings

ROOT = Path(__file__).parents[2]
SETTINGS: tuple[type[BaseSettings], ...] = (
    InstanceSettings,
    DemoSettings,
    DoorSettings,
    *(
        module.settings.Settings
        for module in (ingest_shopify, ingest_ads, attribution, inventory_intel, ai_advisor, alerting, gateway)
    ),
)
LISTED = dict(re.findall(r"^#([A-Z_]+)=(.*)$", (ROOT / ".env.example").read_text(), re.MULTILINE))
OWN_WORDS = {"PULSEPOINT_HOME", "PULSEPOINT_WEB_FOLDER", "PULSEPOINT_PROFILE"}


def names_of(name: str, field: FieldInfo) -> list[str]:
    alias = field.validation_alias
    if isinstance(alias, AliasChoices):
        return [str(choice).upper() for choice in alias.choices]
    return [f"PULSEPOINT_{name.upper()}"]


def declared() -> dict[str, tuple[list[str], Any]]:
    return {
        names[0]: (names, field.default)
        for kind in SETTINGS
        for name, field in kind.model_fields.items()
        for names in [names_of(name, field)]
    }


def as_text(value: Any) -> str:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(int(value))
    return "[]" if value == () else str(value)


@pytest.mark.parametrize("first", sorted(declared()))
def test_every_setting_is_listed(first: str) -> None:
    assert LISTED.keys() & set(declared()[first][0])


@pytest.mark.parametrize("name", sorted(LISTED))
def test_every_listed_name_is_a_setting_with_its_default(name: str) -> None:
    [(_, default)] = [each for each in declared().values() if name in each[0]] or [([], "no such setting")]
    if name not in OWN_WORDS:
        assert LISTED[name] == as_text(default)


@pytest.mark.parametrize("page", ["README.md", "SECURITY.md"])
def test_pages_say_how_long_quarantined_bodies_are_kept(page: str) -> None:
    said = re.findall(r"encrypted[^.|]*?(\d+) days", (ROOT / page).read_text(encoding="utf-8"))
    assert said == [str(ServiceSettings.model_fields["quarantine_ttl_days"].default)]


def test_quarantined_bodies_are_kept_for_a_day_at_least() -> None:
    with pytest.raises(ValidationError, match="quarantine_ttl_days"):
        ServiceSettings(quarantine_ttl_days=0)


SOURCES = [path for top in ("shared", "services", "deploy") for path in (ROOT / top).rglob("*.py")]
OF_PROCESSES = {"FrontSettings", "ProxySettings"}
"""Settings that the emulated cloud gives its own processes: nobody else sets them."""


def test_every_class_of_settings_is_on_the_page() -> None:
    classes = {
        node.name
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef) and {"BaseSettings", "ServiceSettings"} & {ast.unparse(b) for b in node.bases}
    }
    assert classes - {kind.__name__ for kind in SETTINGS} - OF_PROCESSES == {"ServiceSettings"}


def test_every_setting_is_read_by_somebody() -> None:
    read = {
        node.attr
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load)
    }
    unread = {f"{kind.__name__}.{name}" for kind in SETTINGS for name in kind.model_fields if name not in read}
    assert unread == set()


@pytest.mark.parametrize("opened", [Engines, ServicePorts], ids=["engines", "ports"])
def test_every_engine_and_port_that_settings_open_is_used_by_somebody(opened: type) -> None:
    """A setting that opens what nobody asks for is read by nobody."""
    passed_on = {"runtime/engines.py", "runtime/ports.py"}
    read = {
        node.attr
        for path in SOURCES
        if not path.as_posix().endswith(tuple(passed_on))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load)
    }
    assert {field.name for field in fields(opened)} - read == set()
