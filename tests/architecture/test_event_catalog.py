"""The catalog is whole: every event has a home, a publisher, handlers where it says, and round-trips."""

from __future__ import annotations

import importlib
import inspect
import pkgutil

import pytest

import pulsepoint.events
from deploy.release import infra_catalog
from pulsepoint.events.catalog import (
    ANY_SERVICE,
    BY_NAME,
    BY_TYPE,
    EVENTS,
    SERVICES,
    SUBSCRIPTIONS,
    SYSTEM_SCOPED,
    subscriptions_to,
)
from pulsepoint.events.envelope import Payload

RUNTIME_HANDLED = {"replay.requested", "shop.erasure_requested"}


def payload_types() -> set[type[Payload]]:
    """Every payload class declared in any events module."""
    types: set[type[Payload]] = set()
    for module in pkgutil.iter_modules(pulsepoint.events.__path__):
        loaded = importlib.import_module(f"pulsepoint.events.{module.name}")
        types |= {
            member
            for _, member in inspect.getmembers(loaded, inspect.isclass)
            if issubclass(member, Payload) and member is not Payload and hasattr(member, "TYPE")
        }
    return types


def service_of(name: str) -> object:
    """The `Service` a package declares."""
    return importlib.import_module(f"{name.replace('-', '_')}.main").SERVICE


def test_every_declared_payload_is_in_the_catalog() -> None:
    assert payload_types() == {entry.payload for entry in EVENTS if issubclass(entry.payload, Payload)}


def test_types_are_unique_and_past_tense_or_requests() -> None:
    assert len(BY_TYPE) == len(EVENTS)
    assert all(entry.type.split(".")[1].rsplit("_", 1)[-1].endswith(("ed", "sent", "held")) for entry in EVENTS)


def test_publishers_and_subscribers_are_services() -> None:
    for entry in EVENTS:
        assert entry.publisher in (*SERVICES, ANY_SERVICE)
        assert set(entry.subscribers) <= set(SERVICES)


def test_system_scoped_subscriptions_exist() -> None:
    assert set(BY_NAME) >= SYSTEM_SCOPED
    assert {name for name, entry in BY_NAME.items() if entry.scope == "system"} == SYSTEM_SCOPED


def test_fan_out_reaches_every_subscriber_of_every_event() -> None:
    for entry in EVENTS:
        reached = {s.service for s in subscriptions_to(entry.topic) if entry.type in s.types}
        assert reached == set(entry.subscribers)


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_handles_exactly_what_it_subscribes_to(name: str) -> None:
    subscribed = {kind for s in SUBSCRIPTIONS if s.service == name for kind in s.types} - RUNTIME_HANDLED
    assert set(service_of(name).handlers) - RUNTIME_HANDLED == subscribed  # type: ignore[attr-defined]


def test_what_terraform_builds_on_is_what_the_code_says() -> None:
    assert infra_catalog.FILE.read_text(encoding="utf-8") == infra_catalog.text(), (
        "run python -m deploy.release.infra_catalog and commit infra/catalog.json"
    )
