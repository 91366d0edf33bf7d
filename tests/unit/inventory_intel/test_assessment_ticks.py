"""Events ask for one tick; the tick asks the warehouse and tells."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from ai_advisor.measuring import measure_performance
from inventory_intel.handlers import EFFECTS, HANDLERS, TICK, Pace, effects, handlers
from pulsepoint.events.brands import BrandConfigured
from pulsepoint.events.commands import AnalysisRequested
from pulsepoint.events.inventory import StockAssessed, StockLevelRecorded
from pulsepoint.money import MICROS
from pulsepoint.runtime.brand_projection import KeptBrand
from pulsepoint.runtime.outcome import Outcome
from pulsepoint.telemetry import Telemetry
from tests.builders.insights import Bench, bench_of, effect_of, event_of, payload_in
from tests.builders.inventory import (
    NOW,
    OTHER_BRAND,
    SCOPE,
    ad_day_fact,
    brand_data,
    credit_facts,
    days_ago,
    level_fact,
    order_facts,
    product_facts,
)


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    async with bench_of("inventory-intel") as bench:
        yield bench


async def configure(bench: Bench, *, version: int = 1, **changes: Any) -> Outcome:
    payload = BrandConfigured(**brand_data(**changes))
    return await bench.handle(HANDLERS["brand.configured"], event_of(payload, version=version))


async def tick(bench: Bench) -> tuple[StockAssessed, Outcome]:
    outcome = await bench.on_success(EFFECTS[TICK], effect_of(TICK))
    return payload_in(outcome, StockAssessed), outcome


def level_event() -> Any:
    return event_of(StockLevelRecorded(inventory_item_id="i", location_id="l", available=1, updated_at=NOW))


async def test_events_of_one_stretch_share_a_tick_that_is_due_after_it(bench: Bench) -> None:
    due = []
    for seconds in (0.0, 4.9, 5.0):
        bench.clock.set(NOW + timedelta(seconds=seconds))
        [effect] = (await bench.handle(HANDLERS["stock_level.recorded"], level_event())).effects
        due.append((effect.key, bench.clock.now() + effect.delay))
    assert due[0] == due[1]
    assert due[1][0] != due[2][0]
    assert NOW + timedelta(seconds=5) < due[0][1] < NOW + timedelta(seconds=6)


async def test_a_schedule_asks_for_an_assessment_though_nothing_happened(bench: Bench) -> None:
    [effect] = (
        await bench.handle(HANDLERS["analysis.requested"], event_of(AnalysisRequested(requested_at=NOW)))
    ).effects
    assert effect.kind == TICK
    await configure(bench)
    first, _ = await tick(bench)
    again, outcome = await tick(bench)
    assert again == first and not outcome.facts


async def test_a_brand_without_settings_is_not_assessed_until_they_arrive(bench: Bench) -> None:
    outcome = await bench.on_success(EFFECTS[TICK], effect_of(TICK))
    assert not outcome.events
    assert (await configure(bench)).effects


async def test_older_settings_do_not_replace_newer_ones(bench: Bench) -> None:
    await configure(bench, version=2, lead_time_days=30)
    await configure(bench, version=1, lead_time_days=3)
    kept = await bench.document("brands", str(SCOPE.brand_id))
    assert kept is not None
    assert kept.data["lead_time_days"] == 30


async def test_stock_is_judged_by_what_sold_on_days_with_stock(bench: Bench) -> None:
    await configure(bench)
    await bench.append(
        product_facts("p1", [{"variant_id": "v1", "sku": "S1"}]),
        # In stock until ten days ago, then sold out, refilled two days ago: 20 of 28 days with stock.
        [level_fact("v1", days_ago(60), 50), level_fact("v1", days_ago(10), 0), level_fact("v1", days_ago(2), 6)],
        order_facts("o0", days_ago(90), [{"variant_id": "v1"}]),
        order_facts("o1", days_ago(15), [{"variant_id": "v1", "quantity": 30}]),
        order_facts("o2", days_ago(12), [{"variant_id": None, "sku": "S1", "quantity": 11}]),
        order_facts("test", days_ago(12), [{"variant_id": "v1", "quantity": 500}], test=True),
        order_facts("gone", days_ago(12), [{"variant_id": "v1", "quantity": 500}], deleted=True),
        order_facts("foreign", days_ago(12), [{"variant_id": "v1", "quantity": 500}], scope=OTHER_BRAND),
    )
    assessed, _ = await tick(bench)
    [status] = assessed.statuses
    # 27 days before today and today; without stock from nine to three days ago (seven whole days).
    assert (status.days_in_stock, status.days_unknown, status.units_sold) == (21, 0, 41)
    assert status.velocity_micros == 41 * MICROS // 21
    assert (status.available, status.status) == (6, "critical")
    assert assessed.counts == {"critical": 1}
    [row] = await bench.rows("SELECT * FROM stock_statuses_current WHERE brand_id = @brand_id")
    assert (row["variant_id"], row["days_in_stock"], row["status"]) == ("v1", 21, "critical")


async def test_an_assessment_links_to_where_nothing_was_said_to_be_left_however_much_else_was_told(
    bench: Bench,
) -> None:
    async def kept(_: object) -> None:
        """Spans are read here as they end."""

    traces = [f"00-{number:032x}-{number:016x}-01" for number in (1, 2, 3, 4)]
    await configure(bench)
    await bench.append(
        product_facts("p1", [{"variant_id": each} for each in ("v1", "v2", "v3")]),
        [
            level_fact("v1", days_ago(2), 0, trace=traces[0]),
            level_fact("v2", days_ago(2), 0, trace=traces[1]),
            # Refilled since: nothing is concluded from the level before.
            level_fact("v2", days_ago(1), 5, trace=traces[2]),
            level_fact("v3", days_ago(1), 0),
            level_fact("v1", days_ago(1), 0, trace=traces[3], scope=OTHER_BRAND),
        ],
    )
    telemetry = Telemetry("inventory-intel", kept)
    # Facts are recorded at NOW; a while later the empty shelf is no news any more.
    for minutes, expected in ((1, [1]), (3, [])):
        bench.clock.set(NOW + timedelta(minutes=minutes))
        with telemetry.span("effect assess") as span:
            await tick(bench)
            assert [link.context.trace_id for link in getattr(span, "links", ())] == expected


@pytest.mark.rule("STOCK-01")
async def test_locations_are_summed_and_a_day_counts_when_any_had_stock(bench: Bench) -> None:
    await configure(bench)
    await bench.append(
        product_facts("p1", [{"variant_id": "v1"}]),
        [
            level_fact("v1", days_ago(60), 5, location_id="a"),
            level_fact("v1", days_ago(60), 0, location_id="b"),
            level_fact("v1", days_ago(9), 0, location_id="a"),
            level_fact("v1", days_ago(5), 4, location_id="b"),
            level_fact("v1", days_ago(5), 3, location_id="a"),
        ],
        order_facts("o0", days_ago(90), [{"variant_id": "v1"}]),
        order_facts("o1", days_ago(20), [{"variant_id": "v1", "quantity": 50}]),
    )
    [status] = (await tick(bench))[0].statuses
    assert (status.available, status.days_in_stock) == (7, 25)


@pytest.mark.rule("STOCK-02")
async def test_days_before_the_first_level_count_and_are_told(bench: Bench) -> None:
    await configure(bench)
    await bench.append(
        product_facts("p1", [{"variant_id": "v1"}, {"variant_id": "v2", "available": 0}]),
        [level_fact("v1", days_ago(3), 0)],
        order_facts("o0", days_ago(90), [{"variant_id": "v1"}]),
    )
    assessed, _ = await tick(bench)
    assert {status.variant_id: (status.days_in_stock, status.days_unknown) for status in assessed.statuses} == {
        "v1": (25, 24),
        "v2": (28, 28),
    }


async def test_without_levels_the_products_own_count_is_used(bench: Bench) -> None:
    await configure(bench)
    await bench.append(
        product_facts(
            "p1",
            [
                {"variant_id": "v1", "available": 0},
                {"variant_id": "v2", "available": 3, "tracked": False},
                {"variant_id": "v3"},
            ],
        ),
        product_facts("p2", [{"variant_id": "v4", "available": 0}], status="archived"),
        product_facts("p3", [{"variant_id": "v5", "available": 0}], deleted=True),
    )
    assessed, _ = await tick(bench)
    assert assessed.counts == {"out_of_stock": 1, "untracked": 2}
    assert [status.variant_id for status in assessed.statuses] == ["v1"]


async def test_the_spend_of_campaigns_that_sell_what_is_gone_is_at_risk(bench: Bench) -> None:
    await configure(bench)
    at = days_ago(4)
    await bench.append(
        product_facts("p1", [{"variant_id": "v1", "available": 0}, {"variant_id": "v2", "available": 500}]),
        order_facts("o1", at, [{"variant_id": "v1", "price_micros": 30 * MICROS}, {"variant_id": "v2"}]),
        credit_facts("o1", at, 40 * MICROS),
        order_facts("o2", at, [{"variant_id": "v1"}]),
        credit_facts("o2", at, 10 * MICROS, channel="meta", campaign="Spring", paid=False),
        [ad_day_fact(NOW.date() - timedelta(days=1), 100 * MICROS)],
        [ad_day_fact(NOW.date() - timedelta(days=1), 900 * MICROS, currency="SEK", account_id="a2", campaign_id="c2")],
    )
    assessed, _ = await tick(bench)
    assert assessed.statuses[0].campaigns == (("meta", "c1", 75 * MICROS),)
    assert assessed.statuses[0].spend_at_risk_micros == 75 * MICROS


@pytest.mark.parametrize(
    ("spent", "a_day"),
    [({1: 100, 2: 300}, 200), ({1: 100, 3: 500}, 300), ({0: 7, 1: 100}, 100), ({1: 10, 20: 10_000}, 10)],
    ids=["complete days", "days without spend do not count", "today is not complete", "a week"],
)
async def test_spend_at_risk_is_a_part_of_the_daily_spend_that_advice_shows(
    bench: Bench, spent: dict[int, int], a_day: int
) -> None:
    """A campaign that paused on some days had less at risk than it spends a day, though all it sells was gone."""
    await configure(bench)
    at = days_ago(4)
    await bench.append(
        product_facts("p1", [{"variant_id": "v1", "available": 0}]),
        order_facts("o1", at, [{"variant_id": "v1", "price_micros": 30 * MICROS}]),
        credit_facts("o1", at, 30 * MICROS),
        [ad_day_fact(days_ago(ago).date(), euros * MICROS) for ago, euros in spent.items()],
    )
    assessed, _ = await tick(bench)
    assert assessed.statuses[0].spend_at_risk_micros == a_day * MICROS
    kept = KeptBrand(BrandConfigured(**brand_data()), 1)
    performance = await bench.read(lambda reader: measure_performance(reader, kept, NOW))
    assert [each.daily_spend_micros for each in performance.campaigns] == [a_day * MICROS]


async def test_today_counts_where_nothing_is_known_before_it(bench: Bench) -> None:
    await configure(bench)
    await bench.append(
        product_facts("p1", [{"variant_id": "v1", "available": 0}]),
        order_facts("o1", NOW, [{"variant_id": "v1", "price_micros": 30 * MICROS}]),
        credit_facts("o1", NOW, 30 * MICROS),
        [ad_day_fact(NOW.date(), 70 * MICROS)],
    )
    assessed, _ = await tick(bench)
    assert assessed.statuses[0].spend_at_risk_micros == 70 * MICROS


async def test_the_business_clock_moves_the_window(bench: Bench) -> None:
    await configure(bench, clock_offset_seconds=-365 * 86_400)
    await bench.append(
        product_facts("p1", [{"variant_id": "v1", "available": 1}]),
        order_facts("then", days_ago(370), [{"variant_id": "v1", "quantity": 70}]),
        order_facts("now", days_ago(2), [{"variant_id": "v1", "quantity": 700}]),
    )
    assessed, _ = await tick(bench)
    assert assessed.assessed_at == NOW - timedelta(days=365)
    assert assessed.statuses[0].units_sold == 70


async def test_an_unchanged_assessment_is_told_but_not_written_again(bench: Bench) -> None:
    await configure(bench)
    await bench.append(product_facts("p1", [{"variant_id": "v1", "available": 0}]))
    _, first = await tick(bench)
    bench.clock.advance(minutes=1)
    _, second = await tick(bench)
    assert len(first.facts) == 2
    assert not second.facts
    assert second.events[0].version == first.events[0].version + 1


async def test_a_large_catalogue_is_written_down_less_often_but_in_the_end(bench: Bench) -> None:
    await configure(bench)
    slow = effects(Pace(rows_per_second=0.1))[TICK]
    await bench.append(product_facts("p1", [{"variant_id": "v1", "available": 0}]))
    await bench.on_success(slow, effect_of(TICK))
    await bench.append(product_facts("p2", [{"variant_id": "v2", "available": 0}]))
    bench.clock.advance(seconds=4)
    kept = await bench.on_success(slow, effect_of(TICK))
    assert not kept.facts
    assert payload_in(kept, StockAssessed).counts == {"out_of_stock": 2}
    [later] = kept.effects
    bench.clock.set(bench.clock.now() + later.delay)
    written = await bench.on_success(slow, effect_of(TICK))
    assert len(written.facts) == 3
    rows = await bench.rows("SELECT variant_id FROM stock_statuses_current WHERE brand_id = @brand_id")
    assert {row["variant_id"] for row in rows} == {"v1", "v2"}


async def test_stretches_of_different_length_that_end_together_share_one_tick(bench: Bench) -> None:
    pace = Pace(tick_seconds=5.0)
    ask = handlers(pace)["stock_level.recorded"]
    due = []
    for seconds, took in ((14.0, 0.0), (16.0, 0.5), (16.0, 0.0)):
        bench.clock.set(NOW + timedelta(seconds=seconds))
        pace.took = took
        [effect] = (await bench.handle(ask, level_event())).effects
        due.append(effect.key)
    assert pace.interval_seconds() == 5.0
    assert due[0] != due[1] == due[2]


def test_slow_assessments_are_made_less_often() -> None:
    pace = Pace(tick_seconds=5.0)
    assert pace.interval_seconds() == 5.0
    pace.took = 0.2
    assert pace.interval_seconds() == 5.0
    pace.took = 1.0
    assert pace.interval_seconds() == 20.0
    pace.took = 1.1
    assert pace.interval_seconds() == 40.0
