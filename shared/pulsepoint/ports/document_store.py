"""Live state of a service: documents under a brand, read and committed in transactions.

One store object belongs to one service; documents are private to it. Reads are optimistic: a commit
fails with `Conflict` when anything read has changed since, and `transact` runs the work again.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from uuid import UUID

from pulsepoint.events.envelope import Message
from pulsepoint.tenancy import TenantContext
from pulsepoint.values import Columns, JsonObject, Row

# Firestore's 1 MiB a document counts its name and the fields it is found by.
# https://cloud.google.com/firestore/quotas#collections_documents_and_fields
MAX_DOCUMENT_BYTES = 1_048_576 - 16_384
MAX_WRITES = 500
MAX_CAUSES = 8
# What a commit writes must fit one request: 10 MiB at Google, 4 MiB (gRPC's default) at its emulator.
MAX_COMMIT_BYTES = 3_500_000
FILTERS = frozenset({"reason", "shop"})
"""Top-level fields that documents are found by: each costs an index entry a document, so only these are indexed."""


@dataclass(frozen=True, slots=True)
class Document:
    """A stored document; `version` counts its commits from 1 (0: absent)."""

    collection: str
    id: str
    version: int
    data: JsonObject


@dataclass(frozen=True, slots=True)
class Write:
    """Put `data` under an id, or delete it (`data` None).

    `scope` is set only by system transactions, which may write into any tenant; `expires_at` is when the
    engine may drop it.
    """

    collection: str
    id: str
    data: Columns | None
    scope: TenantContext | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class FactRow:
    """One row for a warehouse table, idempotent by `row["fact_id"]`."""

    scope: TenantContext
    table: str
    row: Row


@dataclass(frozen=True, slots=True)
class Checksum:
    """Facts of one table of a brand recorded within one hour (UTC): how many, and the sum of their digests."""

    scope: TenantContext
    hour: datetime
    table: str
    rows: int
    total: int


@dataclass(frozen=True, slots=True)
class StoredEffect:
    """Work on the outside (or a tick) under a key; at most one per (scope, key) is pending at a time.

    `causes` are the traceparents to link to: of the request that stored it and of the first few that met it
    waiting. `attempts` counts runs that failed.
    """

    scope: TenantContext
    kind: str
    key: str
    due_at: datetime
    data: JsonObject
    causes: tuple[str, ...] = ()
    attempts: int = 0

    @property
    def identity(self) -> tuple[UUID, UUID, str, str]:
        """The key that tells an effect from others of its service, and the order in which engines lock them."""
        return (self.scope.tenant_id, self.scope.brand_id, self.kind, self.key)


@dataclass(frozen=True, slots=True)
class Commit:
    """Everything one handled message changes, stored in one transaction."""

    dedup_key: UUID | None = None
    writes: Sequence[Write] = ()
    facts: Sequence[FactRow] = ()
    messages: Sequence[Message] = ()
    effects: Sequence[StoredEffect] = ()
    finished_effect: StoredEffect | None = None


@dataclass(frozen=True, slots=True)
class OutboxRecord:
    """Facts and messages committed under an id but not yet known to be appended and published."""

    id: UUID
    facts: Sequence[FactRow] = ()
    messages: Sequence[Message] = ()


@dataclass(frozen=True, slots=True)
class Committed:
    """The result of a transaction: nothing new when its dedup key was already there (`duplicate`)."""

    duplicate: bool
    outbox_record: OutboxRecord | None = None
    effects: Sequence[StoredEffect] = field(default=())


class Transaction(Protocol):
    """The open transaction a handler reads through."""

    scope: TenantContext

    async def get(self, collection: str, id: str, *, scope: TenantContext | None = None) -> Document | None:
        """The document, or None. `scope` other than the transaction's own is for the system tenant only: others
        raise `AccessDenied`."""
        ...

    async def get_many(
        self, keys: Sequence[tuple[str, str]], *, scope: TenantContext | None = None
    ) -> list[Document | None]:
        """Several (collection, id) in one round trip, in the order asked."""
        ...

    async def find(
        self,
        collection: str,
        where: dict[str, str] | None = None,
        *,
        limit: int = 1000,
        after: str = "",
    ) -> list[Document]:
        """Documents whose top-level string fields, of those in `FILTERS`, equal `where`, by id, after id `after`.

        Not guarded against documents that appear meanwhile. Raises `LimitExceeded` for another field.
        """
        ...


class DocumentStore(Protocol):
    """One service's documents, dedup keys, outbox records and effects; checksums too, where it `keeps_checksums`."""

    keeps_checksums: bool

    async def transact(
        self, scope: TenantContext, work: Callable[[Transaction], Awaitable[Commit]], *, attempts: int = 8
    ) -> Committed:
        """Run `work` and commit what it returns, all or nothing, again from the start on a conflict.

        When the dedup key is already there nothing is written: `Committed(duplicate=True)` with the outbox record
        that a crash may have left under it. `work` may raise: then nothing is written and the error passes.
        Raises `LimitExceeded` over 1 MiB a document, 500 writes or `MAX_COMMIT_BYTES`, `Conflict` after `attempts`, and
        `EngineUnavailable`.
        """
        ...

    async def mark_dispatched(self, records: Mapping[UUID, Sequence[Checksum]]) -> None:
        """Forget outbox records: their facts are appended and their messages published.

        Their facts' checksums, by record, are added to those kept where the store keeps checksums, each record's once.
        """
        ...

    async def outbox_records(self, *, older_than: datetime, limit: int = 100) -> list[OutboxRecord]:
        """Outbox records committed before `older_than`, oldest first, `limit` at most: what a crash left."""
        ...

    async def claim_due_effects(self, now: datetime, *, lease_seconds: float, limit: int = 32) -> list[StoredEffect]:
        """Pending effects due at `now`, leased to the caller so that no other claims them meanwhile."""
        ...

    async def postpone_effect(self, effect: StoredEffect, due_at: datetime) -> None:
        """Store that a run of `effect` failed (`attempts` one higher) and when to try again."""
        ...

    async def forget_brand(self, scope: TenantContext) -> None:
        """Delete the service's documents of a brand, and its effects but those that run; again without harm."""
        ...

    async def expire(self, now: datetime) -> int:
        """Drop documents, dedup keys whose `expires_at` has passed; how many."""
        ...
