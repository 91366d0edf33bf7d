"""What a shop told: a real month of orders, a sandbox world, the field cases; each as bodies with their topics."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

import orjson

from deploy.cli.replay_check import part_of
from file_import.plan import open_plan
from file_import.webhooks import Webhook, first_delivery
from pulsepoint.metrics.basis import Period
from sandbox.platforms.bodies import ShopifyBodies
from sandbox.platforms.past import Past
from tests.builders.sandbox_worlds import happenings, lived, world_settings

SHOP = "any-order.myshopify.com"
MONTH = "2011-02"
REAL_FILE = "transactions/uci_online_retail_2010-12_to_2011-08.parquet"


@dataclass(frozen=True, slots=True)
class Delivered:
    """One body with the topic and the time in its headers (None: no such header).

    `about` is the order or the item it is about; None for products, which every sample has.
    """

    topic: str
    body: bytes
    triggered_at: str | None
    about: object = None


@dataclass(frozen=True, slots=True)
class Source:
    """A shop's deliveries as they happened, and the days, currency and timezone its figures are of."""

    name: str
    deliveries: Sequence[Delivered]
    period: Period
    currency: str
    timezone: str

    def part(self, size: int, seed: int) -> Source:
        """About `size` of the deliveries: all of so many orders and items, and every product."""
        about = sorted({each.about for each in self.deliveries if each.about is not None}, key=str)
        Random(seed).shuffle(about)
        chosen: set[object] = {None}
        while about and sum(each.about in chosen for each in self.deliveries) < size:
            chosen.add(about.pop())
        return replace(self, deliveries=[each for each in self.deliveries if each.about in chosen])


def real_month(shared: Path) -> Source:
    """February 2011 of a real shop: every invoice and every return, as an upload tells them."""
    with TemporaryDirectory() as folder:
        path = part_of(shared / REAL_FILE, MONTH, Path(folder))
        with open_plan(path, shop=SHOP, currency="GBP", zone=ZoneInfo("Europe/London")) as plan:
            return _source(f"real month {MONTH}", plan.webhooks(), "GBP", "Europe/London")


def sandbox(days: int = 30, seed: int = 20261130) -> Source:
    """A sandbox world of so many days: products, every stock level, orders, refunds, cancellations."""
    settings = world_settings("everyday", days=days, seed=seed)
    world = lived(settings)
    past = Past(ShopifyBodies(settings.shop.timezone))
    items = happenings(world)
    past.remember(items)
    first, _ = world.history()
    opened = datetime.combine(first, datetime.min.time(), ZoneInfo(settings.shop.timezone))
    webhooks = [*past.catalog(world.catalog(), opened), *(each for item in items for each in past.webhooks_of(item))]
    return _source(f"sandbox, seed {seed}", webhooks, settings.shop.currency, settings.shop.timezone)


def field_cases(shared: Path) -> Source:
    """The deliveries of every field case in one shop: edits, equal clocks, restated refunds, stock."""
    folder = shared / "field-cases"
    cases = [json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))]
    lists = [case.get("deliveries", []) if isinstance(case, dict) else case for case in cases]
    sent = [
        Delivered(each["topic"], orjson.dumps(each["body"]), each.get("triggered_at"))
        for deliveries in lists
        for each in deliveries
        if isinstance(each, Mapping) and "topic" in each and _is_in(each, "USD")
    ]
    days = Period(datetime(2026, 11, 1).date(), datetime(2026, 11, 30).date())
    return Source("field cases", sent, days, "USD", "UTC")


SOURCES: Mapping[str, Callable[[Path], Source]] = {
    "real": real_month,
    "sandbox": lambda shared: sandbox(),
    "field": field_cases,
}


def _is_in(delivery: Mapping[str, object], currency: str) -> bool:
    body = delivery["body"]
    return not isinstance(body, Mapping) or body.get("currency", currency) == currency


def _about(webhook: Webhook) -> object:
    is_product = webhook.topic.startswith("products/")
    return None if is_product else webhook.body.get("order_id") or webhook.resource_id


def _source(name: str, webhooks: Iterable[Webhook], currency: str, timezone: str) -> Source:
    zone = ZoneInfo(timezone)
    sent, days = [], []
    for webhook in webhooks:
        delivery = first_delivery(webhook, SHOP)
        sent.append(Delivered(delivery.topic, delivery.body, delivery.triggered_at, _about(webhook)))
        days.append(webhook.occurred_at.astimezone(zone).date())
    return Source(name, sent, Period(min(days) - timedelta(days=1), max(days)), currency, timezone)
