"""One function per event: each asks for an assessment soon, and a tick makes it when it is due."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from hashlib import sha256
from typing import Any

import orjson

from inventory_intel import readings
from inventory_intel.domain.assessment import assess, listed
from inventory_intel.domain.spend import Campaign, running_campaigns
from inventory_intel.domain.stock import LeadTimes
from inventory_intel.domain.window import Window, window_of
from pulsepoint.brand.vocabulary import CancelledOrders
from pulsepoint.events.ads import AdsSynced
from pulsepoint.events.attributions import OrderAttributed
from pulsepoint.events.brands import BrandConfigured
from pulsepoint.events.commands import AnalysisRequested
from pulsepoint.events.envelope import Event
from pulsepoint.events.inventory import StockAssessed, StockLevelRecorded, StockStatus
from pulsepoint.events.products import ProductDeleted, ProductRecorded
from pulsepoint.metrics.basis import Period
from pulsepoint.metrics.query import Breakdown
from pulsepoint.metrics.running import SpentDay, last_day, recent_days
from pulsepoint.ports.document_store import Document, FactRow, StoredEffect, Write
from pulsepoint.runtime.brand_projection import KeptBrand, find_brand, keep_brand
from pulsepoint.runtime.outcome import NOTHING, Effect, EffectDefinition, Outcome, Reader
from pulsepoint.runtime.routes import Routes, on
from pulsepoint.telemetry import link_causes

TICK = "assess"
STOCK = "stock"
ITEM = ("variant_id", "sku", "title")
CAMPAIGN = ("channel", "account_id", "campaign_id")
GRACE_SECONDS = 0.1

FRESH = timedelta(minutes=2)
"""So long a level of nothing is news: an assessment does not come of shelves that have been empty for weeks."""

REST = 20
"""A brand is assessed for at most a twentieth of the time, however large it grows."""


@dataclass(slots=True)
class Pace:
    """The interval between assessments (seconds) and the most of them that is written down (rows a second).

    `took` is how many seconds the last assessment of this process took; the first one also translates its statements,
    and says nothing about those that follow.
    """

    tick_seconds: float = 5.0
    rows_per_second: float = 500.0
    took: float = 0.0
    assessed: bool = False

    def interval_seconds(self) -> float:
        """Seconds that one assessment stands for: the tick, doubled until the last assessment is a small part of it."""
        seconds = self.tick_seconds
        while seconds < REST * self.took:
            seconds *= 2
        return seconds


def tick_of(reader: Reader, pace: Pace) -> Effect:
    """One assessment for all that happens in the same interval.

    Its key is the interval's end and it is due after that, so whatever asked for it lies in the warehouse before it
    reads: a fact that arrives while a tick runs belongs to a later interval and asks for a tick of its own. Intervals
    double, so a longer one ends where a shorter one does: both are one tick.
    """
    now = reader.now().timestamp()
    seconds = pace.interval_seconds()
    end = (now // seconds + 1) * seconds
    return Effect(TICK, f"{end:.3f}", {}, delay=timedelta(seconds=end - now + GRACE_SECONDS))


def handlers(pace: Pace) -> Routes:
    """The function for each event type."""

    async def ask_for_assessment(reader: Reader, event: Event) -> Outcome:
        return Outcome(effects=(tick_of(reader, pace),))

    async def keep_settings(reader: Reader, event: Event[BrandConfigured]) -> Outcome:
        kept = await keep_brand(reader, event)
        return replace(kept, effects=(tick_of(reader, pace),)) if kept.writes else NOTHING

    return Routes(
        on(ProductRecorded, ask_for_assessment),
        on(ProductDeleted, ask_for_assessment),
        on(StockLevelRecorded, ask_for_assessment),
        on(OrderAttributed, ask_for_assessment),
        on(AdsSynced, ask_for_assessment),
        on(AnalysisRequested, ask_for_assessment),
        on(BrandConfigured, keep_settings),
    )


def effects(pace: Pace) -> dict[str, EffectDefinition]:
    """The tick."""

    async def assess_stock(reader: Reader, effect: StoredEffect, result: Any) -> Outcome:
        kept = await find_brand(reader)
        if kept is None:
            # Its settings ask for a tick of their own when they arrive.
            return NOTHING
        began = time.monotonic()
        brand = kept.settings
        first = await reader.query("inventory_first_sale")
        window = window_of(brand.business_time(reader.now()), brand.timezone, first[0]["first_sale"])
        statuses = await _assess(reader, kept, window)
        pace.took, pace.assessed = time.monotonic() - began if pace.assessed else 0.0, True
        # The tick sees all that is there by now, not only what asked for it: it links to the newest of that too.
        since = reader.now() - FRESH
        link_causes(row["trace"] for row in await reader.query("inventory_newest_traces", since=since))
        return _published(reader, window, statuses, await reader.get("assessments", STOCK), pace)

    return {TICK: EffectDefinition(on_success=assess_stock, timeout=120.0)}


async def _assess(reader: Reader, kept: KeptBrand, window: Window) -> list[StockStatus]:
    brand, period = kept.settings, Period(window.start_day, window.end_day)
    # What was shipped has left the shelf, whatever the brand's revenue says of cancelled orders.
    settings = replace(kept.metric_settings, cancelled_orders=CancelledOrders.KEEP)
    variants = await reader.query("inventory_variants")
    sold, levels, incoming, days, spend, weights = await reader.measure_all(
        [
            Breakdown(("units",), period, ITEM),
            Breakdown(("level_units",), period, ("inventory_item_id",)),
            Breakdown(("level_incoming",), period, ("inventory_item_id",)),
            Breakdown(("days_in_stock", "days_unknown"), period, ("inventory_item_id",)),
            Breakdown(("spend",), period, (*CAMPAIGN, "day"), {"currency": brand.currency}),
            Breakdown(("campaign_weight",), period, (*CAMPAIGN, *ITEM)),
        ],
        settings=settings,
    )
    campaigns = await _running(reader, kept, window, readings.spent_days(spend.rows))
    # A large catalog takes long enough to keep other requests waiting, were it judged on the event loop.
    return await asyncio.to_thread(
        lambda: assess(
            readings.variants(variants, levels.rows, incoming.rows),
            readings.sold(sold.rows),
            readings.days_in_stock(days.rows),
            campaigns,
            readings.credited_items(weights.rows),
            window_days=window.days,
            lead_times=LeadTimes(brand.lead_time_days, {each.variant: each.days for each in brand.lead_times}),
        )
    )


async def _running(reader: Reader, kept: KeptBrand, window: Window, spent: Sequence[SpentDay]) -> list[Campaign]:
    """The running campaigns with what each spends a day, as advice measures it."""
    if not spent:
        return []
    recent = recent_days(last_day([*window.first_sale_days, *(day for _, day in spent)], window.end_day))
    own = {"currency": kept.settings.currency}
    [daily] = await reader.measure_all(
        [Breakdown(("daily_spend",), recent, CAMPAIGN, own)], settings=kept.metric_settings
    )
    return running_campaigns(spent, readings.daily_spend(daily.rows))


def _published(
    reader: Reader, window: Window, statuses: Sequence[StockStatus], previous: Document | None, pace: Pace
) -> Outcome:
    """The assessment as an event, and as facts where it differs from the one written down last."""
    version = (previous.version if previous else 0) + 1
    last: Mapping[str, Any] = previous.data if previous else {}
    columns = [_columns(status) for status in statuses]
    digest = sha256(orjson.dumps([window.days, columns])).hexdigest()
    unchanged, wait = digest == last.get("digest"), _wait(reader, last, pace)
    payload = StockAssessed(
        assessed_at=window.end_at,
        window_days=window.days,
        counts=_counts(statuses),
        statuses=listed(statuses),
        rows_as_of=reader.now() if unchanged or wait <= 0 else None,
    )
    event = reader.event(payload, entity=STOCK, version=version, time=window.end_at)
    if unchanged:
        return Outcome(writes=(Write("assessments", STOCK, dict(last)),), events=(event,))
    if wait > 0:
        later = Effect(TICK, "write down", {}, delay=timedelta(seconds=wait))
        return Outcome(writes=(Write("assessments", STOCK, dict(last)),), events=(event,), effects=(later,))
    data = {"digest": digest, "written_at": reader.now().timestamp(), "rows": len(statuses)}
    return Outcome(
        facts=_facts(reader, window, columns, version, digest),
        writes=(Write("assessments", STOCK, data),),
        events=(event,),
    )


def _wait(reader: Reader, last: Mapping[str, Any], pace: Pace) -> float:
    """Seconds until the next snapshot may be written: a large catalog is written down less often."""
    due = float(last.get("written_at", 0.0)) + int(last.get("rows", 0)) / pace.rows_per_second
    return due - reader.now().timestamp()


def _facts(
    reader: Reader, window: Window, columns: Sequence[Mapping[str, Any]], version: int, digest: str
) -> list[FactRow]:
    head = {"assessed_at": window.end_at, "window_days": window.days, "variants": len(columns)}
    rows = [reader.fact("stock_assessments", STOCK, version, head, digest=digest)]
    rows.extend(
        reader.fact("stock_statuses", STOCK, version, row, part=row["variant_id"], digest=digest) for row in columns
    )
    return rows


def _counts(statuses: Sequence[StockStatus]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for status in statuses:
        counts[str(status.status)] = counts.get(str(status.status), 0) + 1
    return counts


def _columns(status: StockStatus) -> dict[str, Any]:
    return {**status.model_dump(exclude={"campaigns"}), "status": str(status.status)}


HANDLERS = handlers(Pace())
EFFECTS = effects(Pace())
