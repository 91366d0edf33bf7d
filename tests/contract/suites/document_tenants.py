"""Whose documents are whose."""

from __future__ import annotations

from uuid import uuid4

import pytest

from pulsepoint.errors import AccessDenied
from pulsepoint.ports.document_store import (
    Commit,
    Document,
    DocumentStore,
    FactRow,
    Transaction,
    Write,
)
from pulsepoint.tenancy import SYSTEM, TenantContext
from tests.contract.suites.document_steps import (
    DocumentStoreFixtures,
    OpenStore,
    all_orders,
    an_effect,
    commit,
    new_scope,
    put,
    read,
)


class DocumentTenantsSuite(DocumentStoreFixtures):
    """No tenant sees or changes what is another's; the system reaches all."""

    async def test_documents_of_other_tenants_brands_and_services_are_absent(
        self, store: DocumentStore, open_store: OpenStore, scope: TenantContext
    ) -> None:
        await put(store, scope, "1", {"mine": True})
        sibling = TenantContext(scope.tenant_id, uuid4())
        unmatched = TenantContext(uuid4(), scope.brand_id)
        for other in (sibling, unmatched):
            assert await read(store, other, "1") is None
            assert await all_orders(store, other) == []
            await put(store, other, "1", {"mine": False})
            await put(store, other, "1", None)
        assert await read(open_store(f"other-{uuid4()}"), scope, "1") is None
        assert await read(store, scope, "1") == Document("orders", "1", 1, {"mine": True})

    async def test_a_forgotten_brand_has_nothing_and_others_keep_theirs(
        self, store: DocumentStore, open_store: OpenStore, scope: TenantContext
    ) -> None:
        sibling, service = TenantContext(scope.tenant_id, uuid4()), open_store(f"other-{uuid4()}")
        for owner in (scope, sibling):
            await put(store, owner, "1", {"a": 1})
        await put(service, scope, "1", {"a": 1})
        for _ in range(2):
            await store.forget_brand(scope)
        assert await read(store, scope, "1") is None
        assert await read(store, sibling, "1") is not None
        assert await read(service, scope, "1") is not None
        await put(store, scope, "1", {"a": 2})
        assert await read(store, scope, "1") == Document("orders", "1", 1, {"a": 2})

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
