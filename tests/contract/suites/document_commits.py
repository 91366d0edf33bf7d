"""Dedup keys, outbox records, limits and expiry: what one commit holds."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from datetime import datetime, timedelta
from random import Random
from uuid import uuid4

import orjson
import pytest

from pulsepoint.adapters.memory.clock import FixedClock
from pulsepoint.errors import LimitExceeded
from pulsepoint.events.envelope import Message
from pulsepoint.ports.document_store import (
    MAX_COMMIT_BYTES,
    MAX_DOCUMENT_BYTES,
    MAX_WRITES,
    Commit,
    Committed,
    Document,
    DocumentStore,
    FactRow,
    Write,
)
from pulsepoint.tenancy import TenantContext
from tests.contract.suites.document_steps import (
    DocumentStoreFixtures,
    OpenStore,
    all_orders,
    an_effect,
    claim,
    commit,
    new_scope,
    put,
    read,
    sole_outbox_record,
)


def random_text(length: int) -> str:
    """Text that hardly compresses."""
    return b64encode(Random(length).randbytes(length * 3 // 4 + 3)).decode()[:length]


class DocumentCommitsSuite(DocumentStoreFixtures):
    """All of a commit is stored, once, or nothing of it."""

    async def test_a_marker_seen_before_changes_nothing_and_gives_the_leftover(
        self, store: DocumentStore, scope: TenantContext
    ) -> None:
        dedup_key = uuid4()
        fact = FactRow(scope, "orders", {"fact_id": str(uuid4()), "at": "2026-01-01T00:00:00+00:00", "micros": 5})
        message = Message("orders", b"\x00\xff raw", {"ce-type": "order.recorded", "n": "ü"})
        first = await commit(store, scope, Commit(dedup_key, [Write("orders", "1", {"n": 1})], [fact], [message]))
        second = await commit(
            store, scope, Commit(dedup_key, [Write("orders", "1", {"n": 2})], effects=[an_effect(scope)])
        )
        assert (first.duplicate, second.duplicate) == (False, True)
        assert sole_outbox_record(first).facts == [fact]
        assert sole_outbox_record(second).id == sole_outbox_record(first).id == dedup_key
        assert list(sole_outbox_record(second).facts) == [fact]
        assert list(sole_outbox_record(second).messages) == [message]
        assert await read(store, scope, "1") == Document("orders", "1", 1, {"n": 1})
        assert await claim(store) == []
        await store.mark_dispatched({dedup_key: ()})
        assert (await commit(store, scope, Commit(dedup_key))) == Committed(duplicate=True, outbox_record=None)

    async def test_of_two_at_once_one_is_the_duplicate(self, store: DocumentStore, scope: TenantContext) -> None:
        dedup_key = uuid4()
        change = [commit(store, scope, Commit(dedup_key, [Write("orders", "1", {})])) for _ in range(8)]
        assert sorted(done.duplicate for done in await asyncio.gather(*change)) == [False] + [True] * 7
        document = await read(store, scope, "1")
        assert document is not None
        assert document.version == 1

    async def test_markers_of_other_tenants_and_services_are_others(
        self, store: DocumentStore, open_store: OpenStore, scope: TenantContext
    ) -> None:
        dedup_key = uuid4()
        message = Message("orders", b"mine", {})
        await commit(store, scope, Commit(dedup_key, messages=[message]))
        assert not (await commit(store, new_scope(), Commit(dedup_key))).duplicate
        assert not (await commit(open_store(f"other-{uuid4()}"), scope, Commit(dedup_key))).duplicate
        unmatched = new_scope()
        await commit(store, unmatched, Commit(dedup_key, messages=[Message("orders", b"theirs", {})]))
        for owner, data in ((scope, b"mine"), (unmatched, b"theirs")):
            again = await commit(store, owner, Commit(dedup_key))
            assert [message.data for message in sole_outbox_record(again).messages] == [data]

    async def test_dates_and_ids_of_facts_come_back_as_iso_strings(
        self, store: DocumentStore, scope: TenantContext, clock: FixedClock
    ) -> None:
        identity = uuid4()
        row = {"fact_id": identity, "recorded_at": clock.now(), "day": clock.now().date(), "none": None}
        await commit(store, scope, Commit(facts=[FactRow(scope, "orders", row)]))
        clock.advance(seconds=1)
        (outbox_record,) = await store.outbox_records(older_than=clock.now())
        assert outbox_record.facts[0].scope == scope
        stored = outbox_record.facts[0].row
        assert stored["fact_id"] == str(identity)
        assert datetime.fromisoformat(stored["recorded_at"]) == row["recorded_at"]
        assert (stored["day"], stored["none"]) == ("2026-01-01", None)

    async def test_leftovers_come_oldest_first_until_settled(
        self, store: DocumentStore, open_store: OpenStore, scope: TenantContext, clock: FixedClock
    ) -> None:
        made = []
        for number in range(3):
            message = Message("orders", str(number).encode(), {})
            made.append(sole_outbox_record(await commit(store, new_scope(), Commit(messages=[message]))).id)
            clock.advance(seconds=10)
        await commit(store, scope, Commit(dedup_key=uuid4(), writes=[Write("orders", "1", {})]))
        old = clock.now() - timedelta(seconds=5)
        assert [outbox_record.id for outbox_record in await store.outbox_records(older_than=old)] == made
        assert [outbox_record.id for outbox_record in await store.outbox_records(older_than=old, limit=2)] == made[:2]
        assert [left.id for left in await store.outbox_records(older_than=old - timedelta(seconds=10))] == made[:2]
        assert await open_store(f"other-{uuid4()}").outbox_records(older_than=clock.now()) == []
        await store.mark_dispatched(dict.fromkeys(made[:2], ()))
        await store.mark_dispatched({})
        assert [outbox_record.id for outbox_record in await store.outbox_records(older_than=old)] == made[2:]

    # Limits

    async def test_a_document_of_almost_a_mebibyte_is_the_largest(
        self, store: DocumentStore, scope: TenantContext
    ) -> None:
        fits = {"a": "x" * (MAX_DOCUMENT_BYTES - len('{"a":""}'))}
        await put(store, scope, "1", fits)
        with pytest.raises(LimitExceeded):
            await commit(
                store, scope, Commit(writes=[Write("orders", "2", {}), Write("orders", "3", {"a": fits["a"] + "x"})])
            )
        assert await read(store, scope, "2") is None

    async def test_the_longest_names_hold_the_largest_document(
        self, store: DocumentStore, scope: TenantContext
    ) -> None:
        longest = {"shop": "y" * 1_500, "reason": "z" * 1_500, "a": ""}
        longest["a"] = "x" * (MAX_DOCUMENT_BYTES - len(orjson.dumps(longest)))
        await put(store, scope, "i" * 1_500, longest, collection="c" * 1_500)
        await put(store, scope, "/" * 750, {})
        for wrong in ("x" * 1_501, "/" * 751, "." * 751):
            with pytest.raises(LimitExceeded):
                await put(store, scope, wrong, {})
            with pytest.raises(LimitExceeded):
                await put(store, scope, "1", {}, collection=wrong)
        document = await read(store, scope, "i" * 1_500, collection="c" * 1_500)
        assert document is not None
        assert document.data == longest

    async def test_a_commit_that_fits_no_request_is_refused(self, store: DocumentStore, scope: TenantContext) -> None:
        quarter = {"a": "x" * (MAX_COMMIT_BYTES // 4 - 1_000)}
        fact = FactRow(scope, "orders", {"fact_id": "1", "bytes": random_text(6_000_000)})
        writes = [Write("orders", str(number), quarter) for number in range(4)]
        committed = await commit(
            store, scope, Commit(uuid4(), writes, [fact], [Message("orders", b"x" * 9_000_000, {})])
        )
        assert not committed.duplicate
        with pytest.raises(LimitExceeded):
            await commit(store, scope, Commit(writes=[*writes, Write("orders", "5", {"a": "x" * 4_000})]))
        assert await read(store, scope, "5") is None
        with pytest.raises(LimitExceeded):
            await commit(store, scope, Commit(effects=[an_effect(scope, data={"a": "x" * 400_000})]))

    async def test_a_leftover_larger_than_a_document_comes_back_whole(
        self, store: DocumentStore, scope: TenantContext, clock: FixedClock
    ) -> None:
        dedup_key = uuid4()
        fact = FactRow(scope, "orders", {"fact_id": "1", "text": random_text(3_000_000)})
        message = Message("orders", random_text(2_000_000).encode(), {})
        await commit(store, scope, Commit(dedup_key, facts=[fact], messages=[message]))
        again = await commit(store, scope, Commit(dedup_key, facts=[FactRow(scope, "orders", {"text": "other"})]))
        assert (list(sole_outbox_record(again).facts), list(sole_outbox_record(again).messages)) == (
            [fact],
            [message],
        )
        # It stays for as long as nobody has finished it.
        await store.expire(clock.now() + timedelta(days=90))
        clock.advance(seconds=1)
        (outbox_record,) = await store.outbox_records(older_than=clock.now())
        assert (list(outbox_record.facts), list(outbox_record.messages)) == ([fact], [message])
        await store.mark_dispatched({dedup_key: ()})
        assert await store.outbox_records(older_than=clock.now()) == []

    async def test_more_than_500_writes_are_refused(self, store: DocumentStore, scope: TenantContext) -> None:
        writes = [Write("orders", str(number), {}) for number in range(MAX_WRITES + 1)]
        with pytest.raises(LimitExceeded):
            await commit(store, scope, Commit(writes=writes))
        await commit(store, scope, Commit(writes=writes[:-1]))
        assert len(await all_orders(store, scope)) == MAX_WRITES

    async def test_a_message_no_bus_would_take_is_refused_before_it_is_stored(
        self, store: DocumentStore, scope: TenantContext
    ) -> None:
        with pytest.raises(LimitExceeded):
            await commit(store, scope, Commit(messages=[Message("orders", b"x" * 10_000_001, {})]))

    # Expiry

    async def test_documents_and_markers_expire(
        self, store: DocumentStore, open_store: OpenStore, scope: TenantContext, clock: FixedClock
    ) -> None:
        dedup_key, other = uuid4(), open_store(f"other-{uuid4()}")
        soon = clock.now() + timedelta(hours=1)
        writes = [Write("orders", "1", {}, expires_at=soon), Write("orders", "2", {})]
        await commit(store, scope, Commit(dedup_key, writes))
        await commit(other, scope, Commit(writes=writes))
        assert await store.expire(clock.now()) == 0
        assert await store.expire(soon) == 1
        assert (await read(store, scope, "1"), (await read(other, scope, "1")) is None) == (None, False)
        assert (await commit(store, scope, Commit(dedup_key))).duplicate
        # Longer than Pub/Sub keeps a message.
        assert await store.expire(clock.now() + timedelta(days=31)) == 0
        assert await store.expire(clock.now() + timedelta(days=40)) == 1
        assert not (await commit(store, scope, Commit(dedup_key))).duplicate
        assert await read(store, scope, "2") is not None
