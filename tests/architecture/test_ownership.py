"""Each collection and table has one writer, and the README's table says which; a service's own says its events."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from pulsepoint.events.catalog import ANY_SERVICE, EVENTS, SERVICES
from pulsepoint.warehouse import schema

ROOT = Path(__file__).resolve().parents[2]
ROW = re.compile(r"^\| \[([a-z-]+)\]\(services/[a-z-]+\) \| (.+?) \| (.+?) \|$", re.MULTILINE)
OWN_STORE = "gateway"
"""Its documents are rows of the identity store, whose tables say what they are."""


def owned() -> dict[str, tuple[set[str], set[str]]]:
    """Each service's document collections and warehouse tables, as the README tells them."""
    rows = ROW.findall((ROOT / "README.md").read_text())
    return {name: (set(documents.split(", ")), set(tables.split(", "))) for name, documents, tables in rows}


def first_words(service: str, called: str) -> Iterator[str]:
    """The text that calls of a function or method of that name begin with, where it is written out."""
    for path in (ROOT / "services" / service).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
                name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                if name == called:
                    yield str(node.args[0].value)


def test_every_table_of_the_warehouse_has_one_owner() -> None:
    listed = Counter(table for _, tables in owned().values() for table in tables)
    declared = {table.name for table in (*schema.tables(), *schema.shared_tables())}
    assert listed == Counter(declared)
    assert set(owned()) == set(SERVICES)


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_records_facts_of_its_own_tables_alone(service: str) -> None:
    recorded = set(first_words(service, "fact"))
    assert recorded <= owned()[service][1]


@pytest.mark.parametrize("service", [name for name in SERVICES if name != OWN_STORE])
def test_a_service_writes_its_own_collections_alone(service: str) -> None:
    written = set(first_words(service, "Write"))
    assert written <= owned()[service][0]


@pytest.mark.parametrize("service", [name for name in SERVICES if name != OWN_STORE])
def test_every_collection_of_the_table_is_written_by_its_service(service: str) -> None:
    """Written out, as a constant, or by the kernel's projection of brands."""
    text = "\n".join(path.read_text() for path in (ROOT / "services" / service).rglob("*.py"))
    writes = {name for name in owned()[service][0] if f'"{name}"' in text}
    assert owned()[service][0] - writes - ({"brands"} if "brand_projection" in text else set()) == set()


def named_events(service: str) -> set[str]:
    """The event types that a service's README names; `alert.*` stands for all of a family."""
    text = (ROOT / "services" / service / "README.md").read_text()
    words = set(re.findall(r"`([a-z_]+\.(?:[a-z_]+|\*))`", text))
    return {entry.type for entry in EVENTS if entry.type in words or f"{entry.type.partition('.')[0]}.*" in words}


@pytest.mark.parametrize("service", SERVICES)
def test_a_services_readme_names_the_events_it_gets_and_publishes(service: str) -> None:
    everywhere = {
        entry.type for entry in EVENTS if entry.publisher == ANY_SERVICE or set(SERVICES) <= {*entry.subscribers}
    }
    concerned = {entry.type for entry in EVENTS if service in (entry.publisher, *entry.subscribers)}
    assert concerned - everywhere <= named_events(service), "not named"
    assert named_events(service) <= concerned | everywhere, "named and none of its own"
