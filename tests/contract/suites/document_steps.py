"""Fixtures and steps of the tests of every `DocumentStore`.

A subclass gives `open_store(service) -> DocumentStore`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import uuid4

import pytest

from pulsepoint.adapters.memory.clock import FixedClock
from pulsepoint.ports.document_store import Commit, Committed, Document, DocumentStore, StoredEffect, Transaction, Write
from pulsepoint.tenancy import TenantContext

OpenStore = Callable[[str], DocumentStore]
DEFAULT_DATA = {"channel": "ü"}


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
    results: list[Document | None] = []

    async def work(transaction: Transaction) -> Commit:
        results.append(await transaction.get(collection, id, scope=of))
        return Commit()

    await store.transact(scope, work)
    return results[-1]


async def all_orders(store: DocumentStore, scope: TenantContext) -> list[Document]:
    documents: list[Document] = []

    async def work(transaction: Transaction) -> Commit:
        documents[:] = await transaction.find("orders")
        return Commit()

    await store.transact(scope, work)
    return documents


def sole_outbox_record(committed: Committed) -> Any:
    assert committed.outbox_record is not None
    return committed.outbox_record


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


class DocumentStoreFixtures:
    """A store of a service of its own, and a tenant of one's own."""

    @pytest.fixture
    def clock(self) -> FixedClock:
        return FixedClock()

    @pytest.fixture
    def store(self, open_store: OpenStore) -> DocumentStore:
        return open_store(f"service-{uuid4()}")

    @pytest.fixture
    def scope(self) -> TenantContext:
        return new_scope()
