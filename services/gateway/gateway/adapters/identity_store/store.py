"""The gateway's document store: typed identity store tables, and plain documents for the runtime's own records.

Reads are optimistic: what was read is locked and checked at commit, in one order, so commits that share a row
queue up and the later one runs again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from asyncpg.exceptions import DeadlockDetectedError, SerializationError, UniqueViolationError
from sqlalchemy import delete, false, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from gateway.adapters.identity_store import effects
from gateway.adapters.identity_store.commit import check_unchanged, lock, store_writes
from gateway.adapters.identity_store.engine import set_tenant, tenant_transaction, untenanted
from gateway.adapters.identity_store.tables import (
    brands,
    dedup_keys,
    documents,
    feed,
    integrations,
    outbox_records,
    quarantined_messages,
)
from gateway.adapters.identity_store.tables import effects as effect_rows
from gateway.adapters.identity_store.transaction import IdentityTransaction
from gateway.domain.identity import AlreadyExists
from pulsepoint.adapters.document_rules import (
    DEDUP_KEY_LIFE,
    check_commit,
    conflict_pause,
    decode_facts,
    decode_messages,
    encode_facts,
    encode_messages,
)
from pulsepoint.errors import Conflict
from pulsepoint.ports.clock import Clock
from pulsepoint.ports.document_store import Checksum, Commit, Committed, OutboxRecord, StoredEffect, Transaction
from pulsepoint.tenancy import TenantContext

BRAND_TABLES = (quarantined_messages, feed, documents, effect_rows, integrations, brands)
"""Rows of a brand, in an order in which they can be deleted."""
_OUTBOX_RECORD = (outbox_records.c.id, outbox_records.c.facts, outbox_records.c.messages)


class IdentityDocumentStore:
    """See `DocumentStore`; raises `AlreadyExists` where a unique column is taken."""

    keeps_checksums = False

    def __init__(self, engine: AsyncEngine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock

    async def transact(
        self, scope: TenantContext, work: Callable[[Transaction], Awaitable[Commit]], *, attempts: int = 8
    ) -> Committed:
        """See `DocumentStore.transact`."""
        for failures in range(attempts):
            if failures:
                await asyncio.sleep(conflict_pause(failures))
            try:
                return await self._attempt(scope, work)
            except Conflict:
                continue
            except DBAPIError as error:
                if not _may_succeed_again(error):
                    raise _translated(error) from error
        raise Conflict(f"the identity store: still in conflict after {attempts} attempts")

    async def _attempt(self, scope: TenantContext, work: Callable[[Transaction], Awaitable[Commit]]) -> Committed:
        async with tenant_transaction(self._engine, scope) as connection:
            transaction = IdentityTransaction(scope, connection)
            commit = await work(transaction)
            writes = check_commit(scope, commit)
            if commit.dedup_key is not None and not await self._mark(connection, scope, commit.dedup_key):
                if commit.finished_effect is not None:
                    await effects.finish(connection, commit.finished_effect)
                return Committed(duplicate=True, outbox_record=await _outbox_record_of(connection, commit.dedup_key))
            if commit != Commit(dedup_key=commit.dedup_key):
                await lock(connection, {*transaction.seen, *(write.key for write in writes)})
                await check_unchanged(connection, transaction.seen)
            await store_writes(connection, writes)
            if commit.finished_effect is not None:
                await effects.finish(connection, commit.finished_effect)
            fresh = await effects.store(connection, commit.effects)
            return Committed(False, await self._leave(connection, scope, commit), tuple(fresh))

    async def _mark(self, connection: AsyncConnection, scope: TenantContext, dedup_key: UUID) -> bool:
        """Store the dedup key; True when it is new. waits for another transaction that is storing the same one."""
        row = {"tenant_id": scope.tenant_id, "id": dedup_key, "expires_at": self._clock.now() + DEDUP_KEY_LIFE}
        stored = await connection.execute(
            insert(dedup_keys).values(row).on_conflict_do_nothing().returning(dedup_keys.c.id)
        )
        return stored.first() is not None

    async def _leave(self, connection: AsyncConnection, scope: TenantContext, commit: Commit) -> OutboxRecord | None:
        if not commit.facts and not commit.messages:
            return None
        id = commit.dedup_key or uuid4()
        await set_tenant(connection, scope.tenant_id)
        row = {
            "tenant_id": scope.tenant_id,
            "id": id,
            "facts": encode_facts(commit.facts),
            "messages": encode_messages(commit.messages),
            "committed_at": self._clock.now(),
        }
        await connection.execute(insert(outbox_records).values(row))
        return OutboxRecord(id, commit.facts, commit.messages)

    async def mark_dispatched(self, records: Mapping[UUID, Sequence[Checksum]]) -> None:
        """See `DocumentStore.mark_dispatched`."""
        async with untenanted(self._engine) as connection:
            await connection.execute(text("SELECT ledger.sweep_settle(CAST(:ids AS uuid[]))"), {"ids": list(records)})

    async def outbox_records(self, *, older_than: datetime, limit: int = 100) -> list[OutboxRecord]:
        """See `DocumentStore.outbox_records`."""
        swept = func.ledger.sweep_leftovers(older_than, limit).table_valued(*_OUTBOX_RECORD)
        async with untenanted(self._engine) as connection:
            rows = await connection.execute(select(swept))
            return [_outbox_record(row.id, row.facts, row.messages) for row in rows]

    async def claim_due_effects(self, now: datetime, *, lease_seconds: float, limit: int = 32) -> list[StoredEffect]:
        """See `DocumentStore.claim_due_effects`."""
        async with untenanted(self._engine) as connection:
            return await effects.claim(connection, now, timedelta(seconds=lease_seconds), limit)

    async def postpone_effect(self, effect: StoredEffect, due_at: datetime) -> None:
        """See `DocumentStore.postpone_effect`."""
        async with tenant_transaction(self._engine, effect.scope) as connection:
            await effects.postpone(connection, effect, due_at)

    async def forget_brand(self, scope: TenantContext) -> None:
        """See `DocumentStore.forget_brand`: its rows too, but the audit log's."""
        async with tenant_transaction(self._engine, scope) as connection:
            for table in BRAND_TABLES:
                own = table.c.brand_id == scope.brand_id
                kept = table.c.running if table is effect_rows else false()
                await connection.execute(delete(table).where(own, ~kept))

    async def expire(self, now: datetime) -> int:
        """See `DocumentStore.expire`."""
        async with untenanted(self._engine) as connection:
            dropped = await connection.execute(select(func.ledger.sweep_expired(now)))
            return int(dropped.scalar_one())


async def _outbox_record_of(connection: AsyncConnection, dedup_key: UUID) -> OutboxRecord | None:
    row = (await connection.execute(select(*_OUTBOX_RECORD).where(outbox_records.c.id == dedup_key))).first()
    return None if row is None else _outbox_record(row.id, row.facts, row.messages)


def _outbox_record(id: UUID, facts: bytes, messages: bytes) -> OutboxRecord:
    return OutboxRecord(id, decode_facts(facts), decode_messages(messages))


_TAKEN = {
    "brands_shopify_store_key": "A brand of yours has this shop already; a shop belongs to one brand.",
    "users_email_key": "A person has this e-mail address already.",
}


def _may_succeed_again(error: DBAPIError) -> bool:
    return isinstance(_cause(error), DeadlockDetectedError | SerializationError)


def _translated(error: DBAPIError) -> Exception:
    cause = _cause(error)
    if isinstance(cause, UniqueViolationError):
        return AlreadyExists(_TAKEN.get(str(cause.constraint_name), "Another row has this value already."))
    return error


def _cause(error: DBAPIError) -> BaseException | None:
    return error.orig.__cause__ if error.orig is not None else None
