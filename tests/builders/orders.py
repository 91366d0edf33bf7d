"""Orders, refunds and their evidence with defaults: say only what a test is about."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from pulsepoint.events.envelope import Event, P, new_event
from pulsepoint.events.orders import OrderDeleted, OrderLine, OrderRecorded, Refund, RefundLine, RefundRecorded
from pulsepoint.events.touches import JourneyMoment, TrackingData
from pulsepoint.money import MICROS
from pulsepoint.tenancy import TenantContext

SCOPE = TenantContext(UUID("11111111-1111-4111-8111-111111111111"), UUID("22222222-2222-4222-8222-222222222222"))
ORDER_ID = "4563761987773"
CREATED_AT = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
SOURCE = "ingest-shopify"


def version_at(timestamp: datetime) -> int:
    """The source's clock as a version: whole microseconds since 1970."""
    delta = timestamp - datetime(1970, 1, 1, tzinfo=UTC)
    return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds


def order_line(line_id: str = "1", *, quantity: int = 1, price: int = 100, **fields: Any) -> OrderLine:
    """A line of `quantity` pieces at `price` whole currency units."""
    values: dict[str, Any] = {
        "product_id": f"p{line_id}",
        "variant_id": f"v{line_id}",
        "sku": f"SKU-{line_id}",
        "title": f"Product {line_id}",
        "gross_micros": quantity * price * MICROS,
        "discount_micros": 0,
    }
    return OrderLine(line_id=line_id, quantity=quantity, **{**values, **fields})


def refund(
    refund_id: str = "r1", *, amount: int = 10, issued_at: datetime = datetime(2026, 3, 20, tzinfo=UTC), **fields: Any
) -> Refund:
    """A refund of `amount` whole currency units of goods; `subtotal_micros` overrides it."""
    return Refund(refund_id=refund_id, issued_at=issued_at, **{"subtotal_micros": amount * MICROS, **fields})


def refund_line(line_id: str = "1", *, quantity: int = 1, amount: int = 10, **fields: Any) -> RefundLine:
    """A refunded line of `amount` whole currency units in total."""
    values: dict[str, Any] = {
        "product_id": f"p{line_id}",
        "variant_id": f"v{line_id}",
        "sku": f"SKU-{line_id}",
        "subtotal_micros": amount * MICROS,
    }
    return RefundLine(line_id=line_id, quantity=quantity, **{**values, **fields})


def evidence(landing_site: str | None = None, referring_site: str | None = None, **fields: Any) -> TrackingData:
    """The tracking data of an order; empty by default."""
    return TrackingData(landing_site=landing_site, referring_site=referring_site, **fields)


def timestamp(occurred_at: datetime | None = None, landing_page: str | None = "/", **fields: Any) -> JourneyMoment:
    """A visit of the shop's own customer journey."""
    return JourneyMoment(occurred_at=occurred_at, landing_page=landing_page, **fields)


def order(order_id: str = ORDER_ID, *, net: int = 100, **fields: Any) -> OrderRecorded:
    """An order of `net` whole currency units, one line, no tax; `updated_at` follows `created_at`."""
    created = fields.pop("created_at", CREATED_AT)
    gross = fields.get("gross_micros", net * MICROS)
    values: dict[str, Any] = {
        "name": f"#{order_id[-4:]}",
        "currency": "GBP",
        "created_at": created,
        "processed_at": created,
        "updated_at": created,
        "gross_micros": gross,
        "discount_micros": 0,
        "total_micros": gross,
        "lines": (order_line(gross_micros=gross),),
    }
    return OrderRecorded(order_id=order_id, **{**values, **fields})


def refund_recorded(given_back: Refund, order_id: str = ORDER_ID, *, currency: str = "GBP") -> RefundRecorded:
    """A refund delivered on its own."""
    return RefundRecorded(order_id=order_id, currency=currency, refund=given_back)


def as_event(
    payload: P,
    *,
    entity: str,
    version: int,
    scope: TenantContext = SCOPE,
    source: str = SOURCE,
    precedence: int = 0,
) -> Event[P]:
    """Any payload in an envelope of its own."""
    return new_event(payload, source=source, entity=entity, version=version, scope=scope, precedence=precedence)


def order_event(
    payload: OrderRecorded | None = None, *, version: int | None = None, precedence: int = 0, **fields: Any
) -> Event:
    """`order.recorded`; its version is `updated_at` unless given."""
    snapshot = payload or order(**fields)
    issued_version = version if version is not None else version_at(snapshot.updated_at)
    return as_event(snapshot, entity=snapshot.order_id, version=issued_version, precedence=precedence)


def refund_event(
    given_back: Refund | None = None, order_id: str = ORDER_ID, *, version: int | None = None, **fields: Any
) -> Event:
    """`refund.recorded`, entity = refund id; its version is `issued_at` unless given."""
    value = given_back or refund(**fields)
    event_version = version if version is not None else version_at(value.issued_at)
    return as_event(refund_recorded(value, order_id), entity=value.refund_id, version=event_version)


def order_deleted_event(order_id: str = ORDER_ID, *, version: int | None = None) -> Event:
    """`order.deleted`, a day after the default order unless `version` says otherwise."""
    event_version = version if version is not None else version_at(CREATED_AT) + 86_400_000_000
    return as_event(OrderDeleted(order_id=order_id), entity=order_id, version=event_version)
