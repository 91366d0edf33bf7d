"""The orders of a name: the one place where orders of files without Shopify's ids meet those that have them.

Document of the brand: `order_names/{SHA-256 of the name}` -> {"orders": {id: moment}, "without_id": {own id: {"at",
"is_exact", "marks", "order", "tellings"}}}. An order without an id is told under the id that `order` says; when that
changes, the last of its tellings are told again under the new one, and a tombstone takes the old one out.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from ingest_shopify.domain import Marks, Placed, Reading, WithoutId, as_order, orders_meant, read_marks
from pulsepoint.events.orders import OrderDeleted, OrderRecorded, RefundRecorded
from pulsepoint.ports.document_store import Document, Write
from pulsepoint.runtime.outcome import Reader
from pulsepoint.tenancy import TenantContext
from pulsepoint.values import JsonObject

ORDER_NAMES = "order_names"
MOST_ORDERS = 50
"""Orders of one name that are kept: a name of more means none of them."""
_PAYLOADS: dict[str, type[OrderRecorded] | type[RefundRecorded]] = {
    each.TYPE: each for each in (OrderRecorded, RefundRecorded)
}


@dataclass(frozen=True, slots=True)
class Telling:
    """The payload of one delivery about an order or a refund, with its rank among others."""

    payload: OrderRecorded | RefundRecorded | OrderDeleted
    version: int
    precedence: int

    @property
    def entity(self) -> str:
        """The id of what it tells of."""
        return self.payload.refund.refund_id if isinstance(self.payload, RefundRecorded) else self.payload.order_id


class OrderNames:
    """The orders of one name, with the one that a delivery tells of; `order_id` is the id that it is known under."""

    def __init__(self, scope: TenantContext, key: str, document: Document | None, reading: Reading) -> None:
        self._scope, self._key = scope, key
        stored: JsonObject = document.data if document is not None else {}
        self._orders: dict[str, str] = dict(stored.get("orders", {}))
        self._without_id: dict[str, JsonObject] = dict(stored.get("without_id", {}))
        self._before = (dict(self._orders), dict(self._without_id))
        assert isinstance(reading.payload, OrderRecorded | RefundRecorded)
        self.order_id = self._own_id = reading.payload.order_id
        # Earlier releases told it under its own id, and kept nothing of it here.
        self._is_superseded = reading.without_id is not None and reading.without_id.is_recorded
        self._add(reading.payload, reading.without_id)

    def _add(self, payload: OrderRecorded | RefundRecorded, without_id: WithoutId | None) -> None:
        if without_id is None:
            if isinstance(payload, OrderRecorded) and len(self._orders) < MOST_ORDERS:
                self._orders.setdefault(payload.order_id, payload.created_at.isoformat())
        elif self._own_id in self._without_id or len(self._without_id) < MOST_ORDERS:
            existing = {"is_exact": True, "tellings": {}, **self._without_id.get(self._own_id, {})}
            is_exact = existing["is_exact"] and without_id.is_exact
            said = {"at": without_id.created_at.isoformat(), "is_exact": is_exact, "marks": _stored(without_id.marks)}
            self._without_id[self._own_id] = existing | said
            for order_id, placed in without_id.recorded.items():
                if order_id not in self._without_id and len(self._orders) < MOST_ORDERS:
                    self._orders.setdefault(order_id, placed.isoformat())
        self._identify()

    def _identify(self) -> None:
        """Say of each order without an id which one it is; one that was found before stays."""
        meant = orders_meant(
            {order_id: datetime.fromisoformat(placed) for order_id, placed in self._orders.items()},
            {order_id: _placed(each) for order_id, each in self._without_id.items()},
            frozenset(order_id for order_id, each in self._without_id.items() if each["is_exact"]),
        )
        for own_id, order_id in meant.items():
            each = self._without_id[own_id]
            if each.get("order") not in self._orders:
                self._without_id[own_id] = each | {"order": order_id}
        if self._own_id in self._without_id:
            self.order_id = self._without_id[self._own_id]["order"]

    async def tellings(self, reader: Reader, telling: Telling) -> tuple[list[Telling], list[Write]]:
        """The tellings to publish after `telling`, which is of the order's own id, and the document to keep."""
        again = [each async for each in self._retellings(reader)]
        if self._own_id in self._without_id:
            self._keep(telling)
        assert not isinstance(telling.payload, OrderDeleted)
        news = [Telling(as_order(telling.payload, self.order_id), telling.version, telling.precedence)]
        if self._is_superseded and self.order_id != self._own_id:
            news.append(_tombstone(self._own_id, telling.version, telling.precedence))
        if (self._orders, self._without_id) == self._before:
            return news, []
        data = {"orders": self._orders, "without_id": self._without_id}
        return [*news, *again], [Write(ORDER_NAMES, self._key, data, scope=self._scope)]

    def _keep(self, telling: Telling) -> None:
        """Keep the telling where it is the current one of what it tells of."""
        each = self._without_id[self._own_id]
        part = "" if isinstance(telling.payload, OrderRecorded) else telling.entity
        stored = each["tellings"].get(part)
        if stored is None or (telling.version, telling.precedence) >= (stored["version"], stored["precedence"]):
            kept = {
                "type": telling.payload.TYPE,
                "version": telling.version,
                "precedence": telling.precedence,
                "payload": telling.payload.model_dump(mode="json"),
            }
            self._without_id[self._own_id] = each | {"tellings": each["tellings"] | {part: kept}}

    async def _retellings(self, reader: Reader) -> AsyncIterator[Telling]:
        """The tellings of orders that are known under another id than before."""
        for own_id, before in sorted(self._before[1].items()):
            order_id = self._without_id[own_id]["order"]
            if order_id == before["order"]:
                continue
            for kept in before["tellings"].values():
                payload = _PAYLOADS[kept["type"]].model_validate(kept["payload"])
                if isinstance(payload, OrderRecorded):
                    payload = await self._without_erased(reader, payload, order_id)
                yield Telling(as_order(payload, order_id), kept["version"], kept["precedence"])
            if any(each["order"] == before["order"] for each in self._without_id.values()):
                continue
            # Right after its snapshot, or after a refund where nothing else was told of it.
            last = before["tellings"].get("") or next(iter(before["tellings"].values()))
            yield _tombstone(before["order"], last["version"], last["precedence"])

    async def _without_erased(self, reader: Reader, order: OrderRecorded, order_id: str) -> OrderRecorded:
        """The order without its buyer and their tracking data, where these were erased since."""
        keys = [("redactions", order_id), *([("subjects", order.subject)] if order.subject else [])]
        redacted, *subject = await reader.get_many(keys, scope=self._scope)
        if redacted is None and None not in subject:
            return order
        return order.without_buyer()


def without_buyers(data: JsonObject, order_ids: frozenset[str], subjects: Collection[str]) -> JsonObject:
    """The data of a document of these without what its tellings say of the buyers of these orders."""
    kept = {}
    for own_id, each in data["without_id"].items():
        tellings = {}
        for part, telling in each["tellings"].items():
            payload = telling["payload"]
            is_theirs = payload.get("subject") in subjects or not order_ids.isdisjoint((own_id, each.get("order")))
            if is_theirs and telling["type"] == OrderRecorded.TYPE:
                payload = OrderRecorded.model_validate(payload).without_buyer().model_dump(mode="json")
            tellings[part] = {**telling, "payload": payload}
        kept[own_id] = {**each, "tellings": tellings}
    return {**data, "without_id": kept}


def _placed(entry: JsonObject) -> Placed:
    """An order without an id as its document has it; earlier releases kept no marks."""
    return Placed(datetime.fromisoformat(entry["at"]), read_marks(entry.get("marks")), entry.get("order"))


def _stored(marks: Marks) -> JsonObject:
    return {"is_zoned": marks.is_zoned, "lines": sorted(marks.lines), "buyer": marks.buyer}


def name_key(reading: Reading) -> tuple[str, str] | None:
    """Collection and id of the document of the name that a delivery tells of; None where it names none."""
    payload, without_id = reading.payload, reading.without_id
    name = without_id.name if without_id is not None else payload.name if isinstance(payload, OrderRecorded) else ""
    return (ORDER_NAMES, key_of(name)) if name else None


def key_of(name: str) -> str:
    """The id of a name's document."""
    return sha256(name.encode()).hexdigest()


def _tombstone(order_id: str, version: int, precedence: int) -> Telling:
    """The end of an order under an id that it is no longer known under, right after a telling of it."""
    return Telling(OrderDeleted(order_id=order_id), version + 1, precedence)
