"""Documents, dedup keys, outbox records and effects of one service in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import orjson

from pulsepoint.adapters.document_rules import (
    CLOSING,
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
    with_causes,
)
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
from pulsepoint.values import JsonObject

EffectKey = tuple[UUID, UUID, str, str]


@dataclass(frozen=True, slots=True)
class _Stored:
    """`revision` never repeats, so a document deleted and made anew is told from the old one."""

    version: int
    revision: int
    data: bytes
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class _StoredOutboxRecord:
    created_at: datetime
    facts: bytes
    messages: bytes


class MemoryDocumentStore:
    """Reads and commits as PostgreSQL does; everything is lost with the object."""

    keeps_checksums = False

    def __init__(self, service: str, clock: Clock | None = None) -> None:
        self.service = service
        self._clock = clock or SystemClock()
        self._documents: dict[Key, _Stored] = {}
        self._dedup_keys: dict[tuple[UUID, UUID], datetime] = {}
        self._outbox: dict[tuple[UUID, UUID], _StoredOutboxRecord] = {}
        self._pending: dict[EffectKey, StoredEffect] = {}
        self._running: dict[EffectKey, tuple[StoredEffect, datetime]] = {}
        self._revision = 0

    async def transact(
        self, scope: TenantContext, work: Callable[[Transaction], Awaitable[Commit]], *, attempts: int = 8
    ) -> Committed:
        """See `DocumentStore.transact`."""
        for failures in range(attempts):
            if failures:
                await asyncio.sleep(conflict_pause(failures))
            transaction = _MemoryTransaction(self, scope)
            commit = await work(transaction)
            committed = self._commit(scope, commit, transaction.seen)
            if committed is not None:
                return committed
        raise Conflict(f"{self.service}: still in conflict after {attempts} attempts")

    def _commit(self, scope: TenantContext, commit: Commit, seen: dict[Key, int]) -> Committed | None:
        writes = check_commit(scope, commit)
        effects = {effect_order(effect): _as_json(effect) for effect in reversed(commit.effects)}
        outbox_record = _StoredOutboxRecord(
            self._clock.now(), encode_facts(commit.facts), encode_messages(commit.messages)
        )
        if any(self._revision_of(key) != revision for key, revision in seen.items()):
            return None
        if commit.dedup_key is not None:
            if (scope.tenant_id, commit.dedup_key) in self._dedup_keys:
                self._finish(commit.finished_effect)
                return Committed(duplicate=True, outbox_record=self._outbox_record((scope.tenant_id, commit.dedup_key)))
            self._dedup_keys[scope.tenant_id, commit.dedup_key] = self._clock.now() + DEDUP_KEY_LIFE
        for write in writes:
            self._write(write)
        self._finish(commit.finished_effect)
        fresh = {key: effect for key, effect in effects.items() if key not in self._pending}
        for key in effects.keys() & self._pending.keys():
            self._pending[key] = with_causes(self._pending[key], effects[key].causes)
        self._pending |= fresh
        if not commit.facts and not commit.messages:
            return Committed(duplicate=False, effects=tuple(fresh.values()))
        identity = commit.dedup_key or uuid4()
        self._outbox[scope.tenant_id, identity] = outbox_record
        return Committed(False, OutboxRecord(identity, commit.facts, commit.messages), tuple(fresh.values()))

    def _revision_of(self, key: Key) -> int:
        stored = self._documents.get(key)
        return stored.revision if stored else 0

    def _write(self, write: EncodedWrite) -> None:
        before = self._documents.get(write.key)
        if write.data is None:
            self._documents.pop(write.key, None)
            return
        self._revision += 1
        version = before.version + 1 if before else 1
        self._documents[write.key] = _Stored(version, self._revision, write.data, write.write.expires_at)

    def _finish(self, effect: StoredEffect | None) -> None:
        if effect is None:
            return
        key = effect_order(effect)
        if self._running.pop(key, None) is not None:
            return
        pending = self._pending.get(key)
        if pending is not None and pending.due_at == effect.due_at:
            del self._pending[key]

    def _outbox_record(self, key: tuple[UUID, UUID]) -> OutboxRecord | None:
        stored = self._outbox.get(key)
        return OutboxRecord(key[1], decode_facts(stored.facts), decode_messages(stored.messages)) if stored else None

    async def mark_dispatched(self, records: Mapping[UUID, Sequence[Checksum]]) -> None:
        """See `DocumentStore.mark_dispatched`."""
        for key in [key for key in self._outbox if key[1] in records]:
            del self._outbox[key]

    async def outbox_records(self, *, older_than: datetime, limit: int = 100) -> list[OutboxRecord]:
        """See `DocumentStore.outbox_records`."""
        old = sorted((stored.created_at, key) for key, stored in self._outbox.items() if stored.created_at < older_than)
        return [record for _, key in old[:limit] if (record := self._outbox_record(key))]

    async def claim_due_effects(self, now: datetime, *, lease_seconds: float, limit: int = 32) -> list[StoredEffect]:
        """See `DocumentStore.claim_due_effects`."""
        closing = now + CLOSING
        expired = [effect for effect, until in self._running.values() if until <= now]
        pending = [
            effect for key, effect in self._pending.items() if effect.due_at <= closing and key not in self._running
        ]
        claimed = sorted(expired + pending, key=lambda effect: (effect.due_at, effect_order(effect)))[:limit]
        for effect in claimed:
            key = effect_order(effect)
            if key not in self._running:
                del self._pending[key]
            until = now + timedelta(seconds=lease_seconds) if effect.due_at <= now else effect.due_at
            self._running[key] = (effect, until)
        return [effect for effect in claimed if effect.due_at <= now]

    async def postpone_effect(self, effect: StoredEffect, due_at: datetime) -> None:
        """See `DocumentStore.postpone_effect`."""
        key = effect_order(effect)
        self._running.pop(key, None)
        newer = self._pending.get(key, effect)
        self._pending[key] = replace(newer, due_at=due_at, attempts=effect.attempts + 1)

    async def forget_brand(self, scope: TenantContext) -> None:
        """See `DocumentStore.forget_brand`."""
        own = (scope.tenant_id, scope.brand_id)
        self._documents = {key: stored for key, stored in self._documents.items() if key[:2] != own}
        self._pending = {key: effect for key, effect in self._pending.items() if key[:2] != own}

    async def expire(self, now: datetime) -> int:
        """See `DocumentStore.expire`."""
        documents = [key for key, stored in self._documents.items() if stored.expires_at and stored.expires_at <= now]
        dedup_keys = [key for key, expires_at in self._dedup_keys.items() if expires_at <= now]
        for key in documents:
            del self._documents[key]
        for dedup_key in dedup_keys:
            del self._dedup_keys[dedup_key]
        return len(documents) + len(dedup_keys)


class _MemoryTransaction:
    """Remembers the revision of everything read."""

    def __init__(self, store: MemoryDocumentStore, scope: TenantContext) -> None:
        self.scope = scope
        self.seen: dict[Key, int] = {}
        self._store = store

    async def get(self, collection: str, id: str, *, scope: TenantContext | None = None) -> Document | None:
        """See `Transaction.get`."""
        return (await self.get_many([(collection, id)], scope=scope))[0]

    async def get_many(
        self, keys: Sequence[tuple[str, str]], *, scope: TenantContext | None = None
    ) -> list[Document | None]:
        """See `Transaction.get_many`."""
        within = scope_within(self.scope, scope)
        return [self._read(key_of(within, collection, id)) for collection, id in keys]

    async def find(
        self, collection: str, where: dict[str, str] | None = None, *, limit: int = 1000, after: str = ""
    ) -> list[Document]:
        """See `Transaction.find`."""
        check_filters(where or ())
        prefix = (self.scope.tenant_id, self.scope.brand_id, collection)
        keys = sorted(key for key in self._store._documents if key[:3] == prefix and key[3] > after)
        conditions = (where or {}).items()
        documents: list[Document] = []
        for key in keys:
            data = orjson.loads(self._store._documents[key].data)
            if len(documents) < limit and all(data.get(name) == value for name, value in conditions):
                document = self._read(key)
                assert document is not None
                documents.append(document)
        return documents

    def _read(self, key: Key) -> Document | None:
        stored = self._store._documents.get(key)
        self.seen.setdefault(key, stored.revision if stored else 0)
        return Document(key[2], key[3], stored.version, orjson.loads(stored.data)) if stored else None


def _as_json(effect: StoredEffect) -> StoredEffect:
    data: JsonObject = orjson.loads(encode_json(effect.data, f"effect {effect.kind}"))
    return replace(effect, data=data)
