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
from pulsepoint.brand.vocabulary import AttributionModel, Channel, EntryKind
from sandbox.platforms.bodies import ShopifyBodies
from sandbox.records import Order, Refund
from sandbox.world import World
from tests.builders.orders import as_event

MODEL = AttributionModel.LAST_NON_DIRECT


@dataclass(slots=True)
class ChannelTotals:
    """What one paid channel spent, was credited and sold on a day; money in micros."""

    spend_micros: int = 0
    revenue_micros: int = 0
    orders: int = 0


@dataclass(slots=True)
class ShopDay:
    """One day: paid channels by name; all orders, those to which no visit leads, those that a tagged link led to."""

    day: date
    channels: dict[str, ChannelTotals] = field(default_factory=lambda: defaultdict(ChannelTotals))
    orders: int = 0
    untracked_orders: int = 0
    traced_orders: int = 0


def shop_days(world: World) -> list[ShopDay]:
    """Every day of the world's history, first to last, each as it was known at the end of its own day.

    Credits of a refund count on the refund's day; what platforms spent is what they report at the midnight after.
    """
    first, _ = world.history()
    days = {first + timedelta(days=number): ShopDay(first + timedelta(days=number)) for number in range(_count(world))}
    zone = ZoneInfo(world.settings.shop.timezone)
    for order, refunds in _orders(world):
        _add_order(days, zone, order, refunds)
    for day, totals in days.items():
        for ad in world.ad_days(day, as_of=datetime.combine(day + timedelta(days=1), time(), tzinfo=zone)):
            totals.channels[str(ad.platform)].spend_micros += ad.spend_cents * 10_000
    return list(days.values())


def _count(world: World) -> int:
    first, last = world.history()
    return (last - first).days + 1


def _orders(world: World) -> Iterator[tuple[Order, list[Refund]]]:
    first, _ = world.history()
    lived = [world.day(first + timedelta(days=number)) for number in range(_count(world))]
    refunds: dict[int, list[Refund]] = defaultdict(list)
    for day in lived:
        for refund in day.refunds:
            refunds[refund.order_id].append(refund)
    for day in lived:
        for order in day.orders:
            yield order, refunds[order.order_id]


def _add_order(days: dict[date, ShopDay], zone: ZoneInfo, order: Order, refunds: list[Refund]) -> None:
    body = ShopifyBodies(zone.key).order(order, order.created_at, refunds=refunds)
    recorded = read_order(Fields(body), reported_at=order.created_at)
    state = OrderState().with_order(as_event(recorded, entity=recorded.order_id, version=1), BrandChoices())
    attribution = attribution_of(recorded.order_id, state, BrandPolicy())
    assert attribution is not None
    placed = days[order.day]
    placed.orders += 1
    placed.untracked_orders += not state.touches(BrandChoices())
    for row in attribution.rows:
        columns = row.columns
        if row.table != "credits" or columns["model"] != MODEL:
            continue
        if columns["entry_kind"] == EntryKind.SALE:
            placed.traced_orders += Channel(columns["channel"]).is_tagged
        if not columns["paid"]:
            continue
        day = days.get(columns["occurred_at"].astimezone(zone).date())
        if day is None or Channel(columns["channel"]).platform is None:
            continue
        totals = day.channels[columns["channel"]]
        totals.revenue_micros += columns["credit_micros"]
        totals.orders += columns["entry_kind"] == EntryKind.SALE
