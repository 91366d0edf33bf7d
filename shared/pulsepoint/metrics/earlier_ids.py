"""Fact ids as they were until 2026-12: base64url of JSON that names everything, without a signature."""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode
from datetime import date, datetime
from uuid import UUID

import orjson

from pulsepoint.brand.settings import currency_code, timezone_name
from pulsepoint.errors import AccessDenied, MalformedInput
from pulsepoint.metrics.basis import ALL_DAYS, MetricSettings, Period
from pulsepoint.metrics.catalog import dimensions_of, metric
from pulsepoint.metrics.citations import Citation, Opened
from pulsepoint.metrics.sources import DAY, MONTH
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
    """The citation; raises `ValueError` for what Pulsepoint never wrote: nobody signed these."""
    start, end, timezone = payload["p"]
    model, cancelled_orders, date_basis = payload["s"]
    cited = metric(payload["m"]).name
    catalog, currency = payload["v"], payload["c"]
    if type(catalog) is not int or (currency is not None and currency_code(currency) != currency):
        raise ValueError("no version of the catalog, or no currency")
    return Citation(
        metric=cited,
        scope=scope,
        period=Period(_day(start), _day(end)),
        settings=MetricSettings(OF_NO_VERSION, timezone_name(timezone), model, cancelled_orders, date_basis),
        currency=currency,
        as_of=_moment(payload["o"]) if payload["o"] else None,
        at={name: _value(cited, name, value) for name, value in payload["a"].items()},
        catalog=catalog,
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


def _day(text: str) -> date:
    day = date.fromisoformat(text)
    if not ALL_DAYS.start <= day <= ALL_DAYS.end:
        raise ValueError("no day of a shop")
    return day


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("no moment without a timezone")
    _day(moment.date().isoformat())
    return moment


def _value(cited: str, name: str, value: object) -> date | str | None:
    """The value of a dimension that the metric has."""
    if name not in dimensions_of(cited):
        raise ValueError("no dimension of the metric")
    if value is None:
        return None
    if not isinstance(value, str) or "\0" in value:
        raise ValueError("no value of a dimension")
    if name == DAY:
        return _day(value)
    return _day(f"{value}-01").strftime("%Y-%m") if name == MONTH else value
