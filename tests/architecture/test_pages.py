"""The pages for people name things that exist: settings, addresses, log lines, files, modules."""

from __future__ import annotations

import re
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest
from fastapi.routing import APIRoute
from pydantic import AliasChoices

from deploy.local.demo import DemoSettings
from deploy.local.settings import InstanceSettings
from pulsepoint.events.catalog import BY_TYPE, SERVICES
from pulsepoint.runtime.door_settings import DoorSettings

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(
    [
        *(ROOT / "docs").rglob("*.md"),
        *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")),
        *ROOT.glob("services/*/README.md"),
        *ROOT.glob("tests/*/README.md"),
    ]
)
TOPS = "infra|shared|deploy|tests|services|docs"
ENDS = "tf|py|sh|tfvars|json|md|sql|po|ts|tsx|yaml|toml"
CODE = ("services", "shared", "deploy", "tests")
SOURCES = "\n".join(path.read_text() for top in CODE for path in (ROOT / top).rglob("*.py"))
OUTSIDE = {"PULSEPOINT_IDENTITY_STORE_ADMIN_URL", "PULSEPOINT_CHECKOV_HOME", "PULSEPOINT_SHARED_DATA"}
"""Read by a command or by tests, not by a service's settings."""

pytestmark = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())


def settings() -> set[str]:
    """Every environment variable that some service or an instance reads."""
    names: set[str] = set()
    services = [import_module(f"{name.replace('-', '_')}.settings").Settings for name in SERVICES]
    for declared in (*services, InstanceSettings, DemoSettings, DoorSettings):
        for field, info in declared.model_fields.items():
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
    named = re.findall(rf"`((?:{TOPS})/[\w./-]*(?:\.(?:{ENDS})|/))`", text)
    mine = {"infra/my.tfvars"}
    assert [link for link in linked if not (page.parent / link).exists()] == []
    assert [name for name in named if name not in mine and not (ROOT / name).exists()] == []


def test_every_module_a_page_runs_is_there(page: Path) -> None:
    for name in re.findall(r"`python -m ([\w.]+)", page.read_text(encoding="utf-8")):
        assert find_spec(name) is not None, name


def anchors(page: Path) -> set[str]:
    """What a page's headings are linked by on GitHub."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_heading_a_page_links_is_there(page: Path) -> None:
    for link in re.findall(r"\]\(([^)]*#[^)]+)\)", page.read_text(encoding="utf-8")):
        file, _, anchor = link.partition("#")
        target = page.parent / file if file else page
        if "://" not in link and target.suffix == ".md":
            assert anchor in anchors(target), link


def test_every_target_of_make_a_page_names_is_there(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    text = page.read_text(encoding="utf-8")
    assert set(re.findall(r"(?:`|\n)make ([a-z]+(?:-[a-z]+)*)(?=[`\s,;:])", text)) <= targets
