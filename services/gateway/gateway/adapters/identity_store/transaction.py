"""A handler's reads of the identity store: one tenant's rows, remembered so that the commit can check them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import Text, cast, select
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.adapters.identity_store.engine import set_tenant
from gateway.adapters.identity_store.rows import document_of, key_value
from gateway.adapters.identity_store.tables import COLLECTIONS, documents
from pulsepoint.adapters.document_rules import Key, check_filters, key_of, scope_within
from pulsepoint.ports.document_store import Document
from pulsepoint.tenancy import TenantContext


@dataclass(slots=True)
class IdentityTransaction:
    """See `Transaction`; typed rows belong to the whole tenant, documents to a brand.

    `seen` maps what was read to the revision it had (0: absent).
    """

    scope: TenantContext
    connection: AsyncConnection
    seen: dict[Key, int] = field(default_factory=dict)

    async def get(self, collection: str, id: str, *, scope: TenantContext | None = None) -> Document | None:
        """See `Transaction.get`."""
        return (await self.get_many([(collection, id)], scope=scope))[0]

    async def get_many(
        self, places: Sequence[tuple[str, str]], *, scope: TenantContext | None = None
    ) -> list[Document | None]:
        """See `Transaction.get_many`; one round trip a collection."""
        owner = scope_within(self.scope, scope)
        keys = [key_of(owner, collection, id) for collection, id in places]
        if owner.tenant_id != self.scope.tenant_id:
            await set_tenant(self.connection, owner.tenant_id)
        documents = await read(self.connection, owner, places)
        if owner.tenant_id != self.scope.tenant_id:
            await set_tenant(self.connection, self.scope.tenant_id)
        for key, place in zip(keys, places, strict=True):
            self.seen.setdefault(key, documents[place][0] if place in documents else 0)
        return [documents[place][1] if place in documents else None for place in places]

    async def find(
        self, collection: str, where: dict[str, str] | None = None, *, limit: int = 1000, after: str = ""
    ) -> list[Document]:
        """See `Transaction.find`."""
        if collection in COLLECTIONS:
            return await self._find_rows(collection, where or {}, limit, after)
        check_filters(where or ())
        statement = (
            select(documents.c.id, documents.c.version, documents.c.revision, documents.c.data)
            .where(documents.c.brand_id == self.scope.brand_id, documents.c.collection == collection)
            .where(documents.c.id > after)
            .order_by(documents.c.id)
            .limit(limit)
        )
        if where:
            statement = statement.where(documents.c.data.contains(where))
        rows = (await self.connection.execute(statement)).all()
        for row in rows:
            self.seen.setdefault(key_of(self.scope, collection, row.id), row.revision)
        return [Document(collection, row.id, row.version, row.data) for row in rows]

    async def _find_rows(self, collection: str, where: dict[str, str], limit: int, after: str) -> list[Document]:
        place = COLLECTIONS[collection]
        key = cast(place.table.c[place.key], Text).collate("C")
        statement = select(place.table).where(key > after).order_by(key).limit(limit)
        for name, value in where.items():
            statement = statement.where(cast(place.table.c[name], Text) == value)
        rows = (await self.connection.execute(statement)).mappings().all()
        documents = [Document(collection, str(row[place.key]), row["version"], document_of(dict(row))) for row in rows]
        for document in documents:
            self.seen.setdefault(key_of(self.scope, collection, document.id), document.version)
        return documents


ByPlace = dict[tuple[str, str], tuple[int, Document]]
"""(collection, id) -> (revision, document)"""


async def read(connection: AsyncConnection, owner: TenantContext, places: Sequence[tuple[str, str]]) -> ByPlace:
    """The documents of a scope that are there; the connection must be set to the scope's tenant."""
    by_collection: dict[str, list[str]] = {}
    for collection, id in places:
        by_collection.setdefault(collection, []).append(id)
    documents: ByPlace = {}
    for collection, ids in by_collection.items():
        for revision, document in await _read(connection, owner, collection, ids):
            documents[collection, document.id] = (revision, document)
    return documents


async def _read(
    connection: AsyncConnection, owner: TenantContext, collection: str, ids: Sequence[str]
) -> list[tuple[int, Document]]:
    place = COLLECTIONS.get(collection)
    if place is None:
        rows = await connection.execute(
            select(documents.c.id, documents.c.version, documents.c.revision, documents.c.data)
            .where(documents.c.brand_id == owner.brand_id)
            .where(documents.c.collection == collection, documents.c.id.in_(ids))
        )
        return [(row.revision, Document(collection, row.id, row.version, row.data)) for row in rows]
    key = place.table.c[place.key]
    typed_rows = await connection.execute(select(place.table).where(key.in_([key_value(place, id) for id in ids])))
    return [
        (row["version"], Document(collection, str(row[place.key]), row["version"], document_of(dict(row))))
        for row in typed_rows.mappings()
    ]
