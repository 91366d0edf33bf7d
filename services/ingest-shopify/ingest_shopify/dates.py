"""Orders, refunds and stock of a date that cannot be right wait for a person, listed with that date.

A wrong clock would put sales into days that nobody looks at, and a snapshot of a later year would outrank all that the
shop tells from then on. Document of the brand: `released_dates/{order_id}` -> {"earliest", "latest"}: between these two
a person has let the order be dated.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from ingest_shopify.shops import Shop
from pulsepoint.brand.order_bounds import AHEAD, FIRST_SALE, SHOPIFY_OPENED
from pulsepoint.errors import DateOutOfBounds
from pulsepoint.events.inventory import StockLevelRecorded
from pulsepoint.events.orders import OrderEditCommitted, OrderRecorded, RefundRecorded
from pulsepoint.events.products import ProductRecorded
from pulsepoint.ports.document_store import Document, Write
from pulsepoint.runtime.outcome import Reader
from pulsepoint.runtime.quarantine import is_released

RELEASED_DATES = "released_dates"


@dataclass(frozen=True, slots=True)
class _Dated:
    """The name of a payload's object, its order where it is one's, and its moments with the earliest each may be."""

    name: str
    order_id: str | None
    moments: tuple[tuple[datetime, datetime], ...]


async def let_date_count(
    reader: Reader, shop: Shop, payload: object, headers: Mapping[str, str], received_at: datetime
) -> list[Write]:
    """The writes that remember that a person let an order of such a date count; none for all others.

    `received_at` is on the later of the brand's clock and ours. Raises `DateOutOfBounds` for what waits for a person.
    """
    dated = _dated(payload)
    latest = received_at + AHEAD
    outside = sorted(moment for moment, earliest in dated.moments if not earliest <= moment <= latest) if dated else []
    if dated is None or not outside:
        return []
    kept = await reader.get(RELEASED_DATES, dated.order_id, scope=shop.scope) if dated.order_id is not None else None
    # Any moment up to the furthest that a person has seen is let with it.
    first, last = _let(kept) or (latest, latest)
    if first <= outside[0] and outside[-1] <= last:
        return []
    if not is_released(headers, DateOutOfBounds.reason):
        raise _waits(dated, latest)
    if dated.order_id is None:
        return []
    between = {"earliest": min(first, outside[0]).isoformat(), "latest": max(last, outside[-1]).isoformat()}
    return [Write(RELEASED_DATES, dated.order_id, between, scope=shop.scope)]


def _let(kept: Document | None) -> tuple[datetime, datetime] | None:
    """The first and the last moment that a person has let an order have."""
    if kept is None:
        return None
    return datetime.fromisoformat(kept.data["earliest"]), datetime.fromisoformat(kept.data["latest"])


def _waits(dated: _Dated, latest: datetime) -> DateOutOfBounds:
    moment, bound, name = next(
        (moment, *(("latest_day", latest) if moment > latest else ("earliest_day", earliest))[::-1])
        for moment, earliest in dated.moments
        if not earliest <= moment <= latest
    )
    side = "after" if name == "latest_day" else "before"
    explanation = (
        f"{dated.name} is dated {moment.date()}, {side} {bound.date()}: it counts once an administrator replays it"
    )
    names = {"object": dated.name, "moment_day": moment.date().isoformat(), name: bound.date().isoformat()}
    return DateOutOfBounds(explanation, names=names)


def _dated(payload: object) -> _Dated | None:
    if isinstance(payload, OrderRecorded):
        return _Dated(payload.name or payload.order_id, payload.order_id, tuple(_of_order(payload)))
    if isinstance(payload, RefundRecorded):
        return _Dated(payload.order_id, payload.order_id, ((payload.refund.issued_at, FIRST_SALE),))
    if isinstance(payload, OrderEditCommitted):
        return _Dated(payload.order_id, payload.order_id, ((payload.committed_at, SHOPIFY_OPENED),))
    if isinstance(payload, ProductRecorded):
        return _Dated(payload.title or payload.product_id, None, ((payload.updated_at, SHOPIFY_OPENED),))
    if isinstance(payload, StockLevelRecorded):
        return _Dated(payload.inventory_item_id, None, ((payload.updated_at, SHOPIFY_OPENED),))
    return None


def _of_order(order: OrderRecorded) -> Iterator[tuple[datetime, datetime]]:
    yield order.created_at, SHOPIFY_OPENED
    yield order.processed_at, FIRST_SALE
    yield order.updated_at, SHOPIFY_OPENED
    if order.cancelled_at is not None:
        yield order.cancelled_at, SHOPIFY_OPENED
    for refund in order.refunds:
        yield refund.issued_at, FIRST_SALE
