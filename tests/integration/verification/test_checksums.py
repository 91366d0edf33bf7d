"""Each row recorded counts once, whatever is delivered twice; tampering shows; an erasure leaves a tombstone."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import pytest_asyncio

from gateway.verification.recorded import broken_links, close_days, rows_not_as_recorded
from pulsepoint.adapters.duckdb.warehouse import DuckDBWarehouse, open_duckdb
from pulsepoint.adapters.memory.cache import MemoryCache
from pulsepoint.adapters.memory.clock import FixedClock
from pulsepoint.adapters.memory.message_bus import MemoryMessageBus
from pulsepoint.adapters.memory.secret_store import MemorySecretStore
from pulsepoint.adapters.postgres.checksums import PostgresChecksums
from pulsepoint.adapters.postgres.document_store import PostgresDocumentStore
from pulsepoint.ports.checksums import checksum_key
from pulsepoint.ports.document_store import FactRow
from pulsepoint.runtime.outcome import Outcome, Reader
from pulsepoint.runtime.pipeline import Pipeline
from pulsepoint.runtime.ports import ServicePorts
from pulsepoint.tenancy import TenantContext
from pulsepoint.warehouse.checksums import Tombstone, row_digest
from tests.builders.warehouse import ad_fact, order_fact
from tests.builders.whole_store import WholeStore, whole_store

NOW = datetime.now(UTC) + timedelta(hours=1)
"""After the database was made: rows of before have no checksums."""


@dataclass
class Books:
    """One brand's facts, recorded by a service whose clock a test moves."""

    scope: TenantContext
    clock: FixedClock
    warehouse: DuckDBWarehouse
    pipeline: Pipeline
    checksums: PostgresChecksums
    key: bytes

    async def record(self, *facts: FactRow, dedup_key: UUID | None = None) -> None:
        """One commit; not marked as dispatched yet."""

        async def work(reader: Reader) -> Outcome:
            return Outcome(facts=[FactRow(self.scope, fact.table, dict(fact.row)) for fact in facts])

        await self.pipeline.execute(self.scope, work, dedup_key=dedup_key or uuid4())

    async def wrong(self) -> Sequence[str]:
        """What is not as recorded."""
        violations = await rows_not_as_recorded(self.warehouse, self.checksums, self.scope, self.key)
        return [f"{each.detail}: {each.expected} {each.found}" for each in violations]


@pytest_asyncio.fixture(loop_scope="session")
async def books(postgres_pool: asyncpg.Pool) -> AsyncIterator[Books]:
    scope, clock, secrets = TenantContext(uuid4(), uuid4()), FixedClock(NOW), MemorySecretStore()
    async with open_duckdb() as warehouse:
        store = PostgresDocumentStore(postgres_pool, "ingest-shopify", clock)
        ports = ServicePorts(MemoryMessageBus(clock), store, warehouse, secrets, MemoryCache(clock), clock)
        key = await checksum_key(secrets, scope)
        yield Books(scope, clock, warehouse, Pipeline("ingest-shopify", ports), PostgresChecksums(postgres_pool), key)


def an_order(books: Books, order_id: str = "o1", recorded_at: datetime = NOW) -> FactRow:
    return order_fact(order_id, scope=books.scope, recorded_at=recorded_at)


async def test_rows_recorded_are_there(books: Books) -> None:
    await books.record(an_order(books), an_order(books, "o2"))
    await books.pipeline.mark_dispatched()
    [checksum] = (await books.checksums.sums(books.scope)).sums
    assert (checksum.table, checksum.rows, checksum.added_on) == ("orders", 2, NOW.date())
    assert await books.wrong() == []


async def test_a_record_relayed_twice_is_added_once(books: Books) -> None:
    """As after a crash between append and acknowledgement, in the same process and in the next one."""
    dedup_key = uuid4()
    await books.record(an_order(books), dedup_key=dedup_key)
    await books.record(an_order(books), dedup_key=dedup_key)
    restarted = Pipeline("ingest-shopify", books.pipeline.ports)
    [record] = await restarted.ports.store.outbox_records(older_than=NOW + timedelta(seconds=1))
    await restarted.relay(record)
    for pipeline in (restarted, books.pipeline):
        await pipeline.mark_dispatched()
    assert await books.wrong() == []


async def test_a_fact_told_by_two_commits_is_counted_as_the_first_recorded_it(books: Books) -> None:
    await books.record(an_order(books))
    await books.record(an_order(books, recorded_at=NOW + timedelta(hours=1)), an_order(books, "o2"))
    await books.record(an_order(books, "o3"), an_order(books, "o3"))
    await books.pipeline.mark_dispatched()
    assert sum(checksum.rows for checksum in (await books.checksums.sums(books.scope)).sums) == 3
    assert await books.wrong() == []


async def test_of_rows_on_their_way_nothing_is_said(books: Books) -> None:
    await books.record(an_order(books))
    assert (await books.checksums.sums(books.scope)).moving == {
        (NOW.replace(minute=0, second=0, microsecond=0), "orders")
    }
    assert await books.wrong() == []


async def test_a_row_nobody_recorded_shows(books: Books) -> None:
    await books.record(an_order(books))
    await books.pipeline.mark_dispatched()
    await books.warehouse.append([an_order(books, "planted"), ad_fact(scope=books.scope, recorded_at=NOW)])
    assert await books.wrong() == ["rows of ad_performance: 0 1", "rows of orders: 1 2"]


async def test_rows_of_before_checksums_are_not_judged(books: Books) -> None:
    began_at = (await books.checksums.sums(books.scope)).began_at
    await books.warehouse.append([an_order(books, "old", began_at - timedelta(days=1))])
    assert await books.wrong() == []


async def test_a_digest_is_one_of_values_whatever_their_spelling() -> None:
    row = order_fact().row
    spelled = {**row, "recorded_at": "2026-03-01T01:00:00+01:00", "uncharged_micros": None}
    assert row_digest(b"k", "orders", row) == row_digest(b"k", "orders", dict(reversed(spelled.items())))
    assert row_digest(b"k", "orders", row) != row_digest(b"k", "orders", {**row, "test": True})
    assert row_digest(b"k", "orders", row) != row_digest(b"other", "orders", row)


async def test_a_day_that_is_over_is_closed_and_changes_of_its_checksums_show(
    books: Books, postgres_pool: asyncpg.Pool
) -> None:
    for days in range(3):
        books.clock.set(NOW + timedelta(days=days))
        await books.record(an_order(books, f"o{days}"))
        await books.pipeline.mark_dispatched()
    await close_days(books.checksums, books.scope, books.key, NOW + timedelta(days=2))
    assert list(await books.checksums.heads(books.scope)) == [date_of(0), date_of(1)]
    await close_days(books.checksums, books.scope, books.key, NOW + timedelta(days=3))
    assert not await broken_links(books.checksums, books.scope, books.key)
    await postgres_pool.execute(
        "DELETE FROM kernel.checksums WHERE brand = $1 AND added_on = $2", books.scope.brand_id, date_of(1)
    )
    broken = await broken_links(books.checksums, books.scope, books.key)
    assert [each.subject for each in broken] == [f"counted {date_of(days)}" for days in (1, 2)]


def date_of(days: int) -> date:
    return (NOW + timedelta(days=days)).date()


async def test_an_erasure_that_leaves_a_tombstone_keeps_the_sums(postgres_pool: asyncpg.Pool, tmp_path: Path) -> None:
    async with whole_store(postgres_pool, tmp_path / "warehouse.duckdb") as store:
        columns = "SELECT * FROM touches WHERE brand_id = @brand_id ORDER BY fact_id LIMIT 2"
        async with open_duckdb(store.path) as warehouse:
            changed, dropped = await warehouse.query(store.scope, columns)
        erasing = store.corrupted(
            tmp_path / "erased.duckdb",
            f"UPDATE touches_keyed SET campaign = NULL WHERE fact_id = '{changed['fact_id']}'",
            f"DELETE FROM touches_keyed WHERE fact_id = '{dropped['fact_id']}'",
        )
        assert "recorded" in await erasing.noticed_by()
        tombstones = [
            Tombstone.of(store.key, "touches", changed, {**changed, "campaign": None}),
            Tombstone.of(store.key, "touches", dropped, None),
        ]
        await store.checksums.bury(store.scope, tombstones)
        assert "recorded" not in await erasing.noticed_by()
        assert "recorded" in await replaced(store, erasing, changed["fact_id"]).noticed_by()


def replaced(store: WholeStore, erased: WholeStore, fact_id: str) -> WholeStore:
    """The erased store with another value where a person's was."""
    again = f"UPDATE touches_keyed SET campaign = 'other' WHERE fact_id = '{fact_id}'"
    return replace(erased, path=erased.corrupted(store.path.with_name("changed.duckdb"), again).path)
