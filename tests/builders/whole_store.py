"""A brand's store as services leave it: facts in DuckDB, their checksums in PostgreSQL; and copies to corrupt."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import duckdb

from attribution.handlers import HANDLERS as ATTRIBUTION
from gateway.verification.checks import CHECKS, run_check
from gateway.verification.recorded import broken_links, rows_not_as_recorded
from ingest_shopify.facts import facts_of
from pulsepoint.adapters.duckdb.warehouse import open_duckdb
from pulsepoint.adapters.memory.cache import MemoryCache
from pulsepoint.adapters.memory.message_bus import MemoryMessageBus
from pulsepoint.adapters.memory.secret_store import MemorySecretStore
from pulsepoint.adapters.postgres.checksums import PostgresChecksums
from pulsepoint.adapters.postgres.document_store import PostgresDocumentStore
from pulsepoint.adapters.system_clock import SystemClock
from pulsepoint.events.envelope import Event
from pulsepoint.events.inventory import StockLevelRecorded
from pulsepoint.money import MICROS
from pulsepoint.ports.checksums import checksum_key
from pulsepoint.ports.document_store import FactRow
from pulsepoint.runtime.outcome import Outcome, Reader
from pulsepoint.runtime.pipeline import Pipeline
from pulsepoint.runtime.ports import ServicePorts
from pulsepoint.tenancy import TenantContext
from tests.builders.orders import (
    CREATED_AT,
    as_event,
    evidence,
    order,
    order_event,
    order_line,
    refund,
    refund_event,
    refund_line,
    timestamp,
    version_at,
)

ORDERS = 6
NOON = CREATED_AT


@dataclass(frozen=True, slots=True)
class WholeStore:
    """A warehouse file at rest, and what verification asks beside it."""

    path: Path
    scope: TenantContext
    checksums: PostgresChecksums
    key: bytes
    now: datetime

    def corrupted(self, copy: Path, *statements: str) -> WholeStore:
        """A copy on which `statements` were run within the brand's schema, views of current rows among it."""
        shutil.copy(self.path, copy)
        with duckdb.connect(str(copy)) as connection:
            connection.execute(f"SET schema = '{self.scope.schema}'")
            for statement in statements:
                [changed] = connection.execute(statement).fetchone() or (0,)
                assert changed, f"nothing to corrupt: {statement}"
        return replace(self, path=copy)

    async def noticed_by(self) -> set[str]:
        """The names of the checks that find something wrong."""
        noticed = set()
        async with open_duckdb(self.path) as warehouse:
            for check in CHECKS:
                checked = await run_check(
                    warehouse, self.scope, check, cancelled_orders="return", lookback_days=30, settled_before=self.now
                )
                if checked.total:
                    noticed.add(check.name)
            if await rows_not_as_recorded(warehouse, self.checksums, self.scope, self.key):
                noticed.add("recorded")
            if await broken_links(self.checksums, self.scope, self.key):
                noticed.add("chain")
        return noticed


@dataclass(frozen=True, slots=True)
class Recording:
    """Services that share a warehouse and keep their documents in PostgreSQL."""

    ports: Callable[[str], ServicePorts]
    scope: TenantContext

    async def record(self, service: str, events: Sequence[Event], rows: Callable[[Reader, Event], Any]) -> None:
        """Has a service record the facts of each event, each in a commit of its own; and counted."""
        pipeline = Pipeline(service, self.ports(service))
        for event in events:

            async def work(reader: Reader, event: Event = event) -> Outcome:
                return await rows(reader, event)  # type: ignore[no-any-return]

            await pipeline.execute(self.scope, work, dedup_key=uuid4())
        await pipeline.mark_dispatched()


@asynccontextmanager
async def whole_store(pool: asyncpg.Pool, path: Path) -> AsyncIterator[WholeStore]:
    """A brand with orders, a refund, journeys, ads, stock and conclusions, on a database with the kernel's tables."""
    clock = SystemClock()
    scope = TenantContext(uuid4(), uuid4())
    secrets, cache, bus = MemorySecretStore(), MemoryCache(clock), MemoryMessageBus(clock)
    async with open_duckdb(path) as warehouse:

        def ports(service: str) -> ServicePorts:
            return ServicePorts(bus, PostgresDocumentStore(pool, service, clock), warehouse, secrets, cache, clock)

        recording = Recording(ports, scope)
        events = [replace(event, scope=scope) for event in _shop()]
        await recording.record("ingest-shopify", events, _facts)
        credited = [event for event in events if event.type in ATTRIBUTION]
        await recording.record("attribution", credited, lambda reader, event: ATTRIBUTION[event.type](reader, event))
        await recording.record("ingest-ads", events[:1], _ads)
        await recording.record("ai-advisor", events[:1], _conclusions)
    yield WholeStore(path, scope, PostgresChecksums(pool), await checksum_key(secrets, scope), clock.now())


def _shop() -> list[Event]:
    events = []
    for number in range(ORDERS):
        visits = [
            timestamp(NOON - timedelta(days=3), f"/?utm_source=facebook&utm_medium=paid_social&utm_campaign=c{number}"),
            timestamp(NOON - timedelta(days=1), "/?utm_source=google&utm_medium=cpc&utm_campaign=brand"),
        ]
        lines = (order_line("1", quantity=2, price=30), order_line("2", price=40))
        sold = order(f"90{number}", net=100, lines=lines, evidence=evidence(moments=tuple(visits)))
        events.append(order_event(sold))
    events.append(refund_event(refund(amount=10, lines=(refund_line(),)), "901"))
    level = StockLevelRecorded(inventory_item_id="i1", location_id="l1", available=40, updated_at=NOON)
    events.append(as_event(level, entity="i1:l1", version=version_at(NOON)))
    return events


async def _facts(reader: Reader, event: Event) -> Outcome:
    return Outcome(facts=facts_of(reader, event))


async def _ads(reader: Reader, event: Event) -> Outcome:
    facts: list[FactRow] = []
    for campaign in ("c1", "c2"):
        for day in (date(2026, 3, 9), date(2026, 3, 10)):
            columns = {
                "platform": "meta",
                "account_id": "a",
                "account_currency": "GBP",
                "account_timezone": "UTC",
                "campaign_id": campaign,
                "campaign_name": campaign,
                "day": day,
                "spend_micros": 10 * MICROS,
                "impressions": 900,
                "clicks": 30,
                "conversions_micros": MICROS,
                "conversion_value_micros": 50 * MICROS,
                "click_window_days": 7,
                "view_window_days": 1,
                "definition_epoch": None,
            }
            facts.append(reader.fact("ad_performance", f"meta:a:{campaign}:{day}", 1, columns, precedence=2))
    return Outcome(facts=facts)


STATUS = {
    "variant_id": "v1",
    "product_id": "p1",
    "sku": "SKU-1",
    "title": "Product 1",
    "available": 40,
    "velocity_micros": 2 * MICROS,
    "days_in_stock": 6,
    "days_unknown": 0,
    "units_sold": 12,
    "days_of_cover_micros": 20 * MICROS,
    "status": "healthy",
    "continue_selling": False,
    "spend_at_risk_micros": 0,
}
INSIGHT = {
    "recommendation_id": "r1",
    "position": 1,
    "type": "budget",
    "priority": "high",
    "subject": "c1",
    "current_spend_micros": 10 * MICROS,
    "recommended_change_micros": 3 * MICROS,
    "facts": "[]",
}
ALERT = {
    "alert_id": "a1",
    "type": "roas_drop",
    "severity": "high",
    "subject": "c1",
    "opened_at": NOON,
    "facts": "[]",
}


async def _conclusions(reader: Reader, event: Event) -> Outcome:
    assessed = {"assessed_at": NOON, "window_days": 28, "variants": 1}
    advice = {"computed_at": NOON, "summary": None, "recommendations": 1}
    sent = {"alert_id": "a1", "target": "slack", "trace_id": "t", "sent_at": NOON}
    return Outcome(
        facts=[
            reader.fact("stock_assessments", "stock", 1, assessed, digest="s"),
            reader.fact("stock_statuses", "stock", 1, STATUS, part="v1", digest="s"),
            reader.fact("advice", "advice", 1, advice, digest="d"),
            reader.fact("ai_insights", "advice", 1, INSIGHT, part="r1", digest="d"),
            reader.fact("alerts", "a1", 1, ALERT),
            reader.fact("notifications", "a1", 1, sent),
        ]
    )
