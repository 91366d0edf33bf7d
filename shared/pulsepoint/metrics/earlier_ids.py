"""Fact ids as they were until 2026-12: base64url of JSON that names everything, without a signature."""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode
from datetime import date, datetime
from typing import Any
from uuid import UUID

import orjson

from pulsepoint.errors import AccessDenied, MalformedInput
from pulsepoint.metrics.basis import MetricSettings, Period
from pulsepoint.metrics.catalog import metric
from pulsepoint.metrics.citations import Citation, Opened
from pulsepoint.metrics.sources import DAY
from pulsepoint.tenancy import TenantContext
from pulsepoint.values import JsonObject

_START = "eyJ"
"""Base64url of `{"`, with which that JSON begins and no id of today does."""
OF_NO_VERSION = 0
"""Their settings stand inside: they are of no kept version."""


def is_earlier(fact_id: str) -> bool:
    """True for an id of the earlier form."""
    return fact_id.startswith(_START)


def brand_of(fact_id: str) -> UUID:
    """The brand an id names, before it is trusted; raises `MalformedInput`."""
    return _scope(_payload(fact_id)).brand_id


def decode(scope: TenantContext, fact_id: str) -> Opened:
    """The content of an id; raises `MalformedInput` for what is none and `AccessDenied` for one of another brand."""
    payload = _payload(fact_id)
    if _scope(payload) != scope:
        raise AccessDenied
    try:
        return Opened(_citation(scope, payload))
    except (ValueError, KeyError, TypeError, AttributeError):
        raise MalformedInput("this is no fact id") from None


def _citation(scope: TenantContext, payload: JsonObject) -> Citation:
    start, end, timezone = payload["p"]
    model, cancelled_orders, date_basis = payload["s"]
    return Citation(
        metric=metric(payload["m"]).name,
        scope=scope,
        period=Period(date.fromisoformat(start), date.fromisoformat(end)),
        settings=MetricSettings(OF_NO_VERSION, timezone, model, cancelled_orders, date_basis),
        currency=payload["c"],
        as_of=datetime.fromisoformat(payload["o"]) if payload["o"] else None,
        at={name: _day(value) if name == DAY else value for name, value in payload["a"].items()},
        catalog=payload["v"],
    )


def _payload(fact_id: str) -> dict[str, object]:
    try:
        payload = orjson.loads(urlsafe_b64decode(fact_id + "=" * (-len(fact_id) % 4)))
    except (binascii.Error, ValueError):
        raise MalformedInput("this is no fact id") from None
    if not isinstance(payload, dict):
        raise MalformedInput("this is no fact id")
    return payload


def _scope(payload: JsonObject) -> TenantContext:
    try:
        return TenantContext(UUID(hex=payload["t"]), UUID(hex=payload["b"]))
    except (ValueError, KeyError, TypeError, AttributeError):
        raise MalformedInput("this is no fact id") from None


def _day(value: Any) -> date | None:
    return None if value is None else date.fromisoformat(value)
