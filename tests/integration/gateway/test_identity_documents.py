"""The identity store is a document store like the others, and keeps typed rows besides."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from gateway.adapters.identity_store.engine import open_engine
from gateway.adapters.identity_store.store import IdentityDocumentStore
from gateway.domain.identity import AlreadyExists
from pulsepoint.adapters.memory.clock import FixedClock
from pulsepoint.errors import MalformedInput
from pulsepoint.ports.document_store import Commit, Document, Transaction, Write
from pulsepoint.tenancy import TenantContext
from tests.builders.identity_store import fresh_identity_store
from tests.contract.suites.document_store import DocumentStoreSuite, OpenStore

NOW = datetime(2026, 3, 1, tzinfo=UTC).isoformat()


@pytest.fixture(scope="module")
async def engine(server: str) -> AsyncIterator[AsyncEngine]:
    _, _, runtime = await fresh_identity_store(server)
    opened = open_engine(runtime)
    yield opened
    await opened.dispose()


@pytest.fixture(scope="module")
async def databases(server: str) -> AsyncIterator[dict[str, AsyncEngine]]:
    """Two identity stores by their superuser's DSN: one identity store belongs to one service."""
    opened: dict[str, AsyncEngine] = {}
    for _ in range(2):
        admin, _, runtime = await fresh_identity_store(server)
        opened[admin] = open_engine(runtime)
    yield opened
    for each in opened.values():
        await each.dispose()


class TestIdentityDocumentStore(DocumentStoreSuite):
    @pytest.fixture
    async def open_store(self, databases: dict[str, AsyncEngine], clock: FixedClock) -> OpenStore:
        """The first service asked for gets one identity store, any other the second; both empty."""
        for dsn in databases:
            admin = await asyncpg.connect(dsn)
            await admin.execute("TRUNCATE ledger.documents, ledger.markers, ledger.leftovers, ledger.effects")
            await admin.close()
        first, second = databases.values()
        services: list[str] = []

        def open(service: str) -> IdentityDocumentStore:
            services.append(service)
            return IdentityDocumentStore(first if service == services[0] else second, clock)

        return open


@pytest.fixture
def store(engine: AsyncEngine) -> IdentityDocumentStore:
    return IdentityDocumentStore(engine, FixedClock(datetime(2026, 3, 1, tzinfo=UTC)))


def tenant_row(tenant: UUID) -> Write:
    return Write("tenants", str(tenant), {"name": "t", "status": "active", "created_at": NOW})


def brand_row(brand: UUID, shop: str, **changes: Any) -> Write:
    row = {"name": "b", "shopify_store": shop, "currency": "GBP", "timezone": "UTC", "settings": {}, "created_at": NOW}
    return Write("brands", str(brand), {**row, **changes})


async def put(store: IdentityDocumentStore, tenant: UUID, *writes: Write) -> None:
    async def work(transaction: Transaction) -> Commit:
        return Commit(writes=writes)

    await store.transact(TenantContext(tenant), work)


async def find(store: IdentityDocumentStore, tenant: UUID, collection: str, **where: str) -> list[Document]:
    documents: list[Document] = []

    async def work(transaction: Transaction) -> Commit:
        documents.extend(await transaction.find(collection, where))
        return Commit()

    await store.transact(TenantContext(tenant), work)
    return documents


async def test_a_typed_row_is_read_as_it_was_written_and_counts_its_versions(store: IdentityDocumentStore) -> None:
    tenant, brand = uuid4(), uuid4()
    await put(store, tenant, tenant_row(tenant), brand_row(brand, f"{brand.hex}.myshopify.com", settings={"a": [1]}))
    await put(store, tenant, brand_row(brand, f"{brand.hex}.myshopify.com", name="renamed"))
    [documents] = await find(store, tenant, "brands", name="renamed")
    assert (documents.id, documents.version) == (str(brand), 2)
    assert documents.data["created_at"] == NOW
    assert documents.data["settings"] == {}


async def test_a_row_of_another_tenant_is_not_found(store: IdentityDocumentStore) -> None:
    tenant, brand = uuid4(), uuid4()
    await put(store, tenant, tenant_row(tenant), brand_row(brand, f"{brand.hex}.myshopify.com"))
    assert await find(store, uuid4(), "brands") == []


async def test_a_shop_is_named_by_one_brand_only_of_a_tenant_and_by_any_of_others(store: IdentityDocumentStore) -> None:
    first, second = uuid4(), uuid4()
    shop = f"shop-{first.hex}.myshopify.com"
    await put(store, first, tenant_row(first), brand_row(uuid4(), shop))
    await put(store, second, tenant_row(second), brand_row(uuid4(), shop))
    with pytest.raises(AlreadyExists):
        await put(store, second, tenant_row(second), brand_row(uuid4(), shop))
    assert len(await find(store, second, "brands")) == 1


async def test_rows_that_changed_since_they_were_read_make_the_work_run_again(store: IdentityDocumentStore) -> None:
    tenant, brand = uuid4(), uuid4()
    shop = f"{brand.hex}.myshopify.com"
    await put(store, tenant, tenant_row(tenant), brand_row(brand, shop))
    seen: list[str] = []

    async def work(transaction: Transaction) -> Commit:
        existing = await transaction.get("brands", str(brand))
        assert existing is not None
        seen.append(existing.data["name"])
        if len(seen) == 1:
            await put(store, tenant, brand_row(brand, shop, name="rival"))
        return Commit(writes=[brand_row(brand, shop, name=seen[-1] + "!")])

    await store.transact(TenantContext(tenant), work)
    assert seen == ["b", "rival"]
    assert (await find(store, tenant, "brands"))[0].data["name"] == "rival!"


@pytest.mark.parametrize(
    "write",
    [
        Write("brands", str(uuid4()), None),
        Write("brands", "no-uuid", {"name": "x"}),
        Write("tenants", str(uuid4()), {"wages": 1}),
    ],
)
async def test_what_a_table_cannot_hold_is_refused(store: IdentityDocumentStore, write: Write) -> None:
    with pytest.raises(MalformedInput):
        await put(store, uuid4(), write)
