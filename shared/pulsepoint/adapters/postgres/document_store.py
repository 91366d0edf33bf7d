"""Documents, dedup keys, outbox records and effects of one service in PostgreSQL.

Reads are plain statements outside any transaction; a commit is one call of `kernel.commit`, which compares
what was read. Every statement names service, tenant and brand.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4
from zlib import crc32

import asyncpg
import orjson

from pulsepoint.adapters.document_rules import (
    DEDUP_KEY_LIFE,
    EncodedWrite,
    Key,
    check_commit,
    check_filters,
    conflict_pause,
    decode_facts,
    decode_messages,
    effect_order,
    encode_facts,
    encode_json,
    encode_messages,
    key_of,
    scope_within,
)
from pulsepoint.adapters.postgres.errors import postgres_errors
from pulsepoint.adapters.system_clock import SystemClock
from pulsepoint.errors import Conflict
from pulsepoint.ports.clock import Clock
from pulsepoint.ports.document_store import (
    Checksum,
    Commit,
    Committed,
    Document,
    OutboxRecord,
    StoredEffect,
    Transaction,
)
from pulsepoint.tenancy import TenantContext

# Few enough that a commit of 500 documents cannot exhaust the server's lock table, many enough to rarely collide.
LOCK_BUCKETS = 4096

READ = """
SELECT wanted.position, d.collection, d.id, d.version, d.revision, d.data
FROM unnest($4::text[], $5::text[]) WITH ORDINALITY AS wanted(collection, id, position), LATERAL (
    SELECT * FROM kernel.documents AS stored
    WHERE stored.service = $1 AND stored.tenant = $2 AND stored.brand = $3
        AND stored.collection = wanted.collection AND stored.id = wanted.id
    LIMIT 1
) AS d
"""
READ_SINGLE = """
SELECT 1::bigint AS position, d.collection, d.id, d.version, d.revision, d.data FROM kernel.documents AS d
WHERE d.service = $1 AND d.tenant = $2 AND d.brand = $3 AND d.collection = $4 AND d.id = $5
"""
FIND = """
SELECT d.collection, d.id, d.version, d.revision, d.data FROM kernel.documents AS d
WHERE d.service = $1 AND d.tenant = $2 AND d.brand = $3 AND d.collection = $4 AND d.id > $5 AND d.data @> $6::jsonb
ORDER BY d.id LIMIT $7
"""
COMMIT = f"SELECT * FROM kernel.commit({', '.join(f'${number}' for number in range(1, 34))})"
MARK_DISPATCHED = "SELECT kernel.mark_dispatched($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
# The oldest, of which one at least, as many as have so many bytes: a chunk of history has megabytes.
OUTBOX = """
SELECT id, facts, messages FROM (
    SELECT *, sum(octet_length(facts) + octet_length(messages)) OVER (ORDER BY created_at, id) AS bytes,
        row_number() OVER (ORDER BY created_at, id) AS place
    FROM kernel.leftovers WHERE service = $1 AND created_at < $2 ORDER BY created_at, id LIMIT $3
) AS oldest WHERE place = 1 OR bytes <= $4 ORDER BY place
"""
OUTBOX_BYTES = 16_000_000
FORGET = (
    "DELETE FROM kernel.documents WHERE service = $1 AND tenant = $2 AND brand = $3",
    "DELETE FROM kernel.effects WHERE service = $1 AND tenant = $2 AND brand = $3 AND NOT running",
)
EXPIRE = """
WITH documents AS (DELETE FROM kernel.documents WHERE service = $1 AND expires_at <= $2 RETURNING 1),
    markers AS (DELETE FROM kernel.markers WHERE service = $1 AND expires_at <= $2 RETURNING 1)
SELECT (SELECT count(*) FROM documents) + (SELECT count(*) FROM markers)
"""


class PostgresDocumentStore:
    """One service's documents; commits are durable when `transact` returns."""

    keeps_checksums = True

    def __init__(self, pool: asyncpg.Pool, service: str, clock: Clock | None = None) -> None:
        self.service = service
        self._pool = pool
        self._clock = clock or SystemClock()

    async def transact(
        self, scope: TenantContext, work: Callable[[Transaction], Awaitable[Commit]], *, attempts: int = 8
    ) -> Committed:
        """See `DocumentStore.transact`."""
        for failures in range(attempts):
            if failures:
                await asyncio.sleep(conflict_pause(failures))
            transaction = _PostgresTransaction(self, scope)
            commit = await work(transaction)
            try:
                committed = await self._commit(scope, commit, transaction.seen)
            except Conflict:
                continue
            if committed is not None:
                return committed
        raise Conflict(f"{self.service}: still in conflict after {attempts} attempts")

    async def _commit(self, scope: TenantContext, commit: Commit, seen: dict[Key, int]) -> Committed | None:
        writes = check_commit(scope, commit)
        if not (
            writes or commit.dedup_key or commit.facts or commit.messages or commit.effects or commit.finished_effect
        ):
            return Committed(duplicate=False)
        # In one fixed order, so that two commits never wait for each other.
        effects = sorted(commit.effects, key=effect_order)
        outbox_record = None
        if commit.facts or commit.messages:
            outbox_record = OutboxRecord(commit.dedup_key or uuid4(), commit.facts, commit.messages)
        now = self._clock.now()
        row = await self.fetchrow(
            COMMIT,
            *(self.service, scope.tenant_id, commit.dedup_key, now, now + DEDUP_KEY_LIFE),
            *self._locks(writes, seen),
            *(*_columns(list(seen), 4), list(seen.values())),
            *_written(writes),
            *_stored_outbox_record(outbox_record),
            *_stored_effects(effects),
            *_finished(commit.finished_effect),
        )
        if row["outcome"] == "conflict":
            return None
        if row["outcome"] == "duplicate":
            assert commit.dedup_key is not None
            return Committed(True, _outbox_record(commit.dedup_key, row["facts"], row["messages"]))
        stored = tuple(effects[position - 1] for position in row["stored"] or ())
        return Committed(False, outbox_record, stored)

    def _locks(self, writes: Sequence[EncodedWrite], seen: dict[Key, int]) -> tuple[list[int], list[bool]]:
        exclusive = {self._bucket(key): False for key in seen}
        exclusive |= {self._bucket(write.key): True for write in writes}
        buckets = sorted(exclusive)
        return buckets, [exclusive[bucket] for bucket in buckets]

    def _bucket(self, key: Key) -> int:
        return crc32(f"{self.service}/{key[0].hex}/{key[1].hex}/{key[2]}/{key[3]}".encode()) % LOCK_BUCKETS

    async def mark_dispatched(self, records: Mapping[UUID, Sequence[Checksum]]) -> None:
        """See `DocumentStore.mark_dispatched`."""
        if not records:
            return
        rows = [
            (id, each.scope.tenant_id, each.scope.brand_id, each.hour, each.table, each.rows, str(each.total))
            for id, checksums in records.items()
            for each in checksums
        ]
        added_on = self._clock.now().astimezone(UTC).date()
        await self.fetch(MARK_DISPATCHED, self.service, list(records), added_on, *_columns(rows, 7))

    async def outbox_records(self, *, older_than: datetime, limit: int = 100) -> list[OutboxRecord]:
        """See `DocumentStore.outbox_records`."""
        rows = await self.fetch(OUTBOX, self.service, older_than, limit, OUTBOX_BYTES)
        return [record for row in rows if (record := _outbox_record(row["id"], row["facts"], row["messages"]))]

    async def claim_due_effects(self, now: datetime, *, lease_seconds: float, limit: int = 32) -> list[StoredEffect]:
        """See `DocumentStore.claim_due_effects`."""
        until = now + timedelta(seconds=lease_seconds)
        rows = await self.fetch("SELECT * FROM kernel.claim_effects($1, $2, $3, $4)", self.service, now, until, limit)
        claimed = [_effect(row) for row in rows]
        return sorted(claimed, key=lambda effect: (effect.due_at, effect_order(effect)))

    async def postpone_effect(self, effect: StoredEffect, due_at: datetime) -> None:
        """See `DocumentStore.postpone_effect`."""
        await self.fetch(
            "SELECT kernel.postpone_effect($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            *(self.service, *effect_order(effect), due_at, effect.attempts + 1),
            *(encode_json(effect.data, f"effect {effect.kind}").decode(), list(effect.causes)),
        )

    async def forget_brand(self, scope: TenantContext) -> None:
        """See `DocumentStore.forget_brand`."""
        for statement in FORGET:
            await self.fetch(statement, self.service, scope.tenant_id, scope.brand_id)

    async def expire(self, now: datetime) -> int:
        """See `DocumentStore.expire`."""
        return int((await self.fetchrow(EXPIRE, self.service, now))[0])

    async def fetch(self, statement: str, *arguments: object) -> list[asyncpg.Record]:
        """Rows of one statement; raises our errors."""
        with postgres_errors():
            return list(await self._pool.fetch(statement, *arguments))

    async def fetchrow(self, statement: str, *arguments: object) -> asyncpg.Record:
        """The one row of a statement that always has one; raises our errors."""
        with postgres_errors():
            row = await self._pool.fetchrow(statement, *arguments)
        assert row is not None
        return row


@dataclass(slots=True)
class _PostgresTransaction:
    """Remembers the revision of everything read."""

    store: PostgresDocumentStore
    scope: TenantContext
    seen: dict[Key, int]

    def __init__(self, store: PostgresDocumentStore, scope: TenantContext) -> None:
        self.store = store
        self.scope = scope
        self.seen = {}

    async def get(self, collection: str, id: str, *, scope: TenantContext | None = None) -> Document | None:
        """See `Transaction.get`."""
        return (await self.get_many([(collection, id)], scope=scope))[0]

    async def get_many(
        self, keys: Sequence[tuple[str, str]], *, scope: TenantContext | None = None
    ) -> list[Document | None]:
        """See `Transaction.get_many`."""
        if not keys:
            return []
        within = scope_within(self.scope, scope)
        full_keys = [key_of(within, collection, id) for collection, id in keys]
        owner = (self.store.service, within.tenant_id, within.brand_id)
        if len(full_keys) == 1:
            rows = await self.store.fetch(READ_SINGLE, *owner, *keys[0])
        else:
            rows = await self.store.fetch(READ, *owner, *_columns(list(keys), 2))
        documents: list[Document | None] = [None] * len(full_keys)
        revisions = [0] * len(full_keys)
        for row in rows:
            documents[row["position"] - 1] = _document(row)
            revisions[row["position"] - 1] = row["revision"]
        for key, revision in zip(full_keys, revisions, strict=True):
            self.seen.setdefault(key, revision)
        return documents

    async def find(
        self, collection: str, where: dict[str, str] | None = None, *, limit: int = 1000, after: str = ""
    ) -> list[Document]:
        """See `Transaction.find`."""
        check_filters(where or ())
        owner = (self.store.service, self.scope.tenant_id, self.scope.brand_id)
        condition = encode_json(where or {}, "a condition").decode()
        rows = await self.store.fetch(FIND, *owner, collection, after, condition, limit)
        for row in rows:
            self.seen.setdefault(key_of(self.scope, row["collection"], row["id"]), row["revision"])
        return [_document(row) for row in rows]


def _columns(rows: Sequence[tuple[object, ...]], width: int) -> list[list[object]]:
    """Rows turned into `width` arrays, as unnest takes them."""
    return [[row[place] for row in rows] for place in range(width)]


def _written(writes: Sequence[EncodedWrite]) -> list[list[object]]:
    rows = [(*write.key, write.data.decode() if write.data else None, write.write.expires_at) for write in writes]
    return _columns(rows, 6)


def _stored_outbox_record(outbox_record: OutboxRecord | None) -> tuple[UUID | None, bytes | None, bytes | None]:
    if outbox_record is None:
        return (None, None, None)
    return (outbox_record.id, encode_facts(outbox_record.facts), encode_messages(outbox_record.messages))


def _stored_effects(effects: Sequence[StoredEffect]) -> list[list[object]]:
    rows = [
        (
            *effect_order(effect),
            effect.due_at,
            encode_json(effect.data, f"effect {effect.kind}").decode(),
            orjson.dumps(effect.causes).decode(),
        )
        for effect in effects
    ]
    return _columns(rows, 7)


def _finished(effect: StoredEffect | None) -> tuple[object, ...]:
    return (None,) * 5 if effect is None else (*effect_order(effect), effect.due_at)


def _document(row: asyncpg.Record) -> Document:
    return Document(row["collection"], row["id"], row["version"], orjson.loads(row["data"]))


def _outbox_record(id: UUID, facts: bytes | None, messages: bytes | None) -> OutboxRecord | None:
    if facts is None or messages is None:
        return None
    return OutboxRecord(id, decode_facts(facts), decode_messages(messages))


def _effect(row: asyncpg.Record) -> StoredEffect:
    return StoredEffect(
        TenantContext(row["tenant"], row["brand"]),
        row["kind"],
        row["key"],
        row["due_at"],
        orjson.loads(row["data"]),
        tuple(row["causes"]),
        row["attempts"],
    )
