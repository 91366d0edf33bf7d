"""Orders of a file that lacks Shopify's ids: which order is which, by name and moment.

Such an order has an id made of its name and moment, until the order of that name is known; then all that was told of
it is that order's. Which one that is follows from the set of what is known, not from what came first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ingest_shopify.domain.fields import Fields
from pulsepoint.errors import MalformedInput
from pulsepoint.events.orders import SAME_ORDER, OrderRecorded, Refund, RefundRecorded, may_be_same_moment

MOST_LINES = 50
"""Lines of an order that tell it from another."""
Moments = Mapping[str, datetime]
"""When the orders of a name were placed, by id."""


@dataclass(frozen=True, slots=True)
class Marks:
    """The signs by which two orders of one name are told apart.

    `is_zoned`: the file wrote the moment with its offset from UTC, to the second. `lines` and `buyer` are digests of
    each line and of the e-mail address, too short to name anybody; empty where nothing was said.
    """

    is_zoned: bool = False
    lines: frozenset[str] = frozenset()
    buyer: str = ""


@dataclass(frozen=True, slots=True)
class Placed:
    """An order without an id: its moment, its marks, and the id it was known under so far (None: it is new)."""

    at: datetime
    marks: Marks = Marks()
    order_id: str | None = None


@dataclass(frozen=True, slots=True)
class WithoutId:
    """The part of a body that says that the file it is of has no id of its order.

    `is_exact`: the file has other orders of that name, so that only an order of the same second is this one.
    `marks` is what it says of the order beside its name and moment.
    `recorded` are orders of the name that were known when the file was read, `is_recorded` says that it was itself,
    under the id made of name and moment.
    """

    name: str
    created_at: datetime
    is_exact: bool = False
    recorded: Moments = field(default_factory=dict)
    is_recorded: bool = False
    marks: Marks = field(default_factory=lambda: Marks())


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
    return WithoutId(name, created_at, is_exact, recorded_at, is_recorded, read_marks(values.get("marks")))


def read_marks(values: object) -> Marks:
    """The marks in a body or a document; none where they cannot be read."""
    said = values if isinstance(values, dict) else {}
    lines, buyer = said.get("lines"), said.get("buyer")
    digests = frozenset(str(each)[:16] for each in lines[:MOST_LINES]) if isinstance(lines, list) else frozenset()
    return Marks(said.get("is_zoned") is True, digests, buyer[:16] if isinstance(buyer, str) else "")


def orders_meant(orders: Moments, without_id: Mapping[str, Placed], exact: frozenset[str]) -> dict[str, str]:
    """The id that each order without an id is known under: that of the nearest of `orders` that it may be, else of the
    first id of those that are one with it.

    All are of one name. What can be told apart is not one (`_are_alike`); those in `exact` are one with nothing but an
    order of their second. An order with an id is one of a group, of those that may be it the nearest.
    """
    meant = {
        order_id: _nearest({order_id: without_id[order_id]}, orders, timedelta(0)) or order_id
        for order_id in exact & without_id.keys()
    }
    groups = _groups({order_id: each for order_id, each in without_id.items() if order_id not in exact})
    taken: dict[str, int] = {}
    for number in sorted(range(len(groups)), key=lambda number: _claim(groups[number], orders)):
        group = groups[number]
        free = {order_id: at for order_id, at in orders.items() if taken.get(order_id, number) == number}
        nearest = _nearest(group, free, SAME_ORDER)
        if nearest is not None:
            taken[nearest] = number
        meant |= dict.fromkeys(group, nearest or min(group))
    return meant


def _claim(group: Mapping[str, Placed], orders: Moments) -> tuple[bool, timedelta, str]:
    """The order in which groups are given orders with an id: who has one, then the nearest to one."""
    is_identified = any(each.order_id in orders for each in group.values())
    nearest = min((abs(at - each.at) for at in orders.values() for each in group.values()), default=SAME_ORDER)
    return not is_identified, nearest, min(group)


def _nearest(group: Mapping[str, Placed], orders: Moments, tolerance: timedelta) -> str | None:
    """The nearest of `orders` that a group may be; the one that it was found to be before stays."""
    before = [each.order_id for each in group.values() if each.order_id in orders]
    if before:
        return min(filter(None, before))
    zoned = [each.at for each in group.values() if each.marks.is_zoned]
    moments = zoned or [each.at for each in group.values()]
    allowed = timedelta(0) if zoned else tolerance
    near = {
        order_id: min(abs(at - moment) for moment in moments)
        for order_id, at in orders.items()
        if any(abs(at - moment) <= allowed and may_be_same_moment(at, moment) for moment in moments)
    }
    return min(near, key=lambda order_id: (near[order_id], order_id), default=None)


def _groups(placed: Mapping[str, Placed]) -> list[dict[str, Placed]]:
    """The orders that cannot be told apart: those of moments that are sure first, then each other with the nearest."""
    groups: list[dict[str, Placed]] = []
    ordered = sorted(placed.items(), key=lambda entry: (not entry[1].marks.is_zoned, entry[1].at, entry[0]))
    for order_id, order in ordered:
        current_id = order.order_id or order_id
        near = [
            (
                all(current_id != (each.order_id or other_id) for other_id, each in group.items()),
                min(abs(order.at - each.at) for each in group.values()),
                number,
            )
            for number, group in enumerate(groups)
            if any(_are_alike(order_id, order, other_id, each) for other_id, each in group.items())
        ]
        if near:
            groups[min(near)[2]][order_id] = order
        else:
            groups.append({order_id: order})
    return groups


def _are_alike(first_id: str, first: Placed, other_id: str, other: Placed) -> bool:
    """True where nothing tells two orders of one name apart: moment, buyer, or lines of which none is the same.

    Those that were found to be one before stay one, since what was told of both cannot be parted any more.
    """
    if (first.order_id or first_id) == (other.order_id or other_id) or first.at == other.at:
        return True
    marks, others = first.marks, other.marks
    if (marks.is_zoned and others.is_zoned) or not may_be_same_moment(first.at, other.at):
        return False
    if marks.buyer and others.buyer and marks.buyer != others.buyer:
        return False
    return not marks.lines or not others.lines or not marks.lines.isdisjoint(others.lines)


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
