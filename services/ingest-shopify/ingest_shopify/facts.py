"""The warehouse rows of what was read: columns as in the kernel's `warehouse/sql/tables.sql`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

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
_NOT_LINE_COLUMNS = {"removed"}
_UNKNOWN_ORDER = dict.fromkeys(set(OrderRecorded.model_fields) - _NOT_COLUMNS - {"order_id", "test"})


def facts_of(reader: Reader, event: Event) -> list[FactRow]:
    """The rows of an event's payload, in the scope of the event; none for payloads that are no facts."""
    rows = _ROWS.get(type(event.payload))
    return list(rows(reader, event)) if rows is not None else []


@dataclass(frozen=True, slots=True)
class _Snapshot:
    """Makes the rows of one telling of one thing: they share entity, version, digest, precedence and scope."""

    reader: Reader
    event: Event
    entity: str
    version: int
    digest: str

    @classmethod
    def of(cls, reader: Reader, event: Event) -> _Snapshot:
        return cls(reader, event, event.entity, event.version, event.digest)

    def row(self, table: str, columns: Mapping[str, object], part: str = "") -> FactRow:
        return self.reader.fact(
            table,
            self.entity,
            self.version,
            columns,
            part=part,
            digest=self.digest,
            precedence=self.event.precedence,
            scope=self.event.scope,
        )


def _order(reader: Reader, event: Event[OrderRecorded]) -> Iterator[FactRow]:
    order, snapshot = event.payload, _Snapshot.of(reader, event)
    yield snapshot.row("orders", {**order.model_dump(exclude=_NOT_COLUMNS), "deleted": False})
    for part, line in _parts(order.lines):
        columns = {"order_id": order.order_id, **line.model_dump(exclude=_NOT_LINE_COLUMNS)}
        yield snapshot.row("order_lines", columns, part)
    for refund in order.refunds:
        yield from _refund_rows(reader, event, order.order_id, order.currency, refund)


def _refund(reader: Reader, event: Event[RefundRecorded]) -> Iterator[FactRow]:
    payload = event.payload
    yield from _refund_rows(reader, event, payload.order_id, payload.currency, payload.refund)


def _refund_rows(reader: Reader, event: Event, order_id: str, currency: str, refund: Refund) -> Iterator[FactRow]:
    """One refund, whether told on its own (as of its issue) or inside an order (as of the order's snapshot).

    Of two tellings that of the later snapshot is current, so that a refund that was pending settles.
    """
    digest = digest_of(f"{order_id}\n{currency}\n".encode() + canonical(refund))
    snapshot = _Snapshot(reader, event, refund.refund_id, event.version, digest)
    head = {"order_id": order_id, "currency": currency, **refund.model_dump(exclude={"lines"})}
    yield snapshot.row("refunds", head)
    for part, line in _parts(refund.lines):
        columns = {"refund_id": refund.refund_id, "order_id": order_id, **line.model_dump()}
        yield snapshot.row("refund_lines", columns, part)


def _deleted_order(reader: Reader, event: Event[OrderDeleted]) -> Iterator[FactRow]:
    columns = {**_UNKNOWN_ORDER, "order_id": event.payload.order_id, "test": False, "deleted": True}
    yield _Snapshot.of(reader, event).row("orders", columns)


def _edit(reader: Reader, event: Event[OrderEditCommitted]) -> Iterator[FactRow]:
    edit = event.payload
    columns = {
        "edit_id": edit.edit_id,
        "order_id": edit.order_id,
        "committed_at": edit.committed_at,
        "lines_added": len(edit.added),
        "lines_removed": len(edit.removed),
    }
    yield _Snapshot.of(reader, event).row("order_edits", columns)


def _product(reader: Reader, event: Event[ProductRecorded]) -> Iterator[FactRow]:
    product, snapshot = event.payload, _Snapshot.of(reader, event)
    yield snapshot.row("products", {**product.model_dump(exclude={"updated_at", "variants"}), "deleted": False})
    for place, variant in enumerate(product.variants):
        columns = {"product_id": product.product_id, **variant.model_dump()}
        yield snapshot.row("variants", columns, f"{variant.variant_id}:{place}")


def _deleted_product(reader: Reader, event: Event[ProductDeleted]) -> Iterator[FactRow]:
    unsaid = dict.fromkeys(("title", "status", "variants_total", "is_cut"))
    columns = {"product_id": event.payload.product_id, **unsaid, "deleted": True}
    yield _Snapshot.of(reader, event).row("products", columns)


def _level(reader: Reader, event: Event[StockLevelRecorded]) -> Iterator[FactRow]:
    # So that what is concluded from the level can link back to it, whatever else arrived meanwhile.
    columns = {**event.payload.model_dump(), "trace": current_traceparent()}
    yield _Snapshot.of(reader, event).row("inventory_levels", columns)


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
