"""What one order makes the cloud's engines do, counted on engines in memory: what `deploy/release/costs.py` multiplies.

The scenario is fixed: a brand, and orders of two lines, each told by three webhooks (created, paid, fulfilled) and two
stock levels; then one tick, in which stock, advice and alerts are assessed. As in the cloud, each push publishes its
spans and settles before it is answered. `python -m tests.load.operations` writes `deploy/release/operations.json`.

Counted as Firestore counts: a read for each document asked for, and for each query at least one; a write for each
document, dedup key, outbox record and effect of a commit (the adapter checks all of them by preconditions, without
reads); a delete for each document dropped, outbox record dispatched and dedup key that expires.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
from sqlglot import exp, parse_one

from pulsepoint.adapters.duckdb.warehouse import open_duckdb
from pulsepoint.adapters.memory.cache import MemoryCache
from pulsepoint.adapters.memory.clock import FixedClock
from pulsepoint.adapters.memory.document_store import MemoryDocumentStore
from pulsepoint.adapters.memory.secret_store import MemorySecretStore
from pulsepoint.events.catalog import SERVICES, subscriptions_to
from pulsepoint.events.envelope import Message, encode
from pulsepoint.ports.document_store import Checksum, Commit, Committed, FactRow, Transaction
from pulsepoint.runtime.app import Runtime, start_runtime
from pulsepoint.tenancy import TenantContext
from pulsepoint.warehouse import schema
from tests.builders.runtime import MemoryPorts, push_of
from tests.builders.shopify import RECEIVED_AT, delivered_message, level_body, line_body, order_body, shop_configured

FILE = Path(__file__).resolve().parents[2] / "deploy" / "release" / "operations.json"
SCOPE = TenantContext(UUID(int=7), UUID(int=8))
ORDERS = 20
IDENTITY_STORE = "gateway"
"""Keeps its documents in PostgreSQL, which is paid by the hour."""
MINIMUM_BYTES = 1_000
"""Of a publish or push request: https://cloud.google.com/pubsub/pricing"""


@dataclass(slots=True)
class Counting:
    """Operations so far, messages on their way, bytes stored by table, and the tables each question read."""

    counts: Counter[str] = field(default_factory=Counter)
    waiting: list[Message] = field(default_factory=list)
    stored: Counter[str] = field(default_factory=Counter)
    tables_read: list[frozenset[str]] = field(default_factory=list)


@dataclass(slots=True)
class CountingBus:
    """Takes messages, counts what Pub/Sub would bill for them, and keeps them for the pushes."""

    counting: Counting

    async def publish(self, messages: Sequence[Message]) -> None:
        """See `MessageBus.publish`."""
        sizes = [_size(message) for message in messages]
        self.counting.counts["publish_requests"] += 1
        self.counting.counts["publish_bytes"] += max(MINIMUM_BYTES, sum(sizes))
        for message, size in zip(messages, sizes, strict=True):
            for subscription in subscriptions_to(message.topic):
                matches = message.attributes["ce-type"] in subscription.types
                self.counting.counts["pushes"] += matches
                # What a filter drops is billed as delivered.
                self.counting.counts["push_bytes"] += max(MINIMUM_BYTES, size) if matches else size
            if message.topic == "observability":
                self.counting.counts["archive_bytes"] += size
        self.counting.waiting.extend(messages)


class CountingStore(MemoryDocumentStore):
    """A document store that counts as Firestore bills."""

    def __init__(self, service: str, clock: FixedClock, counting: Counting) -> None:
        super().__init__(service, clock)
        self._counts = counting.counts if service != IDENTITY_STORE else Counter[str]()

    async def transact(
        self, scope: TenantContext, work: Callable[[Transaction], Awaitable[Commit]], *, attempts: int = 8
    ) -> Committed:
        """See `DocumentStore.transact`."""
        made: list[Commit] = []

        async def counted(transaction: Transaction) -> Commit:
            made.append(await work(_CountingTransaction(transaction, self._counts)))
            return made[-1]

        committed = await super().transact(scope, counted, attempts=attempts)
        if not committed.duplicate:
            self._count(made[-1])
        return committed

    def _count(self, commit: Commit) -> None:
        dropped = sum(write.data is None for write in commit.writes)
        self._counts["document_deletes"] += dropped
        self._counts["document_writes"] += len(commit.writes) - dropped + len(commit.effects)
        self._counts["document_writes"] += commit.finished_effect is not None
        if commit.dedup_key is not None:
            self._counts["document_writes"] += 1 + bool(commit.facts or commit.messages)
            self._counts["document_deletes"] += 1  # the dedup key, when its time is over

    async def mark_dispatched(self, records: Mapping[UUID, Sequence[Checksum]]) -> None:
        """See `DocumentStore.mark_dispatched`."""
        self._counts["document_deletes"] += len(records)
        await super().mark_dispatched(records)

    async def outbox_records(self, **options: Any) -> list[Any]:
        """See `DocumentStore.outbox_records`."""
        return self._queried(await super().outbox_records(**options))

    async def claim_due_effects(self, now: Any, **options: Any) -> list[Any]:
        """See `DocumentStore.claim_due_effects`."""
        claimed = self._queried(await super().claim_due_effects(now, **options))
        self._counts["document_writes"] += len(claimed)
        return claimed

    async def expire(self, now: Any) -> int:
        """See `DocumentStore.expire`; Firestore's adapter asks three collection groups."""
        self._counts["document_reads"] += 3
        return await super().expire(now)

    def _queried(self, rows: list[Any]) -> list[Any]:
        self._counts["document_reads"] += max(1, len(rows))
        return rows


class _CountingTransaction:
    """Counts reads and passes everything on."""

    def __init__(self, transaction: Transaction, counts: Counter[str]) -> None:
        self._transaction = transaction
        self._counts = counts

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transaction, name)

    async def get(self, *arguments: Any, **more: Any) -> Any:
        self._counts["document_reads"] += 1
        return await self._transaction.get(*arguments, **more)

    async def get_many(self, keys: Sequence[Any], **more: Any) -> Any:
        self._counts["document_reads"] += len(keys)
        return await self._transaction.get_many(keys, **more)

    async def find(self, *arguments: Any, **more: Any) -> Any:
        rows = await self._transaction.find(*arguments, **more)
        self._counts["document_reads"] += max(1, len(rows))
        return rows


@dataclass(slots=True)
class CountingWarehouse:
    """Counts rows, and for each question the tables it reads, which BigQuery bills at 10 MB each at least."""

    inner: Any
    counting: Counting

    async def append(self, facts: Sequence[FactRow]) -> frozenset[str]:
        """See `Warehouse.append`."""
        sizes = [len(orjson.dumps(fact.row, default=str)) for fact in facts]
        for fact, size in zip(facts, sizes, strict=True):
            self.counting.stored[fact.table] += size
        self.counting.counts["fact_rows"] += len(facts)
        self.counting.counts["fact_bytes"] += sum(sizes)
        # https://cloud.google.com/bigquery/pricing: a row counts as 1 KB at least
        self.counting.counts["fact_billed_bytes"] += sum(max(1_024, size) for size in sizes)
        await self.inner.append(facts)
        return frozenset()

    async def query(
        self, scope: TenantContext, sql: str, parameters: Mapping[str, Any] | None = None
    ) -> list[dict[str, Any]]:
        """See `Warehouse.query`."""
        self.counting.counts["questions"] += 1
        self.counting.counts["question_tables"] += len(_tables_of(sql))
        self.counting.tables_read.append(_tables_of(sql))
        return list(await self.inner.query(scope, sql, parameters))


@cache
def _tables_of(sql: str) -> frozenset[str]:
    """Stored tables that a query reads, through its views."""
    views = {view.name: view.select for view in schema.views()}
    names = {table.name for table in parse_one(sql, read="bigquery").find_all(exp.Table)}
    read = frozenset(name for name in names if name in {table.name for table in schema.tables()})
    return read.union(*(_tables_of(views[name]) for name in names if name in views))


def _size(message: Message) -> int:
    attributes = sum(len(name) + len(value) for name, value in message.attributes.items())
    return len(message.data) + attributes + 20 + 16  # a timestamp and a message id


async def count(orders: int = ORDERS) -> dict[str, dict[str, float]]:
    """Operations of an order, of a tick and of a sweep of all services."""
    counting, clock = Counting(), FixedClock(RECEIVED_AT)
    async with AsyncExitStack() as stack:
        warehouse = await stack.enter_async_context(open_duckdb(":memory:"))
        instance = {name: await _service(name, clock, counting, warehouse) for name in SERVICES}
        await _deliver(instance, counting, [encode(shop_configured(SCOPE), "brands")])
        await _tick(instance, counting, clock)
        counting.counts.clear()
        counting.stored.clear()
        for number in range(orders):
            for message in _webhooks(number):
                await CountingBus(counting).publish([message])
                await _deliver(instance, counting, [])
        by_order = {name: amount / orders for name, amount in sorted(counting.counts.items())}
        stored = {table: size / orders for table, size in counting.stored.items()}
        counting.counts.clear()
        counting.tables_read.clear()
        await _tick(instance, counting, clock)
        by_tick: dict[str, float] = dict(sorted(counting.counts.items()))
        # What an order adds to all that a tick's questions may read.
        by_tick["question_bytes_an_order"] = sum(
            stored.get(table, 0.0) for read in counting.tables_read for table in read
        )
        counting.counts.clear()
        for runtime in instance.values():
            await runtime.sweep(outbox_older_than=10)
        by_sweep: dict[str, float] = dict(sorted(counting.counts.items()))
    return {"order": by_order, "tick": by_tick, "sweep": by_sweep}


async def _service(name: str, clock: FixedClock, counting: Counting, warehouse: Any) -> Runtime:
    main = import_module(f"{name.replace('-', '_')}.main")
    ports = MemoryPorts(
        CountingBus(counting),  # type: ignore[arg-type]
        CountingStore(name, clock, counting),
        CountingWarehouse(warehouse, counting),
        MemorySecretStore(),
        MemoryCache(clock),
        clock,
    )
    os.environ.setdefault("PULSEPOINT_SHOPIFY_API_SECRET", "counted-not-sent")
    settings = import_module(f"{name.replace('-', '_')}.settings").Settings()
    return await start_runtime(main.SERVICE, ports, settings)


async def _deliver(instance: Mapping[str, Runtime], counting: Counting, first: list[Message]) -> None:
    """Push what waits, and what comes of it, until nothing does; each push ends as a request does in the cloud."""
    counting.waiting.extend(first)
    while counting.waiting:
        message = counting.waiting.pop(0)
        for subscription in subscriptions_to(message.topic):
            if message.attributes["ce-type"] in subscription.types:
                runtime = instance[subscription.service]
                status = await runtime.receiver.receive(subscription.name, push_of(message))
                assert status == 204, f"{subscription.name}: {status}"
                await runtime.telemetry.flush()
                await runtime.pipeline.mark_dispatched()


async def _tick(instance: Mapping[str, Runtime], counting: Counting, clock: FixedClock) -> None:
    """Move the clock past every wait and run what is due, until nothing is."""
    for _ in range(6):
        clock.advance(minutes=10)
        for runtime in instance.values():
            await runtime.effects.start_due()
            await runtime.effects.finish()
            await runtime.telemetry.flush()
            await runtime.pipeline.mark_dispatched()
        await _deliver(instance, counting, [])


def _webhooks(number: int) -> list[Message]:
    """The deliveries of one order, each a moment after the other."""
    placed = RECEIVED_AT - timedelta(minutes=ORDERS - number)
    lines = [line_body(1), line_body(2, price="30.00")]
    messages = []
    for step, topic in enumerate(("orders/create", "orders/paid", "orders/fulfilled")):
        timestamp = (placed + timedelta(seconds=20 * step)).isoformat()
        status = "pending" if step == 0 else "paid"
        body = order_body(
            5_000_000 + number,
            lines=lines,
            updated_at=timestamp,
            created_at=placed.isoformat(),
            financial_status=status,
        )
        messages.append(delivered_message(body, topic, received_at=RECEIVED_AT))
    for item in (9001, 9002):
        body = level_body(inventory_item_id=item, available=500 - number, updated_at=placed.isoformat())
        messages.append(delivered_message(body, "inventory_levels/update", received_at=RECEIVED_AT))
    return messages


def main() -> None:
    """Write what is counted now."""
    FILE.write_text(json.dumps(asyncio.run(count()), indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
