"""Quarantined messages and dead letters: their list, and having one delivered again.

How long their bodies are kept is the runtime setting `quarantine_ttl_days` of the service that keeps them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID, uuid4

from gateway.domain.identity import Person
from gateway.ports import Commands, IdentityStore
from pulsepoint.errors import AccessDenied
from pulsepoint.events.commands import ReplayRequested
from pulsepoint.ports.document_store import Write
from pulsepoint.runtime.outcome import Outcome, Reader
from pulsepoint.tenancy import TenantContext

Kind = Literal["quarantine", "dead_letter"]


@dataclass(frozen=True, slots=True)
class QuarantinedPage:
    """One page of messages, newest first, each with whose it is; `total` counts all of them."""

    total: int
    messages: tuple[tuple[TenantContext, dict[str, object]], ...]


async def quarantined_messages(
    person: Person, kind: Kind, identity_store: IdentityStore, *, limit: int, offset: int
) -> QuarantinedPage:
    """Messages of a person's tenant that wait; for operators also those that belong to nobody yet."""
    messages: list[tuple[TenantContext, dict[str, Any]]] = []
    total = 0
    for scope in person.scopes():
        total += await identity_store.count_quarantined(scope, kind)
        rows = await identity_store.quarantined_messages(scope, kind, limit=offset + limit, offset=0)
        messages += [(scope, row) for row in rows]
    messages.sort(key=lambda message: datetime.fromisoformat(message[1]["held_at"]), reverse=True)
    return QuarantinedPage(total, tuple(messages[offset : offset + limit]))


async def replay_message(
    person: Person, kind: Kind, message_id: str, *, identity_store: IdentityStore, commands: Commands
) -> None:
    """Command the service that keeps a message to handle it again; raises `AccessDenied` for one that is not there."""
    scope, row = await _find(person, kind, message_id, identity_store)
    owner = scope.brand(UUID(row["brand_id"]))

    async def work(reader: Reader) -> Outcome:
        now = reader.now()
        command = ReplayRequested(service=row["service"], held_id=message_id, requested_at=now)
        audit = {
            "actor": person.email,
            "action": "replay.requested",
            "subject": message_id,
            "detail": {"service": row["service"], "reason": row["reason"]},
            "occurred_at": now.isoformat(),
        }
        version = int(now.timestamp() * 1_000_000)
        return Outcome(
            writes=[Write("audit_log", str(uuid4()), audit)],
            events=[reader.event(command, entity=message_id, version=version)],
        )

    await commands.execute(owner, work, dedup_key=uuid4())


async def _find(
    person: Person, kind: Kind, message_id: str, identity_store: IdentityStore
) -> tuple[TenantContext, dict[str, Any]]:
    for scope in person.scopes():
        row = await identity_store.quarantined_message(scope, kind, message_id)
        if row is not None:
            return scope, row
    raise AccessDenied
