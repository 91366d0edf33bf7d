"""The emulator answers any query, Google only those that have an index: each query's index is derived here."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from uuid import uuid4

import pytest
import pytest_asyncio
from google.cloud.firestore_v1.types import Document, StructuredQuery

from pulsepoint.adapters.firestore import queries
from pulsepoint.adapters.firestore.api import FirestoreApi, open_api
from pulsepoint.adapters.firestore.document_store import FirestoreDocumentStore
from pulsepoint.adapters.firestore.indexes import FIELDS, INDEXES, CompositeIndex, FieldConfiguration, Scope
from pulsepoint.adapters.memory.clock import FixedClock
from pulsepoint.events.envelope import Message
from pulsepoint.ports.document_store import FILTERS, Commit, Transaction, Write
from tests.contract.suites.document_steps import an_effect, claim, commit, new_scope

Filter = StructuredQuery.FieldFilter
EQUALITIES = (Filter.Operator.EQUAL, Filter.Operator.IN)


@dataclass(frozen=True, slots=True)
class RecordingApi(FirestoreApi):
    """Keeps every query that is sent."""

    queries: list[StructuredQuery] = field(default_factory=list)

    async def query(self, parent: str, query: StructuredQuery) -> list[Document]:
        self.queries.append(query)
        return await FirestoreApi.query(self, parent, query)


@pytest_asyncio.fixture
async def api(firestore_emulator: str) -> AsyncIterator[RecordingApi]:
    async with open_api(f"test-{uuid4()}") as api:
        yield RecordingApi(api.client, api.database, api.metadata)


def needed(query: StructuredQuery) -> list[CompositeIndex | FieldConfiguration]:
    """The indexes that must be declared for a query to be answered.

    By name alone: nothing. Equalities alone, by name: a single-field index of each, merged. A range or another order
    with an equality: one index of both, equalities first.
    https://cloud.google.com/firestore/docs/concepts/index-overview#taking_advantage_of_index_merging
    """
    (source,) = query.from_
    group = source.collection_id
    scope: Scope = "COLLECTION_GROUP" if source.all_descendants else "COLLECTION"
    given = query.where.composite_filter.filters or ([query.where] if query.where else [])
    filters = [each.field_filter for each in given]
    equal = [each.field.field_path for each in filters if each.op in EQUALITIES]
    ranges = [each.field.field_path for each in filters if each.op not in EQUALITIES]
    ordered = [each.field.field_path for each in query.order_by if each.field.field_path != "__name__"]
    assert all(each.direction == StructuredQuery.Direction.ASCENDING for each in query.order_by)
    assert set(ranges) <= set(ordered[:1])
    if ordered:
        assert len(ordered) == 1
        return [CompositeIndex(group, (*equal, *ordered), scope)]
    return [FieldConfiguration(group, name, ascending=scope) for name in equal]


def missing(query: StructuredQuery) -> list[CompositeIndex | FieldConfiguration]:
    declared = {*INDEXES, *FIELDS}
    return [each for each in needed(query) if each not in declared]


async def use_all(store: FirestoreDocumentStore, clock: FixedClock) -> None:
    scope, dedup_key = new_scope(), uuid4()

    async def finds(transaction: Transaction) -> Commit:
        await transaction.find("orders")
        await transaction.find("orders", limit=1, after="1")
        await transaction.find("orders", dict.fromkeys(FILTERS, "x"), after="1")
        for name in FILTERS:
            await transaction.find("orders", {name: "x"})
        return Commit()

    writes = [Write("orders", "1", {}, expires_at=clock.now())]
    await commit(
        store, scope, Commit(dedup_key, writes, messages=[Message("orders", b"", {})], effects=[an_effect(scope)])
    )
    await store.transact(scope, finds)
    await store.outbox_records(older_than=clock.now() + timedelta(1))
    await claim(store)
    await store.postpone_effect(an_effect(scope), clock.now())
    await store.mark_dispatched({dedup_key: ()})
    await store.expire(clock.now())


async def test_every_query_has_its_index_and_every_index_its_query(api: RecordingApi) -> None:
    clock = FixedClock()
    await use_all(FirestoreDocumentStore(api, "attribution", clock), clock)
    assert [missing(query) for query in api.queries if missing(query)] == []
    used = {each for query in api.queries for each in needed(query)}
    assert used == {*INDEXES, *(each for each in FIELDS if each.ascending)}


def test_nothing_is_indexed_that_is_not_asked_for() -> None:
    groups = {index.collection for index in INDEXES}
    assert {each.collection for each in FIELDS if each.field == "*" and each.ascending is None} == groups
    assert all(each.ascending is None for each in FIELDS if each.expires)


@pytest.mark.parametrize("index", INDEXES, ids=lambda index: f"{index.collection}.{index.fields[-1]}")
def test_no_index_grows_at_its_end_alone(index: CompositeIndex) -> None:
    """Times only grow: what stands before them spreads the writes."""
    assert index.fields[0] in ("shard", "service")
    assert len(index.fields) == 2


def test_a_query_without_its_index_would_be_told() -> None:
    query = queries.waking_effects("attribution", FixedClock().now(), 1)
    assert missing(query) == []
    other = replace(INDEXES[-1], fields=("service", "kind"))
    assert other not in INDEXES
    query.where = query.where.composite_filter.filters[0]
    query.order_by[0].field.field_path = "kind"
    assert missing(query) == [other]
