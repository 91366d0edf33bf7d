"""The warehouse rows of what was read: columns as in the kernel's `warehouse/sql/tables.sql`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from ingest_shopify.domain.fields import micros_of
from pulsepoint.events.envelope import Event, P, Payload, canonical, digest_of
from pulsepoint.events.inventory import StockLevelRecorded
from pulsepoint.events.orders import (
    OrderDeleted,
    OrderEditCommitted,
    OrderLine,
    OrderRecorded,
    Refund,
    RefundLine,
    RefundRecorded,
)
from pulsepoint.events.products import ProductDeleted, ProductRecorded
from pulsepoint.ports.document_store import FactRow
from pulsepoint.runtime.outcome import Reader
from pulsepoint.telemetry import current_traceparent

Line = TypeVar("Line", OrderLine, RefundLine)
_NOT_COLUMNS = {"lines", "refunds", "evidence", "updated_at"}
_UNKNOWN_ORDER = dict.fromkeys(set(OrderRecorded.model_fields) - _NOT_COLUMNS - {"order_id", "test"})


def facts_of(reader: Reader, event: Event) -> list[FactRow]:
    """The rows of an event's payload, in the scope of the event; none for payloads that are no facts."""
    rows = _ROWS.get(type(event.payload))
    return list(rows(reader, event)) if rows is not None else []


def _order(reader: Reader, event: Event[OrderRecorded]) -> Iterator[FactRow]:
    order = event.payload
    head = {**order.model_dump(exclude=_NOT_COLUMNS), "deleted": False}
    yield reader.fact("orders", event.entity, event.version, head, digest=event.digest, scope=event.scope)
    for part, line in _parts(order.lines):
        columns = {"order_id": order.order_id, **line.model_dump()}
        yield reader.fact(
            "order_lines", event.entity, event.version, columns, part=part, digest=event.digest, scope=event.scope
        )
    for refund in order.refunds:
        yield from _refund_rows(reader, event, order.order_id, order.currency, refund)


def _refund(reader: Reader, event: Event[RefundRecorded]) -> Iterator[FactRow]:
    payload = event.payload
    yield from _refund_rows(reader, event, payload.order_id, payload.currency, payload.refund)


def _refund_rows(reader: Reader, event: Event, order_id: str, currency: str, refund: Refund) -> Iterator[FactRow]:
    """Alike for a refund on its own and inside an order, so that both deliveries are one fact."""
    version = micros_of(refund.issued_at)
    digest = digest_of(f"{order_id}\n{currency}\n".encode() + canonical(refund))
    head = {"order_id": order_id, "currency": currency, **refund.model_dump(exclude={"lines"})}
    yield reader.fact("refunds", refund.refund_id, version, head, digest=digest, scope=event.scope)
    for part, line in _parts(refund.lines):
        columns = {"refund_id": refund.refund_id, "order_id": order_id, **line.model_dump()}
        yield reader.fact(
            "refund_lines", refund.refund_id, version, columns, part=part, digest=digest, scope=event.scope
        )


def _deleted_order(reader: Reader, event: Event[OrderDeleted]) -> Iterator[FactRow]:
    payload = event.payload
    columns = {**_UNKNOWN_ORDER, "order_id": payload.order_id, "test": False, "deleted": True}
    yield reader.fact("orders", event.entity, event.version, columns, digest=event.digest, scope=event.scope)


def _edit(reader: Reader, event: Event[OrderEditCommitted]) -> Iterator[FactRow]:
    edit = event.payload
    columns = {
        "edit_id": edit.edit_id,
        "order_id": edit.order_id,
        "committed_at": edit.committed_at,
        "lines_added": len(edit.added),
        "lines_removed": len(edit.removed),
    }
    yield reader.fact("order_edits", event.entity, event.version, columns, digest=event.digest, scope=event.scope)


def _product(reader: Reader, event: Event[ProductRecorded]) -> Iterator[FactRow]:
    product = event.payload
    head = {**product.model_dump(include={"product_id", "title", "status"}), "deleted": False}
    yield reader.fact("products", event.entity, event.version, head, digest=event.digest, scope=event.scope)
    for place, variant in enumerate(product.variants):
        columns = {"product_id": product.product_id, **variant.model_dump()}
        part = f"{variant.variant_id}:{place}"
        yield reader.fact(
            "variants", event.entity, event.version, columns, part=part, digest=event.digest, scope=event.scope
        )


def _deleted_product(reader: Reader, event: Event[ProductDeleted]) -> Iterator[FactRow]:
    payload = event.payload
    columns = {"product_id": payload.product_id, "title": None, "status": None, "deleted": True}
    yield reader.fact("products", event.entity, event.version, columns, digest=event.digest, scope=event.scope)


def _level(reader: Reader, event: Event[StockLevelRecorded]) -> Iterator[FactRow]:
    level = event.payload
    # So that what is concluded from the level can link back to it, whatever else arrived meanwhile.
    columns = {**level.model_dump(), "trace": current_traceparent()}
    yield reader.fact("inventory_levels", event.entity, event.version, columns, digest=event.digest, scope=event.scope)


def _parts(lines: Sequence[Line]) -> Iterator[tuple[str, Line]]:
    """Lines with a part name of their own: the place too, since a body may name one line id twice."""
    for place, line in enumerate(lines):
        yield f"{line.line_id}:{place}", line


def _makes(
    payload_type: type[P], rows: Callable[[Reader, Event[P]], Iterator[FactRow]]
) -> tuple[type[Payload], Callable[[Reader, Event[Any]], Iterator[FactRow]]]:
    return payload_type, rows


_ROWS = dict(
    (
        _makes(OrderRecorded, _order),
        _makes(RefundRecorded, _refund),
        _makes(OrderDeleted, _deleted_order),
        _makes(OrderEditCommitted, _edit),
        _makes(ProductRecorded, _product),
        _makes(ProductDeleted, _deleted_product),
        _makes(StockLevelRecorded, _level),
    )
)
