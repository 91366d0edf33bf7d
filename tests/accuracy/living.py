"""Lives the worlds of a seed, one kind after the other, and asks the rules each morning."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Sequence
from dataclasses import replace

from alerting.domain import roas
from sandbox.world import World
from tests.accuracy.results import Judged
from tests.accuracy.rules import SIGNALS, openings
from tests.accuracy.shelves import STOCK, ShelfDay, outages, shelf_days
from tests.accuracy.shop_days import OrderReader, shop_days
from tests.accuracy.worlds import (
    HISTORY_DAYS,
    SMALL_SIZES,
    DrawnWorld,
    Struck,
    calm_world,
    short_world,
    struck_world,
)

WARM_UP_DAYS = roas.RECENT_DAYS + roas.BASE_DAYS
CALM = ("calm", "small")
STRUCK = ("broken_utm", "consent_drop", "broken_pixel", "more_ads")
SHORT = ("supplier_delay", "stock_loss")
KINDS = (*CALM, *STRUCK, *SHORT)
KINDS_BY_PROCESS = (("calm", "broken_utm", "broken_pixel"), ("consent_drop", "more_ads"), ("small", *SHORT))
"""Kinds that one process lives through, one after the other: most of their orders are the same."""
WEEKS = (HISTORY_DAYS - WARM_UP_DAYS) / 7


def judge_seed(seed: int, kinds: Iterable[str]) -> list[Judged]:
    """The results of a seed's worlds; they share what is read of orders that are the same in several."""
    gc.disable()  # Worlds make no cycles worth looking for, and looking takes a third of the time.
    try:
        reader = OrderReader()
        return [_judge(seed, kind, reader) for kind in kinds]
    finally:
        gc.enable()
        gc.collect()


def _judge(seed: int, kind: str, reader: OrderReader) -> Judged:
    drawn = _drawn(seed, kind)
    world = World(drawn.settings)
    world.day(world.history()[1])
    incidents, opened = drawn.incidents, {}
    if kind not in SHORT:
        days = shop_days(world, reader)
        opened = {name: tuple(openings(days, signal, warm_up=WARM_UP_DAYS)) for name, signal in SIGNALS.items()}
    if kind in SHORT or kind in CALM:
        shelves = shelf_days(world)
        opened["stock"] = tuple(openings(shelves, STOCK, warm_up=WARM_UP_DAYS))
        incidents = tuple(_outages(kind, world, shelves))
    return Judged(kind, seed, WEEKS, incidents, opened)


def _drawn(seed: int, kind: str) -> DrawnWorld:
    if kind in STRUCK:
        return struck_world(seed, kind)
    if kind in SHORT:
        return short_world(seed, kind)
    return calm_world(seed, SMALL_SIZES) if kind == "small" else calm_world(seed)


def _outages(kind: str, world: World, shelves: Sequence[ShelfDay]) -> list[Struck]:
    """The outages of the world: of the variants that were struck, as `kind`; of others as `late_delivery`."""
    skus = {incident.sku for incident in world.settings.incidents}
    struck = {
        str(variant.variant_id) for product in world.catalog() for variant in product.variants if variant.sku in skus
    }
    return [
        outage if _variant_of(outage) in struck else replace(outage, kind="late_delivery")
        for outage in outages(kind, shelves, warm_up=WARM_UP_DAYS)
    ]


def _variant_of(outage: Struck) -> str:
    return (outage.subject or "").partition(":")[2]
