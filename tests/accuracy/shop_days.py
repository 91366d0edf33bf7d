"""A world's days as alerting's rules see them, through the product's own pure functions: bodies, orders, credits."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from attribution.domain.facts import attribution_of
from attribution.domain.orders import OrderState
from attribution.domain.policy import BrandPolicy
from ingest_shopify.domain.fields import Fields
from ingest_shopify.domain.orders import read_order
from pulsepoint.brand.settings import BrandChoices
from pulsepoint.brand.vocabulary import AttributionModel, Channel, EntryKind, Evidence
from sandbox.platforms.bodies import ShopifyBodies
from sandbox.records import Order, Refund
from sandbox.world import World
from tests.builders.orders import as_event

MODEL = AttributionModel.LAST_NON_DIRECT
CENT = 10_000
"""Micros."""


@dataclass(slots=True)
class ChannelTotals:
    """What one paid channel spent, was credited and sold on a day; money in micros.

    `claims` are the purchases (in millionths) that its platform claims for the day, by the day on which it said so.
    """

    spend_micros: int = 0
    revenue_micros: int = 0
    orders: int = 0
    claims: dict[date, int] = field(default_factory=lambda: defaultdict(int))


@dataclass(slots=True)
class ShopDay:
    """One day: paid channels by name, and its orders.

    Of the orders `untracked` are those to which no visit leads, `traced` those that a tagged link led to, `seen` those
    that a visit from outside led to, `noted` those of `seen` of which the shop's pixel wrote something down.
    """

    day: date
    channels: dict[str, ChannelTotals] = field(default_factory=lambda: defaultdict(ChannelTotals))
    orders: int = 0
    untracked_orders: int = 0
    traced_orders: int = 0
    seen_orders: int = 0
    noted_orders: int = 0


@dataclass(frozen=True, slots=True)
class Credited:
    """A part of an order credited to a paid channel, on its own day; `is_sale` where it is no refund."""

    day: date
    channel: str
    micros: int
    is_sale: bool


@dataclass(frozen=True, slots=True)
class Reading:
    """What the product makes of one order and its refunds."""

    untracked: bool
    traced: bool
    seen: bool
    noted: bool
    credited: tuple[Credited, ...]


class OrderReader:
    """Reads orders as the product does, each one once: worlds of one seed share most of theirs. Not thread-safe."""

    def __init__(self) -> None:
        self._readings: dict[tuple[str, Order, tuple[Refund, ...]], Reading] = {}

    def read(self, timezone: str, order: Order, refunds: tuple[Refund, ...]) -> Reading:
        """The reading of an order of a shop in `timezone` with all its refunds."""
        key = (timezone, order, refunds)
        if key not in self._readings:
            self._readings[key] = _read(ZoneInfo(timezone), order, refunds)
        return self._readings[key]


def shop_days(world: World, reader: OrderReader) -> list[ShopDay]:
    """Every day of the world's history, first to last, each as it was known at the end of its own day.

    Credits of a refund count on the refund's day; what platforms spent is what they report at the midnight after.
    """
    timezone = world.settings.shop.timezone
    days = {day: ShopDay(day) for day in history(world)}
    for order, refunds in _orders(world):
        _add(days, days[order.day], reader.read(timezone, order, refunds))
    for day, totals in days.items():
        at = datetime.combine(day + timedelta(days=1), time(), tzinfo=ZoneInfo(timezone))
        for ad in world.ad_days(day, as_of=at):
            totals.channels[str(ad.platform)].spend_micros += ad.spend_cents * CENT
    for claim in world.claims(*world.history()):
        channel = days[claim.touched_day].channels[str(claim.platform)]
        channel.claims[world.day_of(claim.visible_from)] += claim.conversions_micros
    return list(days.values())


def history(world: World) -> list[date]:
    """The days of a world's history, first to last."""
    first, last = world.history()
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def _orders(world: World) -> Iterator[tuple[Order, tuple[Refund, ...]]]:
    lived = [world.day(day) for day in history(world)]
    refunds: dict[int, list[Refund]] = defaultdict(list)
    for day in lived:
        for refund in day.refunds:
            refunds[refund.order_id].append(refund)
    for day in lived:
        for order in day.orders:
            yield order, tuple(refunds.get(order.order_id, ()))


def _add(days: dict[date, ShopDay], placed: ShopDay, reading: Reading) -> None:
    placed.orders += 1
    placed.untracked_orders += reading.untracked
    placed.traced_orders += reading.traced
    placed.seen_orders += reading.seen
    placed.noted_orders += reading.noted
    for part in reading.credited:
        if part.day in days:
            totals = days[part.day].channels[part.channel]
            totals.revenue_micros += part.micros
            totals.orders += part.is_sale


def _read(zone: ZoneInfo, order: Order, refunds: tuple[Refund, ...]) -> Reading:
    body = ShopifyBodies(zone.key).order(order, order.created_at, refunds=refunds)
    recorded = read_order(Fields(body), reported_at=order.created_at)
    state = OrderState().with_order(as_event(recorded, entity=recorded.order_id, version=1), BrandChoices())
    attribution = attribution_of(recorded.order_id, state, BrandPolicy())
    assert attribution is not None
    credits = [row.columns for row in attribution.rows if row.table == "credits" and row.columns["model"] == MODEL]
    touches = state.touches(BrandChoices())
    codes = (Evidence.DISCOUNT_CODE,)
    outside = [touch for touch in touches if touch.channel != Channel.DIRECT and touch.evidence != codes]
    return Reading(
        untracked=not touches,
        traced=any(row["entry_kind"] == EntryKind.SALE and Channel(row["channel"]).is_tagged for row in credits),
        seen=bool(outside),
        noted=any(Evidence.NOTE_ATTRIBUTES in touch.evidence for touch in outside),
        credited=tuple(
            Credited(
                row["occurred_at"].astimezone(zone).date(),
                row["channel"],
                row["credit_micros"],
                row["entry_kind"] == EntryKind.SALE,
            )
            for row in credits
            if row["paid"] and Channel(row["channel"]).platform is not None
        ),
    )
