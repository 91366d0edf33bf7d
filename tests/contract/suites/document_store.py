"""What every `DocumentStore` does. Subclasses give a fixture `open_store(service) -> DocumentStore` and `clock`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from pulsepoint.adapters.memory.clock import FixedClock
from pulsepoint.errors import AccessDenied, Conflict, LimitExceeded, MalformedInput
from pulsepoint.events.envelope import Message
from pulsepoint.ports.document_store import (
    MAX_DOCUMENT_BYTES,
    MAX_WRITES,
    Commit,
    Committed,
    Document,
    DocumentStore,
    FactRow,
    StoredEffect,
    Transaction,
    Write,
)
from pulsepoint.tenancy import SYSTEM, TenantContext

OpenStore = Callable[[str], DocumentStore]


def new_scope() -> TenantContext:
    return TenantContext(uuid4(), uuid4())


async def put(store: DocumentStore, scope: TenantContext, id: str, data: Any, collection: str = "orders") -> Committed:
    return await commit(store, scope, Commit(writes=[Write(collection, id, data)]))


async def commit(store: DocumentStore, scope: TenantContext, change: Commit) -> Committed:
    async def work(transaction: Transaction) -> Commit:
        return change

    return await store.transact(scope, work)


async def read(
    store: DocumentStore, scope: TenantContext, id: str, collection: str = "orders", of: TenantContext | None = None
) -> Document | None:
    found: list[Document | None] = []

    async def work(transaction: Transaction) -> Commit:
        found.append(await transaction.get(collection, id, scope=of))
        return Commit()

    await store.transact(scope, work)
    return found[-1]


def one_leftover(committed: Committed) -> Any:
    assert committed.leftover is not None
    return committed.leftover


class DocumentStoreSuite:
    """Subclassed once for each adapter."""

    @pytest.fixture
    def clock(self) -> FixedClock:
        return FixedClock()

    @pytest.fixture
    def store(self, open_store: OpenStore) -> DocumentStore:
        return open_store(f"service-{uuid4()}")

    @pytest.fixture
    def scope(self) -> TenantContext:
        return new_scope()

    # Reading and writing

    async def test_a_document_is_read_as_written_and_counts_its_commits(
        self, store: DocumentStore, scope: TenantContext
    ) -> None:
        data = {"total": 12_345_678_901_234, "lines": [{"sku": "A"}], "paid": True, "note": None, "rate": 0.1}
        await put(store, scope, "1", data)
        assert await read(store, scope, "1") == Document("orders", "1", 1, data)
        await put(store, scope, "1", {"total": 2})
        assert await read(store, scope, "1") == Document("orders", "1", 2, {"total": 2})

    async def test_an_absent_or_deleted_document_is_none(self, store: DocumentStore, scope: TenantContext) -> None:
        assert await read(store, scope, "1") is None
        await put(store, scope, "1", {})
        await put(store, scope, "1", None)
        assert await read(store, scope, "1") is None

    async def test_many_come_in_the_order_asked(self, store: DocumentStore, scope: TenantContext) -> None:
        await put(store, scope, "1", {"n": 1})
        await put(store, scope, "2", {"n": 2}, collection="refunds")
        found: list[Document | None] = []

        async def work(transaction: Transaction) -> Commit:
            found[:] = await transaction.get_many([("refunds", "2"), ("orders", "9"), ("orders", "1")])
            assert await transaction.get_many([]) == []
            return Commit()

        await store.transact(scope, work)
        assert [document and document.data["n"] for document in found] == [2, None, 1]

    async def test_text_of_any_script_survives(self, store: DocumentStore, scope: TenantContext) -> None:
        data = {"näme": "Zürich ☕ 東京 🧦 עברית \u200d\u2028", "escapes": '"\\\\u0000\t'}
        await put(store, scope, "größe/🧦", data)
        document = await read(store, scope, "größe/🧦")
        assert document is not None
        assert document.data == data

    async def test_what_json_cannot_hold_is_refused_as_malformed(
        self, store: DocumentStore, scope: TenantContext
    ) -> None:
        for wrong in ({"a": "\0"}, {"a\0": 1}, {"a": [{"b": "x\0y"}]}, {"a": "\ud800"}, {"a": object()}, {"a": {1: 2}}):
            with pytest.raises(MalformedInput):
                await put(store, scope, "1", wrong)
        for wrong_id in ("", "a\0b"):
            with pytest.raises(MalformedInput):
                await put(store, scope, wrong_id, {})
        assert await read(store, scope, "1") is None

    async def test_find_gives_matching_documents_by_id(self, store: DocumentStore, scope: TenantContext) -> None:
        for id, state in (("b", "open"), ("a", "open"), ("ä", "open"), ("c", "closed"), ("B", "open")):
            await put(store, scope, id, {"state": state})
        await put(store, scope, "0", {"state": "open"}, collection="others")
        await put(store, new_scope(), "1", {"state": "open"})
        seen: dict[str, list[str]] = {}

        async def work(transaction: Transaction) -> Commit:
            seen["open"] = [document.id for document in await transaction.find("orders", {"state": "open"})]
            seen["all"] = [document.id for document in await transaction.find("orders")]
            seen["page"] = [document.id for document in await transaction.find("orders", limit=2, after="a")]
            return Commit()

        await store.transact(scope, work)
        assert seen == {"open": ["B", "a", "b", "ä"], "all": ["B", "a", "b", "c", "ä"], "page": ["b", "c"]}

    # Conflicts

    async def disturbed(
        self, store: DocumentStore, scope: TenantContext, disturb: Callable[[], Awaitable[Any]], by: str = "get"
    ) -> list[Any]:
        """What a transaction read on each run when `disturb` committed after its first read."""
        runs: list[Any] = []

        async def work(transaction: Transaction) -> Commit:
            if by == "get":
                document = await transaction.get("orders", "1")
            else:
                document = next(iter(await transaction.find("orders")), None)
            runs.append(document and document.data)
            if len(runs) == 1:
                await disturb()
            return Commit(writes=[Write("orders", "2", {"saw": runs[-1]})])

        await store.transact(scope, work)
        return runs

    @pytest.mark.parametrize("by", ["get", "find"])
    async def test_work_runs_again_when_what_it_read_has_changed(
        self, store: DocumentStore, scope: TenantContext, by: str
    ) -> None:
        await put(store, scope, "1", {"n": 1})
        assert await self.disturbed(store, scope, lambda: put(store, scope, "1", {"n": 2}), by) == [{"n": 1}, {"n": 2}]

    async def test_work_runs_again_when_an_absent_document_has_appeared(
        self, store: DocumentStore, scope: TenantContext
    ) -> None:
        assert await self.disturbed(store, scope, lambda: put(store, scope, "1", {"n": 1})) == [None, {"n": 1}]

    async def test_work_runs_again_when_a_document_was_deleted_and_made_anew(
        self, store: DocumentStore, scope: TenantContext
    ) -> None:
        await put(store, scope, "1", {"n": 1})

        async def replace() -> None:
            await put(store, scope, "1", None)
            await put(store, scope, "1", {"n": 2})

        assert await self.disturbed(store, scope, replace) == [{"n": 1}, {"n": 2}]

    async def test_other_documents_do_not_disturb(self, store: DocumentStore, scope: TenantContext) -> None:
        assert await self.disturbed(store, scope, lambda: put(store, scope, "3", {})) == [None]

    async def test_two_that_read_what_the_other_writes_do_not_both_commit_blindly(
        self, store: DocumentStore, scope: TenantContext
    ) -> None:
        async def cross(pair: int, own: str, other: str, both_have_read: asyncio.Barrier) -> None:
            first = True

            async def work(transaction: Transaction) -> Commit:
                nonlocal first
                seen = await transaction.get("orders", f"{pair}{other}")
                if first:
                    first = False
                    await both_have_read.wait()
                return Commit(writes=[Write("orders", f"{pair}{own}", {"other_was_there": seen is not None})])

            await store.transact(scope, work)

        # Many rounds: without a guard the two commits must meet within a millisecond to go wrong.
        for pair in range(60):
            met = asyncio.Barrier(2)
            await asyncio.gather(cross(pair, "a", "b", met), cross(pair, "b", "a", met))
            documents = [await read(store, scope, f"{pair}{name}") for name in "ab"]
            assert sorted(document.data["other_was_there"] for document in documents if document) == [False, True]

    async def test_no_increment_is_lost(self, store: DocumentStore, scope: TenantContext) -> None:
        async def increment(transaction: Transaction) -> Commit:
            document = await transaction.get("orders", "1")
            await asyncio.sleep(0)
            return Commit(writes=[Write("orders", "1", {"n": document.data["n"] + 1 if document else 1})])

        await asyncio.gather(*(store.transact(scope, increment, attempts=100) for _ in range(12)))
        assert await read(store, scope, "1") == Document("orders", "1", 12, {"n": 12})

    async def test_endless_conflict_is_raised(self, store: DocumentStore, scope: TenantContext) -> None:
        async def work(transaction: Transaction) -> Commit:
            await transaction.get("orders", "1")
            await put(store, scope, "1", {})
            return Commit(writes=[Write("orders", "2", {})])

        with pytest.raises(Conflict):
            await store.transact(scope, work, attempts=3)
        assert await read(store, scope, "2") is None

    async def test_an_error_in_the_work_writes_nothing(self, store: DocumentStore, scope: TenantContext) -> None:
        async def work(transaction: Transaction) -> Commit:
            raise RuntimeError("in the work")

        with pytest.raises(RuntimeError, match="in the work"):
            await store.transact(scope, work)

    # Markers and leftovers

    async def test_a_marker_seen_before_changes_nothing_and_gives_the_leftover(
        self, store: DocumentStore, scope: TenantContext
    ) -> None:
        marker = uuid4()
        fact = FactRow(scope, "orders", {"fact_id": str(uuid4()), "at": "2026-01-01T00:00:00+00:00", "micros": 5})
        message = Message("orders", b"\x00\xff raw", {"ce-type": "order.recorded", "n": "ü"})
        first = await commit(store, scope, Commit(marker, [Write("orders", "1", {"n": 1})], [fact], [message]))
        second = await commit(
            store, scope, Commit(marker, [Write("orders", "1", {"n": 2})], effects=[an_effect(scope)])
        )
        assert (first.duplicate, second.duplicate) == (False, True)
        assert one_leftover(first).facts == [fact]
        assert one_leftover(second).id == one_leftover(first).id == marker
        assert list(one_leftover(second).facts) == [fact]
        assert list(one_leftover(second).messages) == [message]
        assert await read(store, scope, "1") == Document("orders", "1", 1, {"n": 1})
        assert await claim(store) == []
        await store.settle([marker])
        assert (await commit(store, scope, Commit(marker))) == Committed(duplicate=True, leftover=None)

    async def test_of_two_at_once_one_is_the_duplicate(self, store: DocumentStore, scope: TenantContext) -> None:
        marker = uuid4()
        change = [commit(store, scope, Commit(marker, [Write("orders", "1", {})])) for _ in range(8)]
        assert sorted(done.duplicate for done in await asyncio.gather(*change)) == [False] + [True] * 7
        document = await read(store, scope, "1")
        assert document is not None
        assert document.version == 1

    async def test_markers_of_other_tenants_and_services_are_others(
        self, store: DocumentStore, open_store: OpenStore, scope: TenantContext
    ) -> None:
        marker = uuid4()
        message = Message("orders", b"mine")
        await commit(store, scope, Commit(marker, messages=[message]))
        assert not (await commit(store, new_scope(), Commit(marker))).duplicate
        assert not (await commit(open_store(f"other-{uuid4()}"), scope, Commit(marker))).duplicate
        stranger = new_scope()
        await commit(store, stranger, Commit(marker, messages=[Message("orders", b"theirs")]))
        for owner, data in ((scope, b"mine"), (stranger, b"theirs")):
            again = await commit(store, owner, Commit(marker))
            assert [message.data for message in one_leftover(again).messages] == [data]

    async def test_dates_and_ids_of_facts_come_back_as_iso_strings(
        self, store: DocumentStore, scope: TenantContext, clock: FixedClock
    ) -> None:
        identity = uuid4()
        row = {"fact_id": identity, "recorded_at": clock.now(), "day": clock.now().date(), "none": None}
        await commit(store, scope, Commit(facts=[FactRow(scope, "orders", row)]))
        clock.advance(seconds=1)
        (leftover,) = await store.leftovers(older_than=clock.now())
        assert leftover.facts[0].scope == scope
        stored = leftover.facts[0].row
        assert stored["fact_id"] == str(identity)
        assert datetime.fromisoformat(stored["recorded_at"]) == row["recorded_at"]
        assert (stored["day"], stored["none"]) == ("2026-01-01", None)

    async def test_leftovers_come_oldest_first_until_settled(
        self, store: DocumentStore, open_store: OpenStore, scope: TenantContext, clock: FixedClock
    ) -> None:
        made = []
        for number in range(3):
            message = Message("orders", str(number).encode())
            made.append(one_leftover(await commit(store, new_scope(), Commit(messages=[message]))).id)
            clock.advance(seconds=10)
        await commit(store, scope, Commit(marker=uuid4(), writes=[Write("orders", "1", {})]))
        old = clock.now() - timedelta(seconds=5)
        assert [leftover.id for leftover in await store.leftovers(older_than=old)] == made
        assert [leftover.id for leftover in await store.leftovers(older_than=old, limit=2)] == made[:2]
        assert [left.id for left in await store.leftovers(older_than=old - timedelta(seconds=10))] == made[:2]
        assert await open_store(f"other-{uuid4()}").leftovers(older_than=clock.now()) == []
        await store.settle(made[:2])
        await store.settle([])
        assert [leftover.id for leftover in await store.leftovers(older_than=old)] == made[2:]

    # Tenants

    async def test_documents_of_other_tenants_brands_and_services_are_absent(
        self, store: DocumentStore, open_store: OpenStore, scope: TenantContext
    ) -> None:
        await put(store, scope, "1", {"mine": True})
        sibling = TenantContext(scope.tenant_id, uuid4())
        stranger = TenantContext(uuid4(), scope.brand_id)
        for other in (sibling, stranger):
            assert await read(store, other, "1") is None
            assert await self.found(store, other) == []
            await put(store, other, "1", {"mine": False})
            await put(store, other, "1", None)
        assert await read(open_store(f"other-{uuid4()}"), scope, "1") is None
        assert await read(store, scope, "1") == Document("orders", "1", 1, {"mine": True})

    async def found(self, store: DocumentStore, scope: TenantContext) -> list[Document]:
        documents: list[Document] = []

        async def work(transaction: Transaction) -> Commit:
            documents[:] = await transaction.find("orders")
            return Commit()

        await store.transact(scope, work)
        return documents

    async def test_several_of_one_tenant_are_not_those_of_another(
        self, store: DocumentStore, scope: TenantContext
    ) -> None:
        await put(store, scope, "1", {})
        await put(store, scope, "2", {})

        async def work(transaction: Transaction) -> Commit:
            assert await transaction.get_many([("orders", "1"), ("orders", "2")]) == [None, None]
            return Commit()

        await store.transact(TenantContext(uuid4(), scope.brand_id), work)
        await store.transact(TenantContext(scope.tenant_id, uuid4()), work)

    async def test_a_tenant_cannot_reach_into_another(self, store: DocumentStore, scope: TenantContext) -> None:
        other = new_scope()
        with pytest.raises(AccessDenied):
            await read(store, scope, "1", of=other)
        with pytest.raises(AccessDenied):
            await read(store, scope, "1", of=TenantContext(scope.tenant_id, uuid4()))
        for change in (
            Commit(writes=[Write("orders", "1", {}, scope=other)]),
            Commit(facts=[FactRow(other, "orders", {"fact_id": "1"})]),
            Commit(effects=[an_effect(other)]),
            Commit(finished_effect=an_effect(other)),
        ):
            with pytest.raises(AccessDenied):
                await commit(store, scope, change)
        assert await read(store, other, "1") is None

    async def test_the_system_reaches_every_tenant(self, store: DocumentStore, scope: TenantContext) -> None:
        await commit(store, SYSTEM, Commit(writes=[Write("orders", "1", {"by": "system"}, scope=scope)]))
        document = await read(store, scope, "1")
        assert document is not None
        assert document.data == {"by": "system"}
        assert await read(store, SYSTEM, "1", of=scope) == document
        assert await read(store, SYSTEM, "1") is None

    # Limits

    async def test_a_document_over_a_mebibyte_is_refused(self, store: DocumentStore, scope: TenantContext) -> None:
        fits = {"a": "x" * (MAX_DOCUMENT_BYTES - len('{"a":""}'))}
        await put(store, scope, "1", fits)
        with pytest.raises(LimitExceeded):
            await commit(
                store, scope, Commit(writes=[Write("orders", "2", {}), Write("orders", "3", {"a": fits["a"] + "x"})])
            )
        assert await read(store, scope, "2") is None
        with pytest.raises(LimitExceeded):
            await put(store, scope, "x" * 1501, {})

    async def test_more_than_500_writes_are_refused(self, store: DocumentStore, scope: TenantContext) -> None:
        writes = [Write("orders", str(number), {}) for number in range(MAX_WRITES + 1)]
        with pytest.raises(LimitExceeded):
            await commit(store, scope, Commit(writes=writes))
        await commit(store, scope, Commit(writes=writes[:-1]))
        assert len(await self.found(store, scope)) == MAX_WRITES

    async def test_a_message_no_bus_would_take_is_refused_before_it_is_stored(
        self, store: DocumentStore, scope: TenantContext
    ) -> None:
        with pytest.raises(LimitExceeded):
            await commit(store, scope, Commit(messages=[Message("orders", b"x" * 10_000_001)]))

    # Effects

    async def test_an_effect_is_claimed_when_due_once(
        self, store: DocumentStore, open_store: OpenStore, scope: TenantContext, clock: FixedClock
    ) -> None:
        effect = an_effect(scope, due_at=clock.now() + timedelta(seconds=30))
        committed = await commit(store, scope, Commit(effects=[effect]))
        assert list(committed.effects) == [effect]
        assert await claim(store, clock.now()) == []
        assert await claim(store, clock.now() + timedelta(seconds=29)) == []
        assert await claim(open_store(f"other-{uuid4()}"), clock.now() + timedelta(seconds=30)) == []
        assert await claim(store, clock.now() + timedelta(seconds=30)) == [effect]
        assert await claim(store, clock.now() + timedelta(seconds=30)) == []

    async def test_a_lease_that_ran_out_is_claimed_again(
        self, store: DocumentStore, scope: TenantContext, clock: FixedClock
    ) -> None:
        effect = an_effect(scope)
        await commit(store, scope, Commit(effects=[effect]))
        now = clock.now()
        assert await claim(store, now, lease=60) == [effect]
        assert await claim(store, now + timedelta(seconds=59)) == []
        assert await claim(store, now + timedelta(seconds=60)) == [effect]

    async def test_a_finished_effect_is_gone(
        self, store: DocumentStore, scope: TenantContext, clock: FixedClock
    ) -> None:
        effect = an_effect(scope)
        await commit(store, scope, Commit(effects=[effect]))
        await claim(store, clock.now())
        await commit(store, scope, Commit(marker=uuid4(), finished_effect=effect))
        assert await claim(store, clock.now() + timedelta(days=9)) == []

    async def test_an_effect_finished_twice_is_gone_too(
        self, store: DocumentStore, scope: TenantContext, clock: FixedClock
    ) -> None:
        effect, marker = an_effect(scope), uuid4()
        await commit(store, scope, Commit(marker))
        await commit(store, scope, Commit(effects=[effect]))
        await claim(store, clock.now())
        assert (await commit(store, scope, Commit(marker, finished_effect=effect))).duplicate
        assert await claim(store, clock.now() + timedelta(days=9)) == []

    async def test_only_one_of_a_key_is_pending(
        self, store: DocumentStore, scope: TenantContext, clock: FixedClock
    ) -> None:
        first = an_effect(scope, data={"n": 1}, due_at=clock.now() + timedelta(seconds=30))
        dropped = an_effect(scope, data={"n": 2}, due_at=clock.now() + timedelta(seconds=40))
        others = [
            an_effect(scope, key="other", due_at=first.due_at),
            an_effect(scope, kind="other", due_at=first.due_at),
            an_effect(TenantContext(scope.tenant_id, uuid4()), due_at=first.due_at),
        ]
        await commit(store, scope, Commit(effects=[first]))
        committed = await commit(store, scope, Commit(effects=[dropped, *others]))
        assert sorted(committed.effects, key=str) == sorted(others, key=str)
        assert sorted(await claim(store, clock.now() + timedelta(days=1)), key=str) == sorted([first, *others], key=str)

    async def test_what_is_asked_for_while_a_run_is_under_way_runs_after_it(
        self, store: DocumentStore, scope: TenantContext, clock: FixedClock
    ) -> None:
        first = an_effect(scope, data={"n": 1})
        second = an_effect(scope, data={"n": 2}, due_at=clock.now() + timedelta(seconds=1))
        await commit(store, scope, Commit(effects=[first]))
        assert await claim(store, clock.now()) == [first]
        assert list((await commit(store, scope, Commit(effects=[second]))).effects) == [second]
        clock.advance(seconds=1)
        assert await claim(store, clock.now()) == []
        await commit(store, scope, Commit(finished_effect=first))
        assert await claim(store, clock.now()) == [second]

    async def test_a_waiting_effect_keeps_the_first_eight_causes_told(
        self, store: DocumentStore, scope: TenantContext, clock: FixedClock
    ) -> None:
        for number in (0, 1, 1, *range(2, 12)):
            effect = replace(an_effect(scope), causes=(f"cause {number}",))
            await commit(store, scope, Commit(effects=[effect]))
        (claimed,) = await claim(store, clock.now())
        assert claimed.causes == tuple(f"cause {number}" for number in range(8))

    async def test_an_effect_about_to_run_no_longer_stands_for_new_ones(
        self, store: DocumentStore, scope: TenantContext, clock: FixedClock
    ) -> None:
        tick = an_effect(scope, due_at=clock.now() + timedelta(seconds=1))
        await commit(store, scope, Commit(effects=[tick]))
        assert await claim(store, clock.now()) == []
        late = an_effect(scope, due_at=clock.now() + timedelta(seconds=30))
        assert list((await commit(store, scope, Commit(effects=[late]))).effects) == [late]
        assert await claim(store, clock.now() + timedelta(seconds=1)) == [tick]
        await commit(store, scope, Commit(finished_effect=tick))
        assert await claim(store, clock.now() + timedelta(seconds=30)) == [late]

    async def test_an_effect_may_ask_for_its_next_run(
        self, store: DocumentStore, scope: TenantContext, clock: FixedClock
    ) -> None:
        first = an_effect(scope)
        following = an_effect(scope, due_at=clock.now() + timedelta(hours=1))
        await commit(store, scope, Commit(effects=[first]))
        await claim(store, clock.now())
        await commit(store, scope, Commit(finished_effect=first, effects=[following]))
        assert await claim(store, clock.now() + timedelta(hours=1)) == [following]

    async def test_a_failed_effect_waits_and_counts_its_attempts(
        self, store: DocumentStore, scope: TenantContext, clock: FixedClock
    ) -> None:
        effect = an_effect(scope)
        await commit(store, scope, Commit(effects=[effect]))
        (claimed,) = await claim(store, clock.now())
        later = clock.now() + timedelta(minutes=5)
        await store.postpone_effect(claimed, later)
        assert await claim(store, later - timedelta(seconds=1)) == []
        (again,) = await claim(store, later)
        assert (again.attempts, again.due_at, again.data, again.causes) == (1, later, effect.data, effect.causes)

    async def test_a_failed_effect_takes_in_what_was_asked_for_meanwhile(
        self, store: DocumentStore, scope: TenantContext, clock: FixedClock
    ) -> None:
        await commit(store, scope, Commit(effects=[an_effect(scope, data={"n": 1})]))
        (claimed,) = await claim(store, clock.now())
        await commit(store, scope, Commit(effects=[an_effect(scope, data={"n": 2})]))
        later = clock.now() + timedelta(minutes=5)
        await store.postpone_effect(claimed, later)
        assert await claim(store, clock.now() + timedelta(minutes=1)) == []
        assert [(effect.data, effect.attempts) for effect in await claim(store, later)] == [({"n": 2}, 1)]

    async def test_effects_come_by_due_time_up_to_the_limit(
        self, store: DocumentStore, scope: TenantContext, clock: FixedClock
    ) -> None:
        due = [an_effect(scope, key=key, due_at=clock.now() - timedelta(seconds=ago)) for key, ago in KEYS_AND_AGES]
        await commit(store, scope, Commit(effects=due))
        assert [effect.key for effect in await claim(store, clock.now(), limit=2)] == ["oldest", "older"]
        assert [effect.key for effect in await claim(store, clock.now(), limit=2)] == ["new"]

    async def test_rivals_never_claim_the_same_effect(
        self, store: DocumentStore, scope: TenantContext, clock: FixedClock
    ) -> None:
        await commit(store, scope, Commit(effects=[an_effect(scope, key=str(number)) for number in range(40)]))
        claims = await asyncio.gather(*(claim(store, clock.now(), limit=10) for _ in range(8)))
        keys = [effect.key for claimed in claims for effect in claimed]
        assert len(keys) == len(set(keys))
        rest = await claim(store, clock.now(), limit=40)
        assert len(keys) + len(rest) == 40

    # Expiry

    async def test_documents_and_markers_expire(
        self, store: DocumentStore, open_store: OpenStore, scope: TenantContext, clock: FixedClock
    ) -> None:
        marker, other = uuid4(), open_store(f"other-{uuid4()}")
        soon = clock.now() + timedelta(hours=1)
        writes = [Write("orders", "1", {}, expires_at=soon), Write("orders", "2", {})]
        await commit(store, scope, Commit(marker, writes))
        await commit(other, scope, Commit(writes=writes))
        assert await store.expire(clock.now()) == 0
        assert await store.expire(soon) == 1
        assert (await read(store, scope, "1"), (await read(other, scope, "1")) is None) == (None, False)
        assert (await commit(store, scope, Commit(marker))).duplicate
        # Longer than Pub/Sub keeps a message.
        assert await store.expire(clock.now() + timedelta(days=31)) == 0
        assert await store.expire(clock.now() + timedelta(days=40)) == 1
        assert not (await commit(store, scope, Commit(marker))).duplicate
        assert await read(store, scope, "2") is not None


KEYS_AND_AGES = (("new", 0), ("oldest", 90), ("older", 30))
DEFAULT_DATA = {"channel": "ü"}


def an_effect(
    scope: TenantContext,
    *,
    kind: str = "tick",
    key: str = "brand",
    due_at: datetime | None = None,
    data: dict[str, Any] | None = None,
) -> StoredEffect:
    return StoredEffect(scope, kind, key, due_at or FixedClock().now(), data or DEFAULT_DATA, ("00-trace-span-01",))


async def claim(
    store: DocumentStore, now: datetime | None = None, *, lease: float = 60.0, limit: int = 32
) -> list[StoredEffect]:
    return list(await store.claim_due_effects(now or FixedClock().now(), lease_seconds=lease, limit=limit))
