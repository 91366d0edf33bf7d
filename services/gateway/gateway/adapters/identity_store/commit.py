"""Storing what a transaction changed: locks in one order, a check of what was read, then the writes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import sha256
from itertools import groupby

from sqlalchemy import delete, func, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.adapters.identity_store import feed
from gateway.adapters.identity_store.engine import set_tenant
from gateway.adapters.identity_store.rows import key_value, typed
from gateway.adapters.identity_store.tables import COLLECTIONS, Collection, audit_log, documents
from gateway.adapters.identity_store.transaction import read
from pulsepoint.adapters.document_rules import EncodedWrite, Key
from pulsepoint.errors import Conflict, MalformedInput
from pulsepoint.tenancy import TenantContext

_LOCK = text("SELECT pg_advisory_xact_lock(number) FROM unnest(CAST(:numbers AS bigint[])) AS t (number)")


async def lock(connection: AsyncConnection, keys: Iterable[Key]) -> None:
    """Hold these places until the transaction ends; always in one order, so that two commits never deadlock."""
    numbers = sorted({_lock_number(key) for key in keys})
    if numbers:
        await connection.execute(_LOCK, {"numbers": numbers})


def _lock_number(key: Key) -> int:
    tenant, brand, collection, id = key
    if collection == feed.COLLECTION:
        id = ""  # one lock a brand: its entries are numbered one after the other
    name = f"{tenant}\n{'' if collection in COLLECTIONS else brand}\n{collection}\n{id}"
    return int.from_bytes(sha256(name.encode()).digest()[:8], "big", signed=True)


async def check_unchanged(connection: AsyncConnection, seen: dict[Key, int]) -> None:
    """Raise `Conflict` when anything read has another revision now."""
    for (tenant_id, brand_id), keys in groupby(sorted(seen), key=lambda key: key[:2]):
        places = [(collection, id) for _, _, collection, id in keys]
        await set_tenant(connection, tenant_id)
        documents = await read(connection, TenantContext(tenant_id, brand_id), places)
        for place in places:
            now = documents[place][0] if place in documents else 0
            if now != seen[tenant_id, brand_id, *place]:
                raise Conflict(f"{place[0]}/{place[1]} changed meanwhile")


async def store_writes(connection: AsyncConnection, writes: Sequence[EncodedWrite]) -> None:
    """Store documents and rows; leaves the connection set to the last one's tenant."""
    for encoded in writes:
        tenant_id, brand_id, collection, id = encoded.key
        await set_tenant(connection, tenant_id)
        place = COLLECTIONS.get(collection)
        if place is not None:
            await _store_row(connection, place, encoded)
        elif collection == feed.COLLECTION:
            await feed.add(connection, encoded)
        elif encoded.write.data is None:
            await connection.execute(
                delete(documents)
                .where(documents.c.brand_id == brand_id, documents.c.collection == collection)
                .where(documents.c.id == id)
            )
        else:
            await _store_document(connection, encoded)


async def _store_document(connection: AsyncConnection, encoded: EncodedWrite) -> None:
    tenant_id, brand_id, collection, id = encoded.key
    changed = {
        "data": encoded.write.data,
        "expires_at": encoded.write.expires_at,
        "revision": func.nextval("ledger.revisions"),
    }
    place = {"tenant_id": tenant_id, "brand_id": brand_id, "collection": collection, "id": id, "version": 1}
    statement = insert(documents).values(place | changed)
    await connection.execute(
        statement.on_conflict_do_update(
            index_elements=list(documents.primary_key), set_=changed | {"version": documents.c.version + 1}
        )
    )


async def _store_row(connection: AsyncConnection, place: Collection, encoded: EncodedWrite) -> None:
    tenant_id, _, _, id = encoded.key
    if encoded.write.data is None:
        raise MalformedInput(f"rows of {place.table.name} are never deleted")
    values = typed(place.table, encoded.write.data)
    values |= {"tenant_id": tenant_id, place.key: key_value(place, id)}
    statement = insert(place.table).values(values | {"version": 1})
    if place.table is audit_log:
        await connection.execute(statement.on_conflict_do_nothing())
        return
    fixed = {column.name for column in place.table.primary_key}
    changed: dict[str, object] = {name: value for name, value in values.items() if name not in fixed}
    await connection.execute(
        statement.on_conflict_do_update(
            index_elements=list(place.table.primary_key), set_=changed | {"version": place.table.c.version + 1}
        )
    )
