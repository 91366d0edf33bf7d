"""What crashes left is finished in batches, beside new work, and each of it once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from math import ceil
from typing import Any
from uuid import UUID, uuid4

import pytest

from pulsepoint.adapters.memory.clock import FixedClock
from pulsepoint.errors import EngineUnavailable, MalformedInput
from pulsepoint.events.envelope import Message
from pulsepoint.ports.document_store import Commit, FactRow, OutboxRecord
from pulsepoint.runtime.app import Runtime
from pulsepoint.runtime.outbox import BATCH_RECORDS, batches
from pulsepoint.runtime.routes import Routes
from pulsepoint.tenancy import TenantContext
from tests.builders.runtime import running

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SCOPE = TenantContext(UUID(int=1), UUID(int=11))
LATER = datetime(2030, 1, 1, tzinfo=UTC)
LEFT = 950


class Counted:
    """Counts what is appended and published, and fails as told."""

    def __init__(self, failures: int = 0, poison: str = "") -> None:
        self.appends: list[list[str]] = []
        self.publishes: list[int] = []
        self.failures = failures
        self.poison = poison

    async def append(self, facts: Sequence[FactRow]) -> frozenset[str]:
        ids = [str(fact.row["fact_id"]) for fact in facts]
        if self.poison in ids:
            raise MalformedInput("cannot be written")
        if self.failures:
            self.failures -= 1
            raise EngineUnavailable("away")
        self.appends.append(ids)
        return frozenset()

    async def publish(self, messages: Sequence[Message]) -> None:
        self.publishes.append(len(messages))


async def leave(runtime: Runtime, count: int, first: int = 0) -> None:
    """Commits as a process that is killed before it relays them."""
    for number in range(first, first + count):
        fact = FactRow(SCOPE, "orders", {"fact_id": f"fact-{number}"})

        async def work(transaction: Any, fact: FactRow = fact) -> Commit:
            return Commit(uuid4(), facts=[fact], messages=[Message("orders", b"{}", {})])

        await runtime.ports.store.transact(SCOPE, work)


def behind(runtime: Runtime, counted: Counted) -> None:
    for port in ("warehouse", "bus"):
        object.__setattr__(runtime.ports, port, counted)


async def test_a_backlog_is_drained_at_once_in_few_statements() -> None:
    clock, counted = FixedClock(NOW), Counted()
    async with running("attribution", clock, Routes()) as runtime:
        await leave(runtime, LEFT)
        behind(runtime, counted)
        clock.advance(seconds=60)
        assert await runtime.sweep(outbox_older_than=10) == LEFT
        assert len(counted.appends) == len(counted.publishes) == ceil(LEFT / BATCH_RECORDS)
        appended = [fact for batch in counted.appends for fact in batch]
        assert sorted(appended) == sorted(f"fact-{number}" for number in range(LEFT))
        assert sum(counted.publishes) == LEFT
        assert await runtime.ports.store.outbox_records(older_than=clock.now()) == []


async def test_what_was_relayed_before_an_engine_went_away_is_not_relayed_again() -> None:
    clock = FixedClock(NOW)
    async with running("attribution", clock, Routes()) as runtime:
        await leave(runtime, BATCH_RECORDS * 2)
        counted = Counted(failures=1)
        behind(runtime, counted)
        clock.advance(seconds=60)
        with pytest.raises(EngineUnavailable):
            await runtime.sweep(outbox_older_than=10)
        assert counted.appends == []
        assert await runtime.sweep(outbox_older_than=10) == BATCH_RECORDS * 2
        assert sum(map(len, counted.appends)) == BATCH_RECORDS * 2


async def test_a_record_that_can_never_be_written_holds_up_no_other() -> None:
    clock, counted = FixedClock(NOW), Counted(poison="fact-3")
    async with running("attribution", clock, Routes()) as runtime:
        await leave(runtime, 10)
        behind(runtime, counted)
        clock.advance(seconds=60)
        assert await runtime.sweep(outbox_older_than=10) == 9
        await leave(runtime, 5, first=100)
        clock.advance(seconds=60)
        assert await runtime.sweep(outbox_older_than=10) == 5
        assert len(counted.appends[-1]) == 5, "the stuck one does not split later batches"
        [left] = await runtime.ports.store.outbox_records(older_than=clock.now())
        assert left.facts[0].row["fact_id"] == "fact-3"


async def test_new_work_is_finished_between_two_batches_of_a_backlog() -> None:
    clock = FixedClock(NOW)
    async with running("attribution", clock, Routes()) as runtime:
        await leave(runtime, BATCH_RECORDS * 3)
        clock.advance(seconds=60)

        class Busy(Counted):
            async def append(self, facts: Sequence[FactRow]) -> frozenset[str]:
                if len(facts) > 1 and not any(batch == ["fact-9000"] for batch in self.appends):
                    await leave(runtime, 1, first=9000)
                    [*_, newest] = await runtime.ports.store.outbox_records(older_than=LATER, limit=9999)
                    await runtime.pipeline.relay(newest)
                return await super().append(facts)

        counted = Busy()
        behind(runtime, counted)
        await runtime.sweep(outbox_older_than=10)
        assert counted.appends.index(["fact-9000"]) <= 1
        assert sum(map(len, counted.appends)) == BATCH_RECORDS * 3 + 1


def test_a_fact_that_two_records_hold_is_in_no_batch_twice() -> None:
    shared = FactRow(SCOPE, "orders", {"fact_id": "twice"})
    other = FactRow(SCOPE, "orders", {"fact_id": "once"})
    records = [OutboxRecord(uuid4(), [fact], []) for fact in (shared, other, shared)]
    assert [len(batch) for batch in batches(records)] == [2, 1]
