"""Orders of a file that lacks Shopify's ids: which order is which, by name and moment.

Such an order has an id made of its name and moment, until the order of that name is known; then all that was told of
it is that order's. Which one that is follows from the set of what is known, not from what came first.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ingest_shopify.domain.fields import Fields
from pulsepoint.errors import MalformedInput
from pulsepoint.events.orders import SAME_ORDER, OrderRecorded, Refund, RefundRecorded

Moments = Mapping[str, datetime]
"""When the orders of a name were placed, by id."""


@dataclass(frozen=True, slots=True)
class WithoutId:
    """The part of a body that says that the file it is of has no id of its order.

    `is_exact`: the file has other orders of that name, so that only an order of the same second is this one.
    `recorded` are orders of the name that were known when the file was read, `is_recorded` says that it was itself,
    under the id made of name and moment.
    """

    name: str
    created_at: datetime
    is_exact: bool = False
    recorded: Moments = field(default_factory=dict)
    is_recorded: bool = False


def read_without_id(body: Fields) -> WithoutId | None:
    """See `WithoutId`; None in the body of an order whose id is Shopify's own, and where it cannot be read."""
    own = body.values.get("pulsepoint")
    values = own.get("without_id") if isinstance(own, dict) else None
    if not isinstance(values, dict):
        return None
    said = Fields(values, "pulsepoint.without_id")
    recorded = values.get("recorded")
    moments = Fields(recorded if isinstance(recorded, dict) else {}, said.where("recorded"))
    try:
        name, created_at = said.text("name", 64), said.optional_timestamp("created_at")
        placed = {order_id: moments.optional_timestamp(order_id) for order_id in moments.values}
        is_exact, is_recorded = said.flag("is_exact"), said.flag("is_recorded")
    except MalformedInput:
        return None
    if name is None or created_at is None:
        return None
    recorded_at = {order_id: at for order_id, at in placed.items() if at is not None}
    return WithoutId(name, created_at, is_exact, recorded_at, is_recorded)


def orders_meant(orders: Moments, without_id: Moments, exact: frozenset[str]) -> dict[str, str]:
    """The id that each order without an id is known under: that of the nearest of `orders` of the same moment, else of
    the first id of those that are one with it.

    All are of one name. Moments a day apart may be one order's, since programs drop the offset; those in `exact` are
    told to the second.
    """
    return {
        order_id: meant
        for group in _groups({order_id: at for order_id, at in without_id.items() if order_id not in exact})
        for order_id, meant in _meant(group, orders, SAME_ORDER)
    } | {
        order_id: meant
        for order_id in exact & without_id.keys()
        for _, meant in _meant({order_id: without_id[order_id]}, orders, timedelta(0))
    }


def _groups(moments: Moments) -> Iterator[dict[str, datetime]]:
    """The ids in chains of moments that are each within `SAME_ORDER` of the next."""
    group: dict[str, datetime] = {}
    for order_id, at in sorted(moments.items(), key=lambda entry: (entry[1], entry[0])):
        if group and at - max(group.values()) > SAME_ORDER:
            yield group
            group = {}
        group[order_id] = at
    if group:
        yield group


def _meant(group: Moments, orders: Moments, tolerance: timedelta) -> Iterator[tuple[str, str]]:
    near = {
        order_id: placed
        for order_id, placed in orders.items()
        if any(abs(placed - at) <= tolerance for at in group.values())
    }
    for own_id, at in group.items():
        yield own_id, min(near, key=lambda order_id: (abs(near[order_id] - at), order_id), default=min(group))


def as_order(payload: OrderRecorded | RefundRecorded, order_id: str) -> OrderRecorded | RefundRecorded:
    """The payload of an order without an id as one of the order `order_id`: its refunds have other ids."""
    if payload.order_id == order_id:
        return payload
    if isinstance(payload, RefundRecorded):
        return payload.model_copy(update={"order_id": order_id, "refund": _as_refund_of(order_id, payload.refund)})
    refunds = tuple(_as_refund_of(order_id, refund) for refund in payload.refunds)
    return payload.model_copy(update={"order_id": order_id, "refunds": refunds})


def _as_refund_of(order_id: str, refund: Refund) -> Refund:
    return refund.model_copy(update={"refund_id": f"{refund.refund_id}:{order_id}"})
