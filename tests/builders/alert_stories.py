"""A story of each type and cause of alert: events after which it opens, and events after which it is over."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from alerting.handlers import HANDLERS
from pulsepoint.brand.vocabulary import AlertType, Cause
from pulsepoint.events.ads import AdDayQuarantined, AdsSynced, AdsSyncFailed
from pulsepoint.events.envelope import Payload
from pulsepoint.money import MICROS
from pulsepoint.ports.document_store import FactRow
from pulsepoint.runtime.outcome import Outcome
from tests.builders.alerting import advise, tick
from tests.builders.insights import Bench, event_of, stock_status
from tests.builders.inventory import NOW, ad_day_fact, credit_facts, days_ago, fact, order_facts, touch_fact

Story = Callable[[Bench], Awaitable[tuple[Outcome, Outcome]]]
"""Drives alerting through its handlers; the outcomes in which the alert opened and in which it was over."""
BAD, GOOD = range(4, 7), range(1, 4)
BEFORE = range(7, 35)
NOTED = "landing_site,note_attributes"


def _days(days: range, **changes: Any) -> list[FactRow]:
    """Days of 100 spent on Meta, which claims so many purchases, and of orders that its ads brought."""
    of: dict[str, Any] = {"orders": 4, "evidence": NOTED, "claims": 20, "channel": "meta", **changes}
    facts: list[FactRow] = []
    for ago in days:
        at = days_ago(ago)
        facts.append(ad_day_fact(at.date(), 100 * MICROS, conversions_micros=of["claims"] * MICROS))
        for number in range(of["orders"]):
            order_id = f"{ago}-{number}"
            facts += order_facts(order_id, at, [{"variant_id": "v1", "price_micros": 50 * MICROS}])
            facts += credit_facts(order_id, at, 50 * MICROS, channel=of["channel"], paid=of["channel"] == "meta")
            facts.append(touch_fact(order_id, at, channel=of["channel"], evidence=of["evidence"]))
    return facts


def _of_days(**bad: Any) -> Story:
    """Three days that are worse than the four weeks before, and three that are as good as these."""

    async def story(bench: Bench) -> tuple[Outcome, Outcome]:
        await bench.append(_days(BEFORE), _days(BAD, **bad))
        opened = await advise(bench, 1, at=days_ago(GOOD.stop - 1))
        await bench.append(_days(GOOD))
        return opened, await advise(bench, 2, at=NOW)

    return story


def _of_stock(**changes: Any) -> Story:
    async def story(bench: Bench) -> tuple[Outcome, Outcome]:
        return await tick(bench, 1, stock_status(**changes)), await tick(bench, 2)

    return story


def _of_pulls(**changes: Any) -> Story:
    async def story(bench: Bench) -> tuple[Outcome, Outcome]:
        values = {"attempts": 2, "refused": False, **changes}
        failed = AdsSyncFailed(platform="meta", account_id="a1", reason="down", failed_at=days_ago(1), **values)
        return await _handle(bench, failed), await _handle(bench, _synced())

    return story


async def _of_a_day(bench: Bench) -> tuple[Outcome, Outcome]:
    sums = {"account_spend_micros": 2, "campaign_spend_micros": 1}
    day = AdDayQuarantined(platform="meta", account_id="a1", day=NOW.date(), **sums)
    row = {**day.model_dump(), "quarantined": True}
    await bench.append([fact("ad_days_quarantined", f"meta:a1:{day.day}", row)])
    opened = await _handle(bench, day)
    await bench.append([fact("ad_days_quarantined", f"meta:a1:{day.day}", {**row, "quarantined": False}, version=2)])
    return opened, await _handle(bench, _synced())


def _synced() -> AdsSynced:
    day = NOW.date()
    return AdsSynced(platform="meta", account_id="a1", start_day=day, end_day=day, rows=1, changed=0, synced_at=NOW)


async def _handle(bench: Bench, payload: Payload) -> Outcome:
    return await bench.handle(HANDLERS[payload.TYPE], event_of(payload))


STORIES: Mapping[tuple[AlertType, Cause | None], Story] = {
    (AlertType.STOCKOUT_RISK, Cause.OUT_OF_STOCK): _of_stock(
        status="out_of_stock", available=0, days_of_cover_micros=0
    ),
    (AlertType.STOCKOUT_RISK, Cause.RUNNING_OUT): _of_stock(),
    (AlertType.ROAS_DROP, None): _of_days(orders=0),
    (AlertType.SYNC_FAILURE, Cause.FAILED): _of_pulls(),
    (AlertType.SYNC_FAILURE, Cause.REFUSED): _of_pulls(attempts=1, refused=True),
    (AlertType.AD_DAYS_MISMATCH, None): _of_a_day,
    (AlertType.BROKEN_TRACKING, Cause.LINKS): _of_days(channel="direct"),
    (AlertType.BROKEN_TRACKING, Cause.PIXEL): _of_days(evidence="landing_site"),
    (AlertType.BROKEN_TRACKING, Cause.CLAIMS): _of_days(claims=1),
}
"""One for each type and cause."""
