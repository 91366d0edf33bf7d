"""One order of steps, in every profile.

Commit writes, dedup key, facts and outgoing messages in one transaction; append the facts; publish; only then
acknowledge. What a crash leaves between commit and publish is finished by the redelivery or by the sweep.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

import structlog

from pulsepoint.errors import LimitExceeded
from pulsepoint.events.catalog import ANY_SERVICE, BY_TYPE
from pulsepoint.events.envelope import Event, Message, encode
from pulsepoint.metrics.access import Metrics
from pulsepoint.ports.checksums import checksum_key
from pulsepoint.ports.document_store import (
    Checksum,
    Commit,
    FactRow,
    OutboxRecord,
    StoredEffect,
    Transaction,
)
from pulsepoint.runtime.claims import Claims
from pulsepoint.runtime.crash import crash_point
from pulsepoint.runtime.outcome import Effect, Outcome, Reader
from pulsepoint.runtime.ports import ServicePorts
from pulsepoint.runtime.reader import ServiceReader
from pulsepoint.runtime.signals import signal_messages
from pulsepoint.runtime.waiting import WaitingEffects
from pulsepoint.telemetry import current_traceparent
from pulsepoint.tenancy import TenantContext
from pulsepoint.warehouse.answers import facts_changed
from pulsepoint.warehouse.checksums import checksums_of, tenants_of

log = structlog.get_logger(__name__)
Work = Callable[[Reader], Awaitable[Outcome]]


class Pipeline:
    """Runs work of one service through the steps."""

    def __init__(self, service: str, ports: ServicePorts) -> None:
        self.service = service
        self.ports = ports
        self._metrics = Metrics(ports.warehouse, ports.secrets)
        self.claims = Claims(ports.payloads)
        self.effects_waiting = asyncio.Event()
        self._dispatched: dict[UUID, Sequence[Checksum]] = {}
        self._checksum_keys: dict[UUID, bytes] = {}
        self._waiting = WaitingEffects()

    async def execute(
        self, scope: TenantContext, work: Work, *, dedup_key: UUID, finished_effect: StoredEffect | None = None
    ) -> bool:
        """Run `work` in a transaction of `scope` and take every step; False when `dedup_key` was there already.

        Returns once facts are appended and messages published. Work that changes nothing leaves no dedup key: doing
        it again changes nothing either. Raises what `work` raises, and `RetryableError`s of the engines.
        """
        requested: Sequence[StoredEffect] = ()

        async def attempt(transaction: Transaction) -> Commit:
            nonlocal requested
            reader = ServiceReader(self.service, transaction, self._metrics, self.ports.clock)
            commit = self._commit_of(await work(reader), scope, dedup_key, finished_effect)
            if commit.messages:
                commit = replace(commit, messages=[await self.claims.checked_in(each) for each in commit.messages])
            requested = commit.effects
            return commit

        committed = await self.ports.store.transact(scope, attempt)
        crash_point("after_commit")
        if not committed.duplicate:
            self._waiting.note(requested, committed.effects)
        if committed.outbox_record is not None:
            await self.relay(committed.outbox_record)
        if committed.effects:
            self.effects_waiting.set()
        return not committed.duplicate

    async def relay(self, *records: OutboxRecord) -> None:
        """Append and publish what was committed, all records at once; doing it again does no harm."""
        repeated: frozenset[str] = frozenset()
        if facts := [fact for record in records for fact in record.facts]:
            repeated = await self.ports.warehouse.append(facts)
            await facts_changed(self.ports.cache, facts, self.ports.clock.now())
        crash_point("after_append")
        if messages := [message for record in records for message in record.messages]:
            await self.ports.bus.publish(messages)
            signal_messages(messages)
        for record in records:
            self._dispatched[record.id] = await self._checksums_of(record.facts, repeated)

    async def mark_dispatched(self) -> None:
        """Forget finished outbox records, many at a time: it may come late, since finishing again does no harm."""
        if self._dispatched:
            records, self._dispatched = self._dispatched, {}
            try:
                await self.ports.store.mark_dispatched(records)
            except BaseException:
                self._dispatched = records | self._dispatched
                raise

    async def _checksums_of(self, facts: Sequence[FactRow], repeated: frozenset[str]) -> Sequence[Checksum]:
        if not facts or not self.ports.store.keeps_checksums:
            return ()
        for tenant in tenants_of(facts) - self._checksum_keys.keys():
            self._checksum_keys[tenant] = await checksum_key(self.ports.secrets, TenantContext(tenant))
        return checksums_of(self._checksum_keys, facts, repeated)

    def _commit_of(
        self, outcome: Outcome, scope: TenantContext, dedup_key: UUID, finished_effect: StoredEffect | None
    ) -> Commit:
        messages = [*(self._message_of(event) for event in outcome.events), *outcome.messages]
        now = self.ports.clock.now()
        requested = [self._stored(effect, scope, now) for effect in outcome.effects]
        effects = [effect for effect in requested if not self._waiting.holds(effect, now)]
        if not (outcome.writes or outcome.facts or messages or effects or finished_effect):
            return Commit()
        return Commit(
            dedup_key=dedup_key,
            writes=outcome.writes,
            facts=outcome.facts,
            messages=messages,
            effects=effects,
            finished_effect=finished_effect,
        )

    def _message_of(self, event: Event) -> Message:
        entry = BY_TYPE[event.type]
        if entry.publisher not in (self.service, ANY_SERVICE):
            raise LimitExceeded(f"{self.service} may not publish {event.type}", reason="not_the_publisher")
        return encode(event, entry.topic)

    def _stored(self, effect: Effect, scope: TenantContext, now: datetime) -> StoredEffect:
        cause = current_traceparent()
        return StoredEffect(
            scope=effect.scope or scope,
            kind=effect.kind,
            key=effect.key,
            due_at=now + effect.delay,
            data=effect.data,
            causes=(cause,) if cause else (),
        )
