"""A shop told to ingest-shopify, attribution and inventory-intel in any order of arrival, on engines in memory.

Each delivery is pushed to the services' own receivers, as the bus pushes it; what ingest-shopify publishes reaches
attribution in another order again. Facts reach the warehouse last, in an order of their own.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from random import Random
from typing import TypeVar
from uuid import uuid4

from attribution.handlers import EFFECTS as ATTRIBUTION_EFFECTS
from attribution.handlers import HANDLERS as ATTRIBUTION_HANDLERS
from ingest_shopify.handlers import EFFECTS as INGEST_EFFECTS
from ingest_shopify.handlers import HANDLERS as INGEST_HANDLERS
from inventory_intel.handlers import EFFECTS as STOCK_EFFECTS
from inventory_intel.handlers import HANDLERS as STOCK_HANDLERS
from inventory_intel.handlers import TICK
from pulsepoint.adapters.duckdb.warehouse import DuckDBWarehouse, open_duckdb
from pulsepoint.adapters.memory.cache import MemoryCache
from pulsepoint.adapters.memory.clock import FixedClock
from pulsepoint.adapters.memory.document_store import MemoryDocumentStore
from pulsepoint.adapters.memory.message_bus import MemoryMessageBus
from pulsepoint.adapters.memory.secret_store import MemorySecretStore
from pulsepoint.events.catalog import subscriptions_of
from pulsepoint.events.envelope import Message
from pulsepoint.ports.document_store import FactRow
from pulsepoint.runtime.app import Runtime, start_runtime
from pulsepoint.runtime.outcome import Outcome, Reader
from pulsepoint.runtime.ports import ServicePorts
from pulsepoint.runtime.service import Service
from pulsepoint.runtime.settings import ServiceSettings
from pulsepoint.tenancy import TenantContext
from pulsepoint.values import QueryValue, Row
from tests.arrival.sources import SHOP, Delivered, Source
from tests.builders.insights import effect_of
from tests.builders.inventory import SCOPE
from tests.builders.runtime import deliver, push_of
from tests.builders.shopify import delivered_message, shop_configured

Item = TypeVar("Item")
NOON = time(12)


@dataclass(slots=True)
class Facts:
    """A warehouse that keeps what is appended; queries are DuckDB's, of what was written there by then."""

    duckdb: DuckDBWarehouse
    waiting: list[FactRow] = field(default_factory=list)

    async def append(self, facts: Sequence[FactRow]) -> frozenset[str]:
        """Keep facts; none is there already as far as is known."""
        self.waiting.extend(facts)
        return frozenset()

    async def write(self, chance: Random | None) -> None:
        """Write what waits, in any order where there is a `chance`."""
        facts, self.waiting = self.waiting, []
        if chance is not None:
            chance.shuffle(facts)
        await self.duckdb.append(facts)

    async def query(
        self, scope: TenantContext, sql: str, parameters: Mapping[str, QueryValue] | None = None
    ) -> list[Row]:
        """See `Warehouse.query`."""
        return await self.duckdb.query(scope, sql, parameters)

    async def erase(self, scope: TenantContext, table: str, fact_ids: Sequence[str], columns: Sequence[str]) -> None:
        """See `Warehouse.erase`."""
        await self.duckdb.erase(scope, table, fact_ids, columns)

    async def forget_brand(self, scope: TenantContext) -> None:
        """See `Warehouse.forget_brand`."""
        await self.duckdb.forget_brand(scope)

    async def refresh_current(self, scope: TenantContext) -> int:
        """See `Warehouse.refresh_current`."""
        return await self.duckdb.refresh_current(scope)


async def arrive_in_any_order(source: Source, facts: Facts, seed: int | None) -> None:
    """Tell the shop; with a seed shuffled, every tenth delivery three times; None: as it happened, each once."""
    chance = Random(seed) if seed is not None else None
    clock = FixedClock(datetime.combine(source.period.end + timedelta(days=1), NOON, tzinfo=UTC))
    brand = shop_configured(SCOPE, SHOP, currency=source.currency, timezone=source.timezone)
    ingest = await _started(Service("ingest-shopify", INGEST_HANDLERS, INGEST_EFFECTS), facts, clock)
    assert await deliver(ingest, "brands", brand) == 204
    for message in _disturbed([_message(each, clock.now()) for each in source.deliveries], chance):
        await _push(ingest, "shopify-deliveries", message)
    credited = await _started(Service("attribution", ATTRIBUTION_HANDLERS, ATTRIBUTION_EFFECTS), facts, clock)
    assert await deliver(credited, "brands", brand) == 204
    topics = {each.topic: each.types for each in subscriptions_of("attribution")}
    published = [message for message in ingest.ports.bus.published if _type(message) in topics.get(message.topic, ())]
    for message in _disturbed(published, chance):
        await _push(credited, message.topic, message)
    await facts.write(chance)
    stock = await _started(Service("inventory-intel", STOCK_HANDLERS, STOCK_EFFECTS), facts, clock)
    assert await deliver(stock, "brands", brand) == 204
    await _assess(stock)
    await facts.write(None)


@asynccontextmanager
async def open_facts() -> AsyncIterator[Facts]:
    """An empty warehouse in memory."""
    async with open_duckdb(threads=1, readers=1) as warehouse:
        yield Facts(warehouse)


async def _started(service: Service, facts: Facts, clock: FixedClock) -> Runtime:
    ports = ServicePorts(
        MemoryMessageBus(clock),
        MemoryDocumentStore(service.name, clock),
        facts,
        MemorySecretStore(),
        MemoryCache(clock),
        clock,
    )
    return await start_runtime(service, ports, ServiceSettings())


async def _push(runtime: Runtime, topic: str, message: Message) -> None:
    status = await runtime.receiver.receive(f"{runtime.service.name}.{topic}", push_of(message))
    assert status == 204, (status, message.attributes)


async def _assess(runtime: Runtime) -> None:
    effect = effect_of(TICK)

    async def work(reader: Reader) -> Outcome:
        return await runtime.service.effects[TICK].on_success(reader, effect, None)

    await runtime.pipeline.execute(SCOPE, work, dedup_key=uuid4())


def _message(delivered: Delivered, received_at: datetime) -> Message:
    headers = {"shopify_triggered_at": delivered.triggered_at} if delivered.triggered_at else {}
    return delivered_message(delivered.body, delivered.topic, SHOP, received_at=received_at, **headers)


def _type(message: Message) -> str:
    return message.attributes.get("ce-type", "")


def _disturbed(items: Sequence[Item], chance: Random | None) -> list[Item]:
    """The items shuffled, every tenth three times; as they are without a `chance`."""
    if chance is None:
        return list(items)
    copies = [item for place, item in enumerate(items) for _ in range(1 if place % 10 else 3)]
    chance.shuffle(copies)
    return copies
