"""What is on its way and each variant's own lead time, against a world whose purchase orders are known."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from datetime import datetime, time
from zoneinfo import ZoneInfo

import orjson
import pytest

from ai_advisor.domain.advice import Rules, reorders
from ai_advisor.domain.performance import Period
from ingest_shopify.domain import read_delivery
from ingest_shopify.facts import facts_of
from inventory_intel.handlers import EFFECTS, HANDLERS, TICK
from pulsepoint.brand.settings import BrandSettings, VariantLeadTime
from pulsepoint.events.brands import BrandConfigured
from pulsepoint.events.envelope import Event, new_event
from pulsepoint.events.inventory import StockAssessed, StockLevelRecorded, StockStatus
from pulsepoint.events.precedence import Origin, precedence_of
from pulsepoint.money import MICROS
from pulsepoint.ports.document_store import FactRow
from pulsepoint.runtime.outcome import Reader
from sandbox.platforms.bodies import ShopifyBodies
from sandbox.world import World
from tests.builders.citing import of_advice, uncited
from tests.builders.insights import Bench, bench_of, effect_of, event_of, payload_in
from tests.builders.inventory import NOW, SCOPE, brand_data, days_ago, level_fact, order_facts, product_facts
from tests.builders.sandbox import small_world
from tests.builders.sandbox_worlds import lived, orders_of, stock_of
from tests.builders.shopify import as_bytes, level_body

pytestmark = [pytest.mark.rule("STOCK-11"), pytest.mark.slow]
REVIEW = Rules().review_days


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    async with bench_of("inventory-intel") as opened:
        yield opened


async def statuses_of(bench: Bench, **settings: object) -> dict[str, StockStatus]:
    """The assessment under these settings, by variant."""
    await bench.handle(HANDLERS["brand.configured"], event_of(BrandConfigured(**brand_data(**settings))))
    outcome = await bench.on_success(EFFECTS[TICK], effect_of(TICK))
    return {status.variant_id: status for status in payload_in(outcome, StockAssessed).statuses}


def advised(statuses: dict[str, StockStatus], brand: BrandSettings) -> dict[str, int]:
    """The units advised to order, by variant."""
    day = NOW.date()
    citations = of_advice(SCOPE.brand_id, Period(day, day), brand.currency, uncited)
    return {
        advice.subject.removeprefix("variant:"): advice.figures["reorder_units"].value or 0
        for advice in reorders(citations, brand, statuses.values(), Rules(most_reorders=10_000))
    }


@pytest.mark.parametrize(
    ("fields", "available", "incoming"),
    [
        ({}, 6, None),
        ({"incoming": 40}, 6, 40),
        ({"quantities": [{"name": "incoming", "quantity": 9}, {"name": "available", "quantity": 2}]}, 2, 9),
        ({"quantities": [{"name": "on_hand", "quantity": 9}]}, 6, None),
    ],
)
def test_what_is_on_its_way_is_read_where_it_is_said(
    fields: dict[str, object], available: int, incoming: int | None
) -> None:
    body = as_bytes(level_body(**fields))
    level = read_delivery("inventory_levels/update", "2026-04", body, shop="s", received_at=NOW).payload
    assert isinstance(level, StockLevelRecorded)
    assert (level.available, level.incoming) == (available, incoming)


async def test_a_reorder_takes_off_what_is_on_its_way_over_all_locations(bench: Bench) -> None:
    """56 sold in 28 days are two a day: 14 days of lead time and 7 until the next look need 42."""
    for variant, there, coming in (("v1", 5, 0), ("v2", 5, 20), ("v3", 5, 37), ("v4", 5, 90)):
        await bench.append(
            product_facts(f"p-{variant}", [{"variant_id": variant}]),
            [level_fact(variant, days_ago(40), there, incoming=coming)],
            order_facts(f"o-{variant}", days_ago(9), [{"variant_id": variant, "quantity": 56}]),
        )
    await bench.append(order_facts("first", days_ago(60), [{"variant_id": "v9"}]))
    statuses = await statuses_of(bench)
    assert {name: statuses[name].incoming for name in ("v1", "v2", "v3", "v4")} == {
        "v1": 0,
        "v2": 20,
        "v3": 37,
        "v4": 90,
    }
    assert advised(statuses, BrandConfigured(**brand_data())) == {"v1": 37, "v2": 17}


async def test_a_later_level_that_names_none_keeps_what_is_on_its_way(bench: Bench) -> None:
    await bench.append(
        product_facts("p", [{"variant_id": "v1"}]),
        [level_fact("v1", days_ago(9), 5, incoming=30), level_fact("v1", days_ago(1), 4)],
        order_facts("o", days_ago(9), [{"variant_id": "v1", "quantity": 56}]),
    )
    status = (await statuses_of(bench))["v1"]
    assert (status.available, status.incoming) == (4, 30)


@pytest.mark.parametrize(
    ("later", "available", "incoming"),
    [
        ([35], 35, 0),
        ([25], 25, 10),
        ([4, 24, 21], 21, 10),
        ([40], 40, 0),
        ([4, 3], 3, 30),
        ([None, 20], 20, 30),
    ],
)
async def test_what_has_come_since_is_no_longer_on_its_way(
    bench: Bench, later: list[int | None], available: int, incoming: int
) -> None:
    """Five there and thirty on their way; webhooks name no units on their way, only what is available."""
    levels = [level_fact("v1", days_ago(8 - number), there) for number, there in enumerate(later)]
    await bench.append(
        product_facts("p", [{"variant_id": "v1"}]),
        [*reversed(levels), level_fact("v1", days_ago(9), 5, incoming=30)],
        [level_fact("v1", days_ago(20), 0, incoming=99)],
        order_facts("o", days_ago(9), [{"variant_id": "v1", "quantity": 56}]),
    )
    status = (await statuses_of(bench))["v1"]
    assert (status.available, status.incoming) == (available, incoming)


async def test_each_variant_has_its_own_lead_time_by_id_or_sku(bench: Bench) -> None:
    for variant, sku in (("v1", "S1"), ("v2", "S2"), ("v3", "S3")):
        await bench.append(
            product_facts(f"p-{variant}", [{"variant_id": variant, "sku": sku}]),
            [level_fact(variant, days_ago(40), 20)],
            order_facts(f"o-{variant}", days_ago(9), [{"variant_id": variant, "quantity": 56}]),
        )
    await bench.append(order_facts("first", days_ago(60), [{"variant_id": "v9"}]))
    own = (VariantLeadTime(variant="v1", days=30), VariantLeadTime(variant="S2", days=3))
    statuses = await statuses_of(bench, lead_times=own)
    # Ten days of cover: critical under 15, healthy over 3 (and so no part of the event), low under 14.
    assert {name: (each.status, each.lead_time_days) for name, each in statuses.items() if name != "v9"} == {
        "v1": ("critical", 30), "v3": ("low", 14),
    }  # fmt: skip
    assert advised(statuses, BrandConfigured(**brand_data(lead_times=own))) == {"v1": 2 * 37 - 20, "v3": 2 * 21 - 20}


def level_events(world: World) -> list[Event[StockLevelRecorded]]:
    """Every level of a world, as ingest reads its webhook."""
    bodies, events = ShopifyBodies(world.settings.shop.timezone), []
    for change in stock_of(world):
        sent = bodies.level(change)
        body = orjson.dumps(sent.body)
        reading = read_delivery(sent.topic, None, body, shop="s", received_at=change.timestamp)
        assert isinstance(reading.payload, StockLevelRecorded)
        events.append(
            new_event(
                reading.payload,
                source="ingest-shopify",
                entity=reading.entity,
                version=reading.version,
                scope=SCOPE,
                precedence=precedence_of(Origin.WEBHOOK, 2),
            )
        )
    return events


async def fill(bench: Bench, world: World, end: datetime) -> None:
    """Put a world's products, levels and the orders of the window before `end` into the warehouse."""
    bench.clock.set(end)
    for product in world.catalog():
        listed = [
            {"variant_id": str(each.variant_id), "inventory_item_id": str(each.inventory_item_id), "sku": each.sku}
            for each in product.variants
        ]
        await bench.append(product_facts(str(product.product_id), listed))

    async def rows(reader: Reader) -> list[FactRow]:
        return [row for event in level_events(world) for row in facts_of(reader, event)]

    await bench.append(await bench.read(rows))
    sold: list[FactRow] = []
    for order in orders_of(world):
        lines = [{"variant_id": str(line.variant_id), "quantity": line.quantity} for line in order.lines]
        sold += order_facts(str(order.order_id), order.created_at, lines)
    await bench.append(sold)


async def test_nothing_is_reordered_that_the_worlds_purchase_orders_cover(bench: Bench) -> None:
    world = lived(small_world(60))
    zone = world.settings.shop.timezone
    await fill(bench, world, datetime.combine(world.history()[1], time(23, 59), tzinfo=ZoneInfo(zone)))
    lead_times = {str(each.variant_id): each.lead_time_days for item in world.catalog() for each in item.variants}
    own = tuple(VariantLeadTime(variant=name, days=days) for name, days in lead_times.items())
    statuses = await statuses_of(bench, lead_times=own, timezone=zone)
    there, coming = Counter[str](), Counter[str]()
    for level in {(each.inventory_item_id, each.location_id): each for each in stock_of(world)}.values():
        there[str(level.variant_id)] += level.available
        coming[str(level.variant_id)] += level.incoming
    expected, covered = {}, set()
    for name, status in statuses.items():
        assert (status.available, status.incoming) == (there[name], coming[name])
        needed = -(-status.velocity_micros * (lead_times[name] + REVIEW) // MICROS)
        short = status.status in ("out_of_stock", "critical", "low")
        if short and needed > there[name] + coming[name]:
            expected[name] = needed - there[name] - coming[name]
        elif short and coming[name]:
            covered.add(name)
    assert advised(statuses, BrandConfigured(**brand_data(lead_times=own, timezone=zone))) == expected
    assert covered, "purchase orders on their way cover some of what runs out"
