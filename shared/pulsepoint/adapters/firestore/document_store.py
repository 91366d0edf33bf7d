"""Documents, dedup keys, outbox records and effects of one service in Firestore.

Reads are plain and lock nothing. A commit is one request: each document written carries the time it was last updated
when read, as a precondition. Only documents read and not written need more: a transaction, begun by reading them
again, that holds just until the commit. (Twenty increments of one document at once: 0.4 s on the emulator; as
transactions that lock from their first read, 31 s.)
https://cloud.google.com/firestore/docs/transaction-data-contention
https://cloud.google.com/firestore/docs/reference/rpc/google.firestore.v1#precondition
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from google.cloud.firestore_v1.types import Document as Stored
from google.cloud.firestore_v1.types import Write

from pulsepoint.adapters.document_rules import (
    DEDUP_KEY_LIFE,
    EncodedWrite,
    Key,
    check_commit,
    conflict_pause,
    effect_order,
)
from pulsepoint.adapters.firestore import outbox, queries
from pulsepoint.adapters.firestore.api import FirestoreApi, open_api
from pulsepoint.adapters.firestore.effects import NO_EFFECTS, EffectPlan, EffectState, plan_effects, state_of
from pulsepoint.adapters.firestore.fields import drop, expiry, put, put_document, unchanged_since
from pulsepoint.adapters.firestore.lock_table import LockTable
from pulsepoint.adapters.firestore.paths import DEDUP_KEYS, DOCUMENTS, EFFECTS, OUTBOX, Paths
from pulsepoint.adapters.firestore.transaction import FirestoreTransaction
from pulsepoint.adapters.system_clock import SystemClock
from pulsepoint.errors import Conflict, PulsepointError
from pulsepoint.ports.clock import Clock
from pulsepoint.ports.document_store import Checksum, Commit, Committed, OutboxRecord, StoredEffect, Transaction
from pulsepoint.tenancy import TenantContext

# Google drops what has expired by itself, within a day: asking at every sweep would pay for it twice.
EXPIRE_EVERY = timedelta(minutes=10)
PAGE = 300
Seen = Mapping[str, datetime | None]
"""Document name -> when it was last updated when read (None: it was absent)."""


@asynccontextmanager
async def open_firestore(
    project: str, clock: Clock | None = None, *, database: str = "(default)"
) -> AsyncIterator[Callable[[str], FirestoreDocumentStore]]:
    """Stores by service, on one channel to the project's database (FIRESTORE_EMULATOR_HOST: the emulator).

    Raises `EngineUnavailable` where there are no credentials.
    """
    stores: dict[str, FirestoreDocumentStore] = {}
    async with open_api(project, database) as api:
        yield lambda service: stores.setdefault(service, FirestoreDocumentStore(api, service, clock))


class FirestoreDocumentStore:
    """One service's documents; commits are durable when `transact` returns."""

    keeps_checksums = False

    def __init__(self, api: FirestoreApi, service: str, clock: Clock | None = None) -> None:
        self.service = service
        self._api = api
        self._paths = Paths(api.root, service)
        self._clock = clock or SystemClock()
        self._lock_table = LockTable()
        self._next_expiry: datetime | None = None

    async def transact(
        self, scope: TenantContext, work: Callable[[Transaction], Awaitable[Commit]], *, attempts: int = 8
    ) -> Committed:
        """See `DocumentStore.transact`."""
        for failures in range(attempts):
            if failures:
                await asyncio.sleep(conflict_pause(failures))
            transaction = FirestoreTransaction(self._api, self._paths, scope)
            commit = await work(transaction)
            committed = await self._commit(scope, commit, transaction.seen)
            if committed is not None:
                return committed
        raise Conflict(f"{self.service}: still in conflict after {attempts} attempts")

    async def _commit(self, scope: TenantContext, commit: Commit, seen: dict[Key, datetime | None]) -> Committed | None:
        writes = check_commit(scope, commit)
        if not (
            writes or commit.dedup_key or commit.facts or commit.messages or commit.effects or commit.finished_effect
        ):
            return Committed(duplicate=False)
        names = {write.key: self._paths.document(write.key) for write in writes}
        # A document that was absent and is deleted is not written: it is only to be absent still.
        written = {write.key for write in writes if write.data is not None or seen.get(write.key, write) is not None}
        guarded = {self._paths.document(key): timestamp for key, timestamp in seen.items() if key not in written}
        try:
            async with self._lock_table.apart(guarded.keys(), names.values()):
                changes = [self._write(names[write.key], write, seen) for write in writes if write.key in written]
                return await self._store(scope, commit, changes, guarded)
        except Conflict:
            return await self._duplicate(scope, commit)

    def _write(self, name: str, write: EncodedWrite, seen: Mapping[Key, datetime | None]) -> Write:
        precondition = unchanged_since(seen[write.key]) if write.key in seen else None
        return put_document(name, self._paths.shard(name), write, precondition)

    async def _store(self, scope: TenantContext, commit: Commit, changes: list[Write], guarded: Seen) -> Committed:
        """One attempt; raises `Conflict` when anything has changed, or the dedup key is there."""
        now = self._clock.now()
        effects = await self._plan(scope, commit, now)
        outbox_record = None
        if commit.facts or commit.messages:
            outbox_record = OutboxRecord(commit.dedup_key or uuid4(), commit.facts, commit.messages)
        staged = outbox.writes_of(self._paths, scope.tenant_id, outbox_record, now) if outbox_record else outbox.NONE
        changes += [self._dedup_key(scope.tenant_id, commit.dedup_key, now)] if commit.dedup_key else []
        changes += [*(state.write(self.service) for state in effects.changed), *staged.within]
        for part in staged.before:
            await self._api.commit([part])
        async with self._unchanged({**guarded, **effects.imminent}) as transaction:
            if changes or transaction:
                await self._api.commit(changes, transaction)
        await self._join(effects.joined)
        return Committed(False, outbox_record, effects.stored)

    def _dedup_key(self, tenant: UUID, id: UUID, now: datetime) -> Write:
        name = self._paths.dedup_key(tenant, id)
        return put(name, expiry(self._paths.shard(name), now + DEDUP_KEY_LIFE), unchanged_since(None))

    async def _plan(self, scope: TenantContext, commit: Commit, now: datetime) -> EffectPlan:
        """The commit's changes to effects, as they are now."""
        finished = commit.finished_effect
        names = {self._paths.effect(effect) for effect in (*commit.effects, *((finished,) if finished else ()))}
        if not names:
            return NO_EFFECTS
        dedup_key = self._paths.dedup_key(scope.tenant_id, commit.dedup_key) if commit.dedup_key else None
        documents = await self._api.read([*names, *((dedup_key,) if dedup_key else ())])
        if dedup_key in documents:
            raise Conflict("the marker is there")
        states = {name: state_of(name, documents.get(name)) for name in names}
        return plan_effects(self._paths, states, finished, commit.effects, now)

    async def _join(self, joined: Sequence[EffectState]) -> None:
        """Tell waiting effects their causes, as links of traces: they are not worth failing what is committed."""
        with suppress(PulsepointError):
            await self._api.write_each([state.write(self.service) for state in joined])

    @asynccontextmanager
    async def _unchanged(self, guarded: Seen) -> AsyncIterator[bytes]:
        """A transaction in which all of `guarded` is as it was (b"": none is needed); raises `Conflict`."""
        if not guarded:
            yield b""
            return
        documents, transaction = await self._api.begin(list(guarded))
        try:
            for name, timestamp in guarded.items():
                if (documents[name].update_time if name in documents else None) != timestamp:
                    raise Conflict(f"{name} has changed")
            yield transaction
        except BaseException:
            with suppress(PulsepointError):
                await self._api.roll_back(transaction)
            raise

    async def _duplicate(self, scope: TenantContext, commit: Commit) -> Committed | None:
        """The answer to a commit whose dedup key is there; None when it is not: the work is to run again."""
        if commit.dedup_key is None:
            return None
        dedup_key = self._paths.dedup_key(scope.tenant_id, commit.dedup_key)
        first = self._paths.outbox_record(scope.tenant_id, commit.dedup_key)
        documents = await self._api.read([dedup_key, first])
        if dedup_key not in documents:
            return None
        finished = commit.finished_effect
        if finished is not None:
            await self._change_effect(finished, lambda state: state.finished(finished))
        left = await self._read_outbox([documents[first]]) if first in documents else []
        return Committed(True, left[0] if left else None)

    async def mark_dispatched(self, records: Mapping[UUID, Sequence[Checksum]]) -> None:
        """See `DocumentStore.mark_dispatched`."""
        ids = list(records)
        for start in range(0, len(ids), queries.MAX_VALUES):
            query = queries.outbox_records_called(self.service, ids[start : start + queries.MAX_VALUES])
            if documents := await self._api.query(self._api.root, query):
                await self._api.commit([drop(document.name) for document in documents])

    async def outbox_records(self, *, older_than: datetime, limit: int = 100) -> list[OutboxRecord]:
        """See `DocumentStore.outbox_records`."""
        query = queries.old_outbox_records(self._paths.shards(), older_than, limit)
        return await self._read_outbox(await self._api.query(self._api.root, query))

    async def _read_outbox(self, firsts: Sequence[Stored]) -> list[OutboxRecord]:
        names = [name for first in firsts for name in outbox.part_names(first)]
        parts = await self._api.read(names) if names else {}
        return [record for first in firsts if (record := outbox.outbox_record_of(first, parts))]

    async def claim_due_effects(self, now: datetime, *, lease_seconds: float, limit: int = 32) -> list[StoredEffect]:
        """See `DocumentStore.claim_due_effects`."""
        query = queries.waking_effects(self.service, now, limit)
        waking = [state_of(document.name, document) for document in await self._api.query(self._api.root, query)]
        states = [state.claimed(now, timedelta(seconds=lease_seconds)) for state in waking]
        won = await self._api.write_each([state.write(self.service) for state in states])
        claimed = [state.running for state, mine in zip(states, won, strict=True) if mine and state.running]
        return sorted(
            (effect for effect in claimed if effect.due_at <= now),
            key=lambda effect: (effect.due_at, effect_order(effect)),
        )

    async def postpone_effect(self, effect: StoredEffect, due_at: datetime) -> None:
        """See `DocumentStore.postpone_effect`."""
        await self._change_effect(effect, lambda state: state.postponed(effect, due_at))

    async def _change_effect(
        self, effect: StoredEffect, change: Callable[[EffectState], EffectState], *, attempts: int = 8
    ) -> None:
        name = self._paths.effect(effect)
        for failures in range(attempts):
            if failures:
                await asyncio.sleep(conflict_pause(failures))
            before = state_of(name, (await self._api.read([name])).get(name))
            after = change(before)
            if after == before or (await self._api.write_each([after.write(self.service)]))[0]:
                return
        raise Conflict(f"{self.service}: effect {effect.kind} still in conflict after {attempts} attempts")

    async def forget_brand(self, scope: TenantContext) -> None:
        """See `DocumentStore.forget_brand`; of more than `PAGE` effects the rest waits for the next call."""
        parent = self._paths.within(scope)
        while documents := await self._api.query(parent, queries.below(DOCUMENTS, PAGE)):
            await self._api.write_each([drop(document.name) for document in documents])
        effects = [state_of(each.name, each) for each in await self._api.query(parent, queries.below(EFFECTS, PAGE))]
        waiting = [state for state in effects if state.running is None]
        await self._api.write_each([drop(state.name, unchanged_since(state.seen)) for state in waiting])

    async def expire(self, now: datetime) -> int:
        """See `DocumentStore.expire`; what passed within `EXPIRE_EVERY` of the last call may wait for the next."""
        if self._next_expiry is not None and now < self._next_expiry:
            return 0
        self._next_expiry = now + EXPIRE_EVERY
        return sum([await self._expire(group, now) for group in (DOCUMENTS, DEDUP_KEYS, OUTBOX)])

    async def _expire(self, group: str, now: datetime) -> int:
        dropped = 0
        while True:
            documents = await self._api.query(self._api.root, queries.expired(group, self._paths.shards(), now, PAGE))
            # One that was written again meanwhile stays.
            drops = [drop(document.name, unchanged_since(document.update_time)) for document in documents]
            dropped += sum(await self._api.write_each(drops))
            if len(documents) < PAGE:
                return dropped
