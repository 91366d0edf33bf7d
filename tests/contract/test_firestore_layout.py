"""Decisions of the Firestore adapter alone: paths of documents, concurrent processes, expiry."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from google.cloud.firestore import AsyncClient
from google.cloud.firestore_v1.types import Document, StructuredQuery
from hypothesis import given
from hypothesis import strategies as st

from pulsepoint.adapters.document_rules import DEDUP_KEY_LIFE
from pulsepoint.adapters.firestore.api import FirestoreApi, open_api
from pulsepoint.adapters.firestore.document_store import EXPIRE_EVERY, FirestoreDocumentStore
from pulsepoint.adapters.firestore.indexes import FIELDS
from pulsepoint.adapters.firestore.outbox import PART_BYTES
from pulsepoint.adapters.firestore.paths import decode_id, encode_id
from pulsepoint.adapters.memory.clock import FixedClock
from pulsepoint.errors import Conflict
from pulsepoint.events.envelope import Message
from pulsepoint.ports.document_store import Commit, FactRow, StoredEffect, Transaction, Write
from pulsepoint.tenancy import NO_BRAND, TenantContext
from tests.contract.suites.document_steps import an_effect, claim, commit, new_scope, put, read, sole_outbox_record

SERVICE = "attribution"


@pytest_asyncio.fixture
async def api(firestore_emulator: str) -> AsyncIterator[FirestoreApi]:
    async with open_api(f"test-{uuid4()}") as api:
        yield api


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def store(api: FirestoreApi, clock: FixedClock) -> FirestoreDocumentStore:
    return FirestoreDocumentStore(api, SERVICE, clock)


@pytest.fixture
def scope() -> TenantContext:
    return new_scope()


async def everything(api: FirestoreApi) -> dict[str, dict[str, object]]:
    """Fields of all documents by path, as Google's own client reads them."""
    client = AsyncClient(project=api.database.split("/")[1])
    groups = ("documents", "markers", "leftovers", "effects")
    documents = [each for group in groups async for each in client.collection_group(group).stream()]
    return {document.reference.path: document.to_dict() or {} for document in documents}


def large_fact(scope: TenantContext) -> FactRow:
    return FactRow(scope, "orders", {"fact_id": "1", "noise": Random(1).randbytes(PART_BYTES).hex()})


async def test_every_document_lies_below_its_tenant_brand_and_service(
    api: FirestoreApi, store: FirestoreDocumentStore, scope: TenantContext
) -> None:
    dedup_key = uuid4()
    await commit(
        store,
        scope,
        Commit(
            dedup_key, [Write("orders", "a/b.c", {})], messages=[Message("orders", b"", {})], effects=[an_effect(scope)]
        ),
    )
    brand = f"tenants/{scope.tenant_id}/brands/{scope.brand_id}/services/{SERVICE}"
    tenant = f"tenants/{scope.tenant_id}/brands/{NO_BRAND}/services/{SERVICE}"
    paths = set(await everything(api))
    assert {path for path in paths if "/effects/" not in path} == {
        f"{brand}/collections/orders/documents/a.1b.0c",
        f"{tenant}/markers/{dedup_key}",
        f"{tenant}/leftovers/{dedup_key}",
    }
    assert [path.rpartition("/")[0] for path in paths if "/effects/" in path] == [f"{brand}/effects"]


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1)))
def test_encoded_ids_sort_as_they_did_and_come_back(ids: list[str]) -> None:
    encoded = [encode_id(id) for id in ids]
    assert [decode_id(each) for each in encoded] == ids
    assert sorted(ids) == [decode_id(each) for each in sorted(encoded)]
    assert not any("/" in each or each in (".", "..") for each in encoded)


async def test_what_expires_says_so_in_the_field_that_time_to_live_watches(
    api: FirestoreApi, store: FirestoreDocumentStore, scope: TenantContext, clock: FixedClock
) -> None:
    soon = clock.now() + timedelta(hours=1)
    dedup_key = uuid4()
    await commit(store, scope, Commit(dedup_key, [Write("held", "1", {}, expires_at=soon), Write("held", "2", {})]))
    by_id = {path.rpartition("/")[2]: fields for path, fields in (await everything(api)).items()}
    assert by_id["1"]["expires_at"] == soon
    assert by_id[str(dedup_key)]["expires_at"] == clock.now() + DEDUP_KEY_LIFE
    assert "expires_at" not in by_id["2"]
    watched = {field.collection for field in FIELDS if field.expires and field.field == "expires_at"}
    assert watched == {"documents", "markers", "leftovers"}


async def test_a_document_written_again_without_an_end_stays(
    store: FirestoreDocumentStore, scope: TenantContext, clock: FixedClock
) -> None:
    soon = clock.now() + timedelta(hours=1)
    await commit(store, scope, Commit(writes=[Write("orders", "1", {}, expires_at=soon)]))
    await put(store, scope, "1", {"kept": True})
    assert await store.expire(soon) == 0
    assert await read(store, scope, "1") is not None


async def test_expiry_is_left_to_firestore_for_a_while_after_each_look(
    api: FirestoreApi, store: FirestoreDocumentStore, scope: TenantContext, clock: FixedClock
) -> None:
    soon = clock.now() + timedelta(seconds=1)
    assert await store.expire(clock.now()) == 0
    await commit(store, scope, Commit(writes=[Write("orders", str(n), {}, expires_at=soon) for n in range(400)]))
    assert await store.expire(soon) == 0
    assert await store.expire(clock.now() + EXPIRE_EVERY) == 400
    assert await everything(api) == {}


@dataclass(frozen=True, slots=True)
class DisturbedApi(FirestoreApi):
    """Does something after each query, before its answer is used."""

    disturb: Callable[[], Awaitable[object]]

    async def query(self, parent: str, query: StructuredQuery) -> list[Document]:
        documents = await FirestoreApi.query(self, parent, query)
        await self.disturb()
        return documents


async def test_a_document_given_more_time_while_it_expires_stays(
    api: FirestoreApi, store: FirestoreDocumentStore, scope: TenantContext, clock: FixedClock
) -> None:
    async def give_more_time() -> None:
        await put(store, scope, "1", {"kept": True})

    await commit(store, scope, Commit(writes=[Write("orders", "1", {}, expires_at=clock.now())]))
    disturbed = DisturbedApi(api.client, api.database, api.metadata, give_more_time)
    assert await FirestoreDocumentStore(disturbed, SERVICE, clock).expire(clock.now()) == 0
    document = await read(store, scope, "1")
    assert document is not None
    assert document.data == {"kept": True}


async def test_parts_that_no_transaction_took_up_expire(
    api: FirestoreApi, store: FirestoreDocumentStore, scope: TenantContext, clock: FixedClock
) -> None:
    await put(store, scope, "1", {})

    async def work(transaction: Transaction) -> Commit:
        await transaction.get("orders", "1")
        await put(store, scope, "1", {})
        return Commit(facts=[large_fact(scope)], writes=[Write("orders", "1", {})])

    with pytest.raises(Conflict):
        await store.transact(scope, work, attempts=2)
    parts = [path for path in await everything(api) if "/leftovers/" in path]
    assert len(parts) == 2
    clock.advance(seconds=1)
    assert await store.outbox_records(older_than=clock.now()) == []
    assert await store.expire(clock.now() + DEDUP_KEY_LIFE) == 2
    assert not any("/leftovers/" in path for path in await everything(api))


async def test_parts_of_a_repeated_attempt_do_not_replace_those_of_the_first(
    store: FirestoreDocumentStore, scope: TenantContext
) -> None:
    dedup_key = uuid4()
    first = FactRow(scope, "orders", {"noise": Random(2).randbytes(PART_BYTES).hex()})
    await commit(store, scope, Commit(dedup_key, facts=[first]))
    again = await commit(store, scope, Commit(dedup_key, facts=[large_fact(scope)]))
    assert again.duplicate
    assert list(sole_outbox_record(again).facts) == [first]


# Two stores of one service stand for two processes: nothing but Firestore stands between them.


@pytest.fixture
def peer(api: FirestoreApi, clock: FixedClock) -> FirestoreDocumentStore:
    return FirestoreDocumentStore(api, SERVICE, clock)


async def test_processes_that_read_what_the_other_writes_do_not_both_commit_blindly(
    store: FirestoreDocumentStore, peer: FirestoreDocumentStore, scope: TenantContext
) -> None:
    async def cross(by: FirestoreDocumentStore, own: str, other: str, both_have_read: asyncio.Barrier) -> None:
        runs = 0

        async def work(transaction: Transaction) -> Commit:
            nonlocal runs
            runs += 1
            seen = await transaction.get("orders", other)
            if runs == 1:
                await both_have_read.wait()
            return Commit(writes=[Write("orders", own, {"other_was_there": seen is not None})])

        await by.transact(scope, work)

    for pair in range(3):  # each round may cost the two seconds that the emulator waits for a lock
        met = asyncio.Barrier(2)
        await asyncio.gather(cross(store, f"{pair}a", f"{pair}b", met), cross(peer, f"{pair}b", f"{pair}a", met))
        documents = [await read(store, scope, f"{pair}{name}") for name in "ab"]
        assert sorted(document.data["other_was_there"] for document in documents if document) == [False, True]


async def test_no_increment_of_two_processes_is_lost(
    store: FirestoreDocumentStore, peer: FirestoreDocumentStore, scope: TenantContext
) -> None:
    async def increment(transaction: Transaction) -> Commit:
        document = await transaction.get("orders", "1")
        return Commit(writes=[Write("orders", "1", {"n": document.data["n"] + 1 if document else 1})])

    await asyncio.gather(*(by.transact(scope, increment, attempts=100) for by in (store, peer) for _ in range(6)))
    document = await read(store, scope, "1")
    assert document is not None
    assert (document.version, document.data) == (12, {"n": 12})


async def test_an_effect_asked_for_by_two_processes_is_stored_by_one(
    store: FirestoreDocumentStore, peer: FirestoreDocumentStore, scope: TenantContext, clock: FixedClock
) -> None:
    due = clock.now() + timedelta(seconds=30)
    commits = [commit(by, scope, Commit(uuid4(), effects=[an_effect(scope, due_at=due)])) for by in (store, peer) * 4]
    committed = await asyncio.gather(*commits)
    assert sum(len(each.effects) for each in committed) == 1
    claimed = await asyncio.gather(claim(store, due), claim(peer, due))
    assert sum(len(each) for each in claimed) == 1


async def test_a_commit_does_not_rely_on_an_effect_that_is_claimed_meanwhile(
    api: FirestoreApi, store: FirestoreDocumentStore, scope: TenantContext, clock: FixedClock
) -> None:
    await commit(store, scope, Commit(effects=[an_effect(scope)]))
    claimed: list[StoredEffect] = []

    class ClaimedAfterItWasRead(FirestoreDocumentStore):
        async def _plan(self, scope: TenantContext, change: Commit, now: datetime) -> object:  # type: ignore[override]
            plan = await super()._plan(scope, change, now)
            claimed.extend(await claim(store, clock.now()) if not claimed else [])
            return plan

    late = await commit(ClaimedAfterItWasRead(api, SERVICE, clock), scope, Commit(uuid4(), effects=[an_effect(scope)]))
    assert len(claimed) == 1
    assert list(late.effects) == [an_effect(scope)]


async def test_other_databases_and_projects_are_others(
    firestore_emulator: str, api: FirestoreApi, store: FirestoreDocumentStore, scope: TenantContext
) -> None:
    await put(store, scope, "1", {})
    for project, database in ((f"test-{uuid4()}", "(default)"), (api.database.split("/")[1], "other")):
        async with open_api(project, database) as elsewhere:
            assert await read(FirestoreDocumentStore(elsewhere, SERVICE), scope, "1") is None


async def test_instants_keep_their_microseconds(
    store: FirestoreDocumentStore, scope: TenantContext, clock: FixedClock
) -> None:
    due = datetime(2026, 1, 1, 0, 0, 0, 123_457, tzinfo=UTC)
    await commit(store, scope, Commit(effects=[an_effect(scope, due_at=due)]))
    assert await claim(store, due - timedelta(microseconds=1)) == []
    (effect,) = await claim(store, due)
    assert effect.due_at == due
    assert isinstance(effect.scope.tenant_id, UUID)
