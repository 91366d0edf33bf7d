"""Fact ids: a number's full definition, short enough to stand beside it, from which it is computed again."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

import orjson

from pulsepoint.errors import AccessDenied, MalformedInput, PermanentError
from pulsepoint.metrics.catalog import CATALOG_VERSION
from pulsepoint.tenancy import TenantContext


@dataclass(frozen=True, slots=True)
class Period:
    """Days of a timezone, both included."""

    start: date
    end: date
    timezone: str


@dataclass(frozen=True, slots=True)
class Settings:
    """The brand's choices a number depends on.

    `cancelled_orders` is return, exclude or keep; `date_basis` is `occurred` (refunds on their own day) or
    `ordered` (everything on the day of its order).
    """

    model: str = "last_non_direct"
    cancelled_orders: str = "return"
    date_basis: str = "occurred"

    def __post_init__(self) -> None:
        if self.cancelled_orders not in {"return", "exclude", "keep"}:
            raise MalformedInput("cancelled_orders is return, exclude or keep")
        if self.date_basis not in {"occurred", "ordered"}:
            raise MalformedInput("date_basis is occurred or ordered")


@dataclass(frozen=True, slots=True)
class Fact:
    """Everything one number depends on; `at` says which values its dimensions have."""

    metric: str
    scope: TenantContext
    period: Period
    settings: Settings
    currency: str | None
    as_of: datetime | None
    at: Mapping[str, Any] = field(default_factory=dict)
    catalog: int = CATALOG_VERSION


def fact_id(fact: Fact) -> str:
    """The fact as base64url of its canonical JSON: equal facts have equal ids."""
    text = orjson.dumps(
        {
            "m": fact.metric,
            "t": fact.scope.tenant_id.hex,
            "b": fact.scope.brand_id.hex,
            "p": [fact.period.start, fact.period.end, fact.period.timezone],
            "s": [fact.settings.model, fact.settings.cancelled_orders, fact.settings.date_basis],
            "c": fact.currency,
            "o": fact.as_of,
            "a": dict(fact.at),
            "v": fact.catalog,
        },
        option=orjson.OPT_SORT_KEYS,
    )
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


def read_fact_id(scope: TenantContext, identifier: str) -> Fact:
    """The fact behind an id.

    Raises `AccessDenied` when it belongs to another brand, `MalformedInput` when it is no fact id, and
    `PermanentError` (`stale_fact`) when the catalog has changed since it was made.
    """
    try:
        payload = orjson.loads(base64.urlsafe_b64decode(identifier + "=" * (-len(identifier) % 4)))
        owner = TenantContext(UUID(hex=payload["t"]), UUID(hex=payload["b"]))
        if owner != scope:
            raise AccessDenied
        start, end, timezone = payload["p"]
        model, cancelled_orders, date_basis = payload["s"]
        fact = Fact(
            metric=payload["m"],
            scope=owner,
            period=Period(date.fromisoformat(start), date.fromisoformat(end), timezone),
            settings=Settings(model, cancelled_orders, date_basis),
            currency=payload["c"],
            as_of=datetime.fromisoformat(payload["o"]) if payload["o"] else None,
            at={name: _day(value) if name == "day" else value for name, value in payload["a"].items()},
            catalog=payload["v"],
        )
    except (binascii.Error, ValueError, KeyError, TypeError, AttributeError):
        raise MalformedInput("this is no fact id") from None
    if fact.catalog != CATALOG_VERSION:
        raise PermanentError("the metric's definition has changed since; ask for the number again", reason="stale_fact")
    return fact


def _day(value: Any) -> date | None:
    return None if value is None else date.fromisoformat(value)
