"""The pages under docs/ name things that exist: settings, addresses, log lines, files."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

import pytest
from fastapi.routing import APIRoute
from pydantic import AliasChoices

from pulsepoint.events.catalog import BY_TYPE, SERVICES

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted((ROOT / "docs").glob("*.md"))
SOURCES = "\n".join(path.read_text() for top in ("services", "shared", "deploy") for path in (ROOT / top).rglob("*.py"))
OUTSIDE = {"PULSEPOINT_IDENTITY_STORE_ADMIN_URL", "PULSEPOINT_CHECKOV_HOME"}
"""Read by a command, not by a service's settings."""

pytestmark = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


def settings() -> set[str]:
    """Every environment variable that some service reads."""
    names: set[str] = set()
    for name in SERVICES:
        for field, info in import_module(f"{name.replace('-', '_')}.settings").Settings.model_fields.items():
            alias = info.validation_alias
            choices = alias.choices if isinstance(alias, AliasChoices) else [alias] if alias else []
            names |= {f"PULSEPOINT_{field.upper()}", *(str(choice).upper() for choice in choices)}
    return names


def addresses() -> set[str]:
    """Every address the gateway serves, parameters as `{}`."""
    routers = import_module("gateway.main").SERVICE.routers
    return {
        re.sub(r"\{\w+\}", "{}", route.path)
        for router in routers
        for route in router.routes
        if isinstance(route, APIRoute)
    }


def test_every_setting_a_page_names_is_read_by_some_service(page: Path) -> None:
    named = set(re.findall(r"\bPULSEPOINT_[A-Z_]+\b", page.read_text(encoding="utf-8")))
    assert named - settings() - OUTSIDE == set()
    assert all(name in SOURCES for name in named & OUTSIDE)


def test_every_address_a_page_names_is_served(page: Path) -> None:
    named = set(re.findall(r"\b(?:GET|POST|PUT) (/api/[\w/{}-]+)", page.read_text(encoding="utf-8")))
    assert {re.sub(r"\{\w+\}", "{}", path).rstrip("/") for path in named} - addresses() == set()


def test_every_log_line_a_page_names_is_written(page: Path) -> None:
    written = set(re.findall(r'log\.\w+\(\s*"([a-z_.]+)"', SOURCES))
    named = set(
        re.findall(r"`((?:push|webhook|cache|sweep|effect|ad_day)\.[a-z_]+)`", page.read_text(encoding="utf-8"))
    )
    assert named - written - set(BY_TYPE) == set()


def test_every_file_a_page_links_or_names_is_there(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    linked = [link.partition("#")[0] for link in re.findall(r"\]\(([^)]+)\)", text) if "://" not in link]
    named = re.findall(r"`((?:infra|shared|deploy|tests)/[\w./-]+\.(?:tf|py|sh|tfvars|json))`", text)
    mine = {"infra/my.tfvars"}
    assert [link for link in linked if not (page.parent / link).exists()] == []
    assert [name for name in named if name not in mine and not (ROOT / name).exists()] == []
