"""One payload of every event type, the same on each run: every field is filled, by its type and its name."""

from __future__ import annotations

from datetime import UTC, date, datetime
from enum import Enum
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel

from pulsepoint.events.envelope import AnyPayload, Payload, RawPayload

MOMENT = datetime(2026, 3, 10, 11, 0, 4, 123456, tzinfo=UTC)
NAMED: dict[str, Any] = {
    "currency": "EUR",
    "account_currency": "SEK",
    "timezone": "Europe/Berlin",
    "account_timezone": "Europe/Stockholm",
    "shopify_store": "light-lane.myshopify.com",
    "shop": "light-lane.myshopify.com",
    "lookback_days": 30,
    "lead_time_days": 14,
    "VariantLeadTime.days": 21,
    "secret_ref": "meta-token-1",
    "slack_webhook_ref": "slack-webhook",
    "base_url": "http://127.0.0.1:9000",
    "trace_id": "0af7651916cd43dd8448eb211c80319c",
    "span_id": "b7ad6b7169203331",
    "shipping_country": "DE",
    "default_model": "last_non_direct",
    "cancelled_orders": "return",
    "locale": "fr-CH",
    "channel": "meta",
    "counts": {"critical": 1, "healthy": 2},
    "OrderBound.currency": "EUR",
    "OrderBound.amount_micros": 5_000_000_000,
    "StockStatus.status": "critical",
    "StockStatus.campaigns": (("meta", "campaign-1", 1_000_000),),
    "SpanRecord.status": "ok",
}
"""Values of fields whose name, perhaps with its model's, says more than their type."""
BODY = RawPayload(b'{"id":5778367414385,"name":"#1001"}', {})
Sampled = TypeVar("Sampled", bound=BaseModel)


def sample(payload_type: type[AnyPayload]) -> AnyPayload:
    """The sample of one event type."""
    return _model(payload_type) if issubclass(payload_type, Payload) else BODY


def _model(model: type[Sampled]) -> Sampled:
    return model(**{name: _field(model, name) for name in model.model_fields})


def _field(model: type[BaseModel], name: str) -> Any:
    own = f"{model.__name__}.{name}"
    return NAMED[own] if own in NAMED else _value(model.model_fields[name].annotation, name)


def _value(kind: Any, name: str) -> Any:
    if name in NAMED:
        return NAMED[name]
    arguments = get_args(kind)
    if get_origin(kind) is Annotated:
        return _value(arguments[0], name)
    if get_origin(kind) in (Union, UnionType):
        return _value(next(each for each in arguments if each is not NoneType), name)
    if get_origin(kind) is Literal:
        return arguments[0]
    if get_origin(kind) is tuple:
        return (_value(arguments[0], name),) if arguments[-1] is ... else tuple(_value(a, name) for a in arguments)
    if get_origin(kind) is dict:
        return {f"{name}_key": _value(arguments[1], name)}
    return _plain(kind, name)


def _plain(kind: Any, name: str) -> Any:
    if issubclass(kind, BaseModel):
        return _model(kind)
    if issubclass(kind, Enum):
        return next(iter(kind))
    plain = {str: name, int: 1000 + len(name), bool: True, datetime: MOMENT, date: MOMENT.date()}
    return plain[kind]
