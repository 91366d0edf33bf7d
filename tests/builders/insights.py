"""A bench to run handlers and ticks of one service on: memory documents, a real DuckDB warehouse, a clock to set."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, TypeVar

from pulsepoint.adapters.duckdb.warehouse import DuckDBWarehouse, open_duckdb
from pulsepoint.adapters.memory.clock import FixedClock
from pulsepoint.adapters.memory.document_store import MemoryDocumentStore
from pulsepoint.adapters.memory.secret_store import MemorySecretStore
from pulsepoint.brand.facts import RecommendationFacts
from pulsepoint.brand.sentences import RecommendationText, recommendation_text
from pulsepoint.brand.settings import BrandChoices
from pulsepoint.brand.texts import texts
from pulsepoint.events.envelope import Event, P, Payload, new_event
from pulsepoint.events.inventory import StockAssessed, StockStatus
from pulsepoint.metrics.access import Metrics
from pulsepoint.metrics.basis import MetricSettings
from pulsepoint.metrics.explain import Explained
from pulsepoint.money import MICROS
from pulsepoint.ports.document_store import Commit, Document, FactRow, StoredEffect, Transaction, Write
from pulsepoint.runtime.outcome import EffectDefinition, Outcome, Reader
from pulsepoint.runtime.reader import ServiceReader
from pulsepoint.runtime.routes import Handler
from pulsepoint.tenancy import TenantContext
from tests.builders.inventory import NOW, SCOPE

Read = TypeVar("Read")


class Bench:
    """One service's state; outcomes are committed and appended as the runtime would, events and effects kept."""

    def __init__(self, service: str, warehouse: DuckDBWarehouse, metrics: Metrics | None = None) -> None:
        self.service = service
        self.warehouse = warehouse
        self.clock = FixedClock(NOW)
        self.metrics = metrics or Metrics(warehouse, MemorySecretStore())
        self.store = MemoryDocumentStore(service, self.clock)
        self.events: list[Event] = []

    async def handle(self, handler: Handler[Any], event: Event) -> Outcome:
        """Run a handler on an event."""
        return await self._run(event.scope, lambda reader: handler(reader, event))

    async def on_success(self, definition: EffectDefinition, effect: StoredEffect, result: Any = None) -> Outcome:
        """Run the second half of an effect."""
        return await self._run(effect.scope, lambda reader: definition.on_success(reader, effect, result))

    async def read(self, work: Callable[[Reader], Awaitable[Read]]) -> Read:
        """What `work` reads through a handler's reader."""
        results: list[Read] = []

        async def attempt(transaction: Transaction) -> Commit:
            results.append(await work(ServiceReader(self.service, transaction, self.metrics, self.clock)))
            return Commit()

        await self.store.transact(SCOPE, attempt)
        return results[-1]

    async def document(self, collection: str, id: str) -> Document | None:
        """A stored document."""
        stored: list[Document | None] = []

        async def read(transaction: Transaction) -> Commit:
            stored.append(await transaction.get(collection, id))
            return Commit()

        await self.store.transact(SCOPE, read)
        return stored[-1]

    async def keep(self, *writes: Write) -> None:
        """Put documents into the store."""

        async def attempt(transaction: Transaction) -> Commit:
            return Commit(writes=writes)

        await self.store.transact(SCOPE, attempt)

    async def recompute(self, fact_id: str) -> Explained:
        """The number behind a fact id, under settings in UTC."""

        async def kept_settings(version: int) -> MetricSettings:
            return MetricSettings.of(BrandChoices(), version)

        return await self.metrics.recompute(SCOPE, fact_id, kept_settings)

    async def rows(self, sql: str) -> list[dict[str, Any]]:
        """Rows of a SELECT in the warehouse."""
        return await self.warehouse.query(SCOPE, sql)

    async def append(self, *facts: Sequence[FactRow]) -> None:
        """Put facts into the warehouse."""
        await self.warehouse.append([row for rows in facts for row in rows])

    async def _run(self, scope: TenantContext, work: Any) -> Outcome:
        outcomes: list[Outcome] = []

        async def attempt(transaction: Transaction) -> Commit:
            outcome = await work(ServiceReader(self.service, transaction, self.metrics, self.clock))
            outcomes.append(outcome)
            return Commit(writes=outcome.writes)

        await self.store.transact(scope, attempt)
        outcome = outcomes[-1]
        await self.warehouse.append(outcome.facts)
        self.events.extend(outcome.events)
        return outcome


@asynccontextmanager
async def bench_of(service: str) -> AsyncIterator[Bench]:
    """A bench on an empty warehouse."""
    async with open_duckdb(":memory:") as warehouse:
        yield Bench(service, warehouse)


def text_of(recommendation: RecommendationFacts) -> RecommendationText:
    """The sentences of a recommendation, in English."""
    return recommendation_text(recommendation, texts())


def event_of(
    payload: Payload,
    *,
    source: str = "test",
    entity: str = "e",
    version: int = 1,
    time: datetime = NOW,
    traceparent: str = "",
) -> Event:
    """An event of another service."""
    return new_event(
        payload, source=source, entity=entity, version=version, scope=SCOPE, time=time, traceparent=traceparent
    )


def effect_of(kind: str, data: dict[str, Any] | None = None, *, key: str = "k") -> StoredEffect:
    """A due effect."""
    return StoredEffect(SCOPE, kind, key, NOW, data or {})


def stock_status(variant_id: str = "v1", **changes: Any) -> StockStatus:
    """A variant that sells two a day and has six left under a lead time of fourteen days."""
    values: dict[str, Any] = {
        "variant_id": variant_id,
        "sku": f"SKU-{variant_id}",
        "product_id": "p1",
        "title": f"Shirt {variant_id}",
        "available": 6,
        "velocity_micros": 2 * MICROS,
        "days_in_stock": 28,
        "units_sold": 56,
        "days_of_cover_micros": 3 * MICROS,
        "status": "critical",
        "continue_selling": False,
        "spend_at_risk_micros": 0,
        **changes,
    }
    return StockStatus(**values)


def stock_assessed(*statuses: StockStatus, at: datetime = NOW, healthy: int = 10) -> StockAssessed:
    """An assessment that found these and some healthy variants."""
    counts: dict[str, int] = {"healthy": healthy}
    for status in statuses:
        counts[status.status] = counts.get(status.status, 0) + 1
    return StockAssessed(assessed_at=at, window_days=28, counts=counts, statuses=statuses)


def payload_in(outcome: Outcome, payload_type: type[P], position: int = 0) -> P:
    """The payload of one event of an outcome, which is of this type."""
    payload = outcome.events[position].payload
    assert isinstance(payload, payload_type)
    return payload
