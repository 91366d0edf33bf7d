"""Handlers on the runtime's own steps: any order of arrival ends in the same credits."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from itertools import permutations
from typing import Any
from uuid import uuid4

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attribution.domain.models import MODELS
from attribution.handlers import BATCH
from pulsepoint.brand.vocabulary import CancelledOrders
from pulsepoint.events.brands import BrandConfigured
from pulsepoint.events.envelope import Event
from pulsepoint.events.orders import Refund
from pulsepoint.events.privacy import SubjectErased
from pulsepoint.metrics.revenue import SoldOrder, sales_entries
from pulsepoint.ports.document_store import Write
from pulsepoint.runtime.outcome import Outcome
from tests.builders.orders import (
    CREATED_AT,
    ORDER_ID,
    SCOPE,
    as_event,
    evidence,
    order,
    order_deleted_event,
    order_event,
    refund,
    refund_event,
    timestamp,
    version_at,
)
from tests.unit.attribution.harness import Harness

META = "/?utm_source=facebook&utm_medium=cpc&utm_campaign=Spring&fbclid=IwAR_Secret"
AFTER = CREATED_AT + timedelta(hours=1)


def configured(*, version: int = 1, **fields: Any) -> Event:
    values = {"name": "Shop", "shopify_store": "shop-of-test.myshopify.com", "currency": "GBP", **fields}
    return as_event(BrandConfigured(**values), entity=str(SCOPE.brand_id), version=version, source="gateway")


def erased(*order_ids: str) -> Event:
    payload = SubjectErased(subject="s1", order_ids=order_ids, erased_at=AFTER)
    return as_event(payload, entity="s1", version=version_at(AFTER))


def old_touch_order(order_id: str = ORDER_ID, **fields: Any) -> Event:
    """An order whose one paid touch is 45 days old."""
    moments = (timestamp(CREATED_AT - timedelta(days=45), META),)
    return order_event(order_id=order_id, evidence=evidence(moments=moments), **fields)


async def test_an_order_becomes_a_head_touches_and_credits_under_one_version_and_digest() -> None:
    harness = Harness()
    await harness.handle(order_event(evidence=evidence(META)))
    rows = [fact.row for fact in harness.ports.facts]
    assert {(row["entity"], row["version"]) for row in rows} == {(ORDER_ID, 1)}
    assert len({row["digest"] for row in rows}) == 1
    assert len({row["fact_id"] for row in rows}) == len(rows)
    assert [fact.table for fact in harness.ports.facts] == ["attributions", "touches", *("credits" for _ in MODELS)]
    head, (touch,) = harness.head(), harness.current("touches")
    assert (head["net_micros"], head["currency"], head["settings_version"]) == (100_000_000, "GBP", 0)
    assert head["source_version"] == version_at(CREATED_AT)
    assert (touch["channel"], touch["click_id"], touch["evidence"]) == ("meta", "IwAR_Secret", "landing_site")
    assert harness.by_channel() == harness.by_channel("last_non_direct") == {"meta": 100_000_000}


async def test_rows_fit_the_columns_of_the_warehouse_tables() -> None:
    harness = Harness()
    await harness.handle(order_event(evidence=evidence(META)))
    common = {"fact_id", "brand_id", "entity", "version", "digest", "recorded_at", "order_id"}
    columns = {
        "attributions": "currency net_micros source_version settings_version rules_version trace",
        "touches": "occurred_at channel paid source medium campaign content term click_id evidence",
        "credits": "model entry_id entry_kind occurred_at channel paid campaign touch_at credit_micros currency",
    }
    for fact in harness.ports.facts:
        assert set(fact.row) == common | set(columns[fact.table].split())


async def test_an_attributed_order_is_told_on() -> None:
    harness = Harness()
    await harness.handle(order_event(evidence=evidence(META), refunds=(refund(amount=10),)))
    (message,) = harness.ports.messages
    payload = orjson.loads(message.data)
    assert (message.topic, payload["net_micros"], payload["credits"]) == ("attributions", 90_000_000, 2 * len(MODELS))


async def test_what_changes_nothing_writes_and_says_nothing() -> None:
    harness = Harness()
    newer = order_event(evidence=evidence(META), updated_at=AFTER, refunds=(refund(),))
    await harness.handle(newer)
    again = await harness.handle(newer)
    assert not (again.writes or again.facts or again.events or again.effects)
    stale = await harness.handle(order_event(net=70))
    assert not (stale.facts or stale.events)
    # It is kept, since the day of a change may follow from it, and not twice.
    assert [write.collection for write in stale.writes] == ["orders"]
    assert not (await harness.handle(order_event(net=70))).writes


async def test_an_older_snapshot_with_an_unknown_refund_adds_only_the_refund() -> None:
    harness = Harness()
    await harness.handle(order_event(evidence=evidence(META), updated_at=AFTER))
    await harness.handle(order_event(net=500, refunds=(refund("r9", amount=30),)))
    assert harness.by_channel() == {"meta": 70_000_000}


@pytest.mark.rule("SHOP-10")
async def test_a_refund_in_the_order_and_alone_is_one_refund() -> None:
    harness = Harness()
    given_back = refund("r1", amount=25)
    await harness.handle(
        order_event(evidence=evidence(META), refunds=(given_back,), updated_at=AFTER), refund_event(given_back)
    )
    assert harness.by_channel() == {"meta": 75_000_000}


@pytest.mark.rule("REV-04")
async def test_an_orphan_refund_is_unattributed_until_its_order_appears() -> None:
    harness = Harness()
    await harness.handle(refund_event(refund("r1", amount=25)))
    assert harness.by_channel() == {"unattributed": -25_000_000}
    await harness.handle(order_event(evidence=evidence(META)))
    assert harness.by_channel() == {"meta": 75_000_000}


@pytest.mark.rule("ATTR-06")
async def test_a_full_refund_nets_its_campaign_to_zero() -> None:
    harness = Harness()
    await harness.handle(order_event(evidence=evidence(META)), refund_event(refund(amount=100)))
    assert [row["credit_micros"] for row in harness.current("credits")] == [100_000_000, -100_000_000] * len(MODELS)
    assert {row["campaign"] for row in harness.current("credits")} == {"Spring"}


@pytest.mark.rule("SHOP-09")
async def test_deleted_and_test_orders_credit_nothing() -> None:
    harness = Harness()
    await harness.handle(order_event(evidence=evidence(META)), order_deleted_event())
    assert (harness.head()["net_micros"], harness.credits()) == (0, [])
    await harness.handle(order_event(order_id="2", test=True, evidence=evidence(META)))
    assert (harness.head("2")["net_micros"], harness.credits("2")) == (0, [])


@pytest.mark.rule("SHOP-14")
async def test_a_deletion_told_first_holds_against_the_order_that_follows() -> None:
    harness = Harness()
    outcome = await harness.handle(order_deleted_event())
    assert (len(outcome.writes), outcome.facts) == (1, [])
    await harness.handle(order_event(evidence=evidence(META), updated_at=AFTER), refund_event(refund()))
    assert (harness.head()["net_micros"], harness.credits()) == (0, [])


async def test_refunds_of_an_order_known_only_as_deleted_count_for_nothing() -> None:
    harness = Harness()
    await harness.handle(refund_event(refund(amount=5)), order_deleted_event())
    assert (harness.head()["net_micros"], harness.credits()) == (0, [])


async def test_a_snapshot_later_than_the_deletion_counts_as_the_warehouse_shows_it() -> None:
    harness = Harness()
    await harness.handle(order_deleted_event(version=5), order_event(evidence=evidence(META), version=6))
    assert harness.by_channel() == {"meta": 100_000_000}


@pytest.mark.rule("TOUCH-11")
async def test_a_webhook_without_moments_does_not_undo_a_known_journey() -> None:
    harness = Harness()
    journey = evidence("/", moments=(timestamp(CREATED_AT - timedelta(days=1), META),))
    await harness.handle(order_event(evidence=journey), order_event(evidence=evidence("/"), net=80, updated_at=AFTER))
    assert harness.by_channel() == {"meta": 80_000_000}


@pytest.mark.rule("TOUCH-11")
async def test_utms_that_appear_later_attribute_the_order_anew() -> None:
    harness = Harness()
    await harness.handle(order_event(), order_event(evidence=evidence(META), updated_at=AFTER))
    assert harness.by_channel() == {"meta": 100_000_000}


async def test_touches_by_later_rules_replace_those_of_the_same_snapshot() -> None:
    harness = Harness()
    event = order_event(evidence=evidence(META))
    await harness.handle(event)
    document = await harness.document()
    document["journey"] |= {"rules": 1, "touches": []}
    await harness.pipeline.execute(SCOPE, lambda _: _written(Write("orders", ORDER_ID, document)), dedup_key=uuid4())
    await harness.handle(event)
    assert harness.by_channel() == {"meta": 100_000_000}


SNAPSHOTS = [
    order_event(evidence=evidence("/"), version=10),
    order_event(evidence=evidence(META), net=90, refunds=(refund("r1", amount=5),), version=20),
    # The same version with other content: sources with one-second clocks do that.
    order_event(evidence=evidence("/?gclid=A"), net=95, refunds=(refund("r2", amount=7),), version=20),
    order_event(net=85, refunds=(refund("r1", amount=6),), version=30),
    order_event(
        evidence=evidence("/", moments=(timestamp(CREATED_AT, META), timestamp(CREATED_AT, "/?utm_source=klaviyo"))),
        version=15,
    ),
    order_event(net=84, cancelled_at=CREATED_AT + timedelta(days=5), version=25, precedence=2),
    order_event(net=86, evidence=evidence(META), version=25, precedence=1, refunds=(refund("r1", amount=6),)),
    order_event(net=85, cancelled_at=CREATED_AT + timedelta(days=5), version=25),
    refund_event(refund("r1", amount=5)),
    refund_event(refund("r3", amount=9)),
    refund_event(refund("r3", amount=8)),
    order_deleted_event(version=22),
    erased(ORDER_ID),
    configured(lookback_days=60, cancelled_orders="keep"),
    configured(version=2, lookback_days=7),
]


def end_state(events: list[Event]) -> tuple[Any, ...]:
    async def run() -> tuple[Any, ...]:
        harness = Harness()
        for event in events:
            await harness.handle(event)
        await harness.run_effects()
        document = await harness.document()
        touches = [{name: row[name] for name in row if name not in ("fact_id", "version", "digest", "recorded_at")}
                   for row in harness.current("touches")]  # fmt: skip
        document.pop("policy_version", None)
        return harness.credits(), touches, document

    return asyncio.run(run())


@pytest.mark.rule("SHOP-06")
async def test_of_equal_clocks_the_higher_precedence_is_credited_in_either_order() -> None:
    tellings = [
        order_event(net=70, version=5, precedence=7, evidence=evidence(META), refunds=(refund("r1", amount=10),)),
        order_event(net=90, version=5, precedence=6, evidence=evidence(META), refunds=(refund("r1", amount=20),)),
        order_event(net=80, version=5, evidence=evidence(META), refunds=(refund("r1", amount=30),)),
    ]
    for arrival in permutations(tellings):
        harness = Harness()
        for event in arrival:
            await harness.handle(event)
        assert harness.by_channel() == {"meta": 60_000_000}


@pytest.mark.rule("ATTR-03")
@settings(max_examples=80, deadline=None)
@given(data=st.data())
@pytest.mark.slow
def test_any_permutation_with_any_duplicates_ends_in_the_same_credits(data: st.DataObject) -> None:
    chosen = data.draw(st.lists(st.sampled_from(SNAPSHOTS), min_size=1, max_size=len(SNAPSHOTS), unique_by=id))
    copies = data.draw(st.lists(st.sampled_from(chosen), max_size=6))
    shuffled = data.draw(st.permutations([*chosen, *copies]))
    assert end_state(shuffled) == end_state(chosen)


@pytest.mark.rule("ATTR-02")
@settings(max_examples=40, deadline=None)
@given(
    nets=st.lists(st.integers(0, 500), min_size=1, max_size=3),
    returns=st.lists(st.integers(0, 700_000_000), max_size=4),
    cancelled=st.booleans(),
    policy=st.sampled_from(CancelledOrders),
    landing=st.sampled_from([None, "/", META]),
)
def test_after_edits_refunds_and_cancellation_credits_add_up_to_net_revenue(
    nets: list[int], returns: list[int], cancelled: bool, policy: CancelledOrders, landing: str | None
) -> None:
    when = CREATED_AT + timedelta(days=9) if cancelled else None
    refunds: list[Refund] = [refund(f"r{number}", subtotal_micros=micros) for number, micros in enumerate(returns)]
    sold = SoldOrder(ORDER_ID, CREATED_AT, nets[-1] * 1_000_000, False, when, test=False, deleted=False)
    expected = sum(entry.net_micros for entry in sales_entries(sold, refunds, cancelled_orders=policy))

    async def run() -> None:
        harness = Harness()
        await harness.handle(configured(cancelled_orders=policy))
        for version, net in enumerate(nets):
            snapshot = order(net=net, cancelled_at=when, evidence=evidence(landing))
            await harness.handle(order_event(snapshot, version=version))
        for given_back in refunds:
            await harness.handle(refund_event(given_back))
        assert harness.head()["net_micros"] == expected
        for model in MODELS:
            assert sum(harness.by_channel(model).values()) == expected

    asyncio.run(run())


@pytest.mark.rule("ATTR-10")
async def test_a_longer_lookback_attributes_existing_orders_anew_batch_by_batch() -> None:
    harness = Harness()
    ids = [f"{number:05}" for number in range(2 * BATCH + 3)]
    await harness.handle(*(old_touch_order(order_id) for order_id in ids))
    assert harness.by_channel(order_id=ids[0]) == {"unattributed": 100_000_000}
    outcome = await harness.handle(configured(lookback_days=60))
    assert [effect.kind for effect in outcome.effects] == ["reattribute"]
    assert await harness.run_effects() == 3
    for order_id in ids:
        assert harness.by_channel(order_id=order_id) == {"meta": 100_000_000}
        assert (harness.head(order_id)["version"], harness.head(order_id)["settings_version"]) == (2, 1)


@pytest.mark.rule("ATTR-10")
async def test_a_changed_policy_for_cancelled_orders_attributes_anew() -> None:
    harness = Harness()
    cancelled = order_event(evidence=evidence(META), cancelled_at=AFTER)
    await harness.handle(configured(cancelled_orders="return"), cancelled)
    assert harness.head()["net_micros"] == 0
    await harness.handle(configured(version=2, cancelled_orders="keep"))
    await harness.run_effects()
    assert harness.by_channel() == {"meta": 100_000_000}


@pytest.mark.rule("ATTR-10")
async def test_settings_that_credits_do_not_depend_on_start_no_sweep_nor_end_a_running_one() -> None:
    harness = Harness()
    await harness.handle(old_touch_order())
    assert not (await harness.handle(configured(lead_time_days=3))).effects
    await harness.handle(configured(version=2, lookback_days=60), configured(version=3, lookback_days=60, name="New"))
    await harness.run_effects()
    assert harness.by_channel() == {"meta": 100_000_000}


async def test_a_newer_policy_ends_the_sweep_of_the_older_one() -> None:
    harness = Harness()
    await harness.handle(old_touch_order(), configured(lookback_days=60), configured(version=2, lookback_days=50))
    assert await harness.run_effects() == 2
    older, newer = harness.outcomes[-2:]
    assert (len(older.writes), len(newer.writes)) == (0, 1)
    assert (harness.head()["version"], harness.head()["settings_version"]) == (2, 2)


async def test_settings_kept_by_an_earlier_release_are_read_and_start_no_sweep() -> None:
    harness = Harness()
    await harness.handle(configured(lookback_days=60))
    (write,) = harness.outcomes[-1].writes
    kept = dict(write.data or {})
    earlier: dict[str, Any] = {name: kept.pop(name) for name in ("version", "digest", "policy_version")}
    earlier["settings"] = kept
    await harness.pipeline.execute(SCOPE, lambda _: _written(Write("brands", write.id, earlier)), dedup_key=uuid4())
    assert not (await harness.handle(configured(version=2, lookback_days=60, lead_time_days=3))).effects
    assert (await harness.handle(configured(version=3, lookback_days=50))).effects


async def _written(write: Write) -> Outcome:
    return Outcome(writes=[write])


async def test_an_older_settings_snapshot_changes_nothing() -> None:
    harness = Harness()
    await harness.handle(configured(version=5, lookback_days=60))
    late = await harness.handle(configured(version=4, lookback_days=10))
    assert not (late.writes or late.effects)


@pytest.mark.rule("SEC-08")
async def test_an_erased_order_keeps_its_credits_and_loses_what_says_who() -> None:
    harness = Harness()
    await harness.handle(order_event(evidence=evidence(META, discount_codes=("ANNA-10",))))
    before = harness.credits()
    await harness.handle(erased(ORDER_ID))
    assert harness.credits() == before
    assert harness.current("touches") == []
    kept = orjson.dumps(await harness.document()).decode()
    assert not [word for word in ("IwAR_Secret", "facebook", "cpc", "ANNA-10") if word in kept]


@pytest.mark.rule("SEC-08")
async def test_a_replay_after_the_erasure_brings_no_person_back() -> None:
    harness = Harness()
    await harness.handle(erased(ORDER_ID), order_event(evidence=evidence(META)), refund_event(refund(amount=1)))
    assert harness.by_channel() == {"meta": 99_000_000}
    assert harness.current("touches") == []
    assert "IwAR_Secret" not in orjson.dumps(await harness.document()).decode()


async def test_an_erasure_keeps_the_winner_of_a_tie() -> None:
    harness = Harness()
    tied = evidence("/?utm_source=google&utm_medium=cpc&gclid=A", note_attributes=(("ttclid", "B"),))
    await harness.handle(order_event(evidence=tied))
    before = harness.credits()
    await harness.handle(erased(ORDER_ID))
    assert harness.credits() == before


async def test_a_long_erasure_goes_on_in_effects() -> None:
    harness = Harness()
    ids = [f"{number:05}" for number in range(2 * BATCH + 1)]
    await harness.handle(*(order_event(order_id=order_id, evidence=evidence(META)) for order_id in ids))
    await harness.handle(erased(*ids))
    assert await harness.run_effects() == 2
    assert [order_id for order_id in ids if harness.current("touches", order_id)] == []
