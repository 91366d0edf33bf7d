"""`/api/quarantine` and `/api/dead-letters`: what could not be handled, and delivering it again."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID, uuid4

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel

from gateway.endpoints.access import AdminOf, PersonOf, PortsOf, RuntimeOf
from gateway.endpoints.problems import PROBLEMS
from pulsepoint.errors import AccessDenied
from pulsepoint.events.commands import ReplayRequested
from pulsepoint.ports.document_store import Write
from pulsepoint.runtime.outcome import Outcome, Reader

Kind = Literal["quarantine", "dead_letter"]
Limit = Annotated[int, Query(ge=1, le=500)]
Offset = Annotated[int, Query(ge=0, le=100_000)]
QuarantineId = Annotated[str, Path(max_length=64, pattern=r"^[A-Za-z0-9:_-]+$")]


class QuarantinedView(BaseModel):
    """A quarantined message or dead letter; its body stays encrypted with its service.

    `scope` says whose it is: your tenant's, or (for operators) the system's, when nobody is known to own it.
    """

    id: str
    scope: Literal["tenant", "system"]
    brand_id: UUID
    service: str
    subscription: str
    event_type: str
    reason: str
    explanation: str
    shop: str | None
    shopify_topic: str | None
    size_bytes: int
    attempts: int
    held_at: datetime
    expires_at: datetime


class QuarantinedList(BaseModel):
    """Messages, newest first; `total` counts all of them."""

    total: int
    messages: list[QuarantinedView]


class Replay(BaseModel):
    """The command is on its way to the service that holds the message."""

    status: Literal["replaying"] = "replaying"
    id: str


def quarantine_router(path: str, kind: Kind) -> APIRouter:
    """The same three routes for each kind."""
    router = APIRouter(prefix=path, tags=["quarantine"], responses=PROBLEMS)

    @router.get("", name=f"list_{kind}")
    async def list_quarantined(
        person: PersonOf, ports: PortsOf, limit: Limit = 100, offset: Offset = 0
    ) -> QuarantinedList:
        """Messages of your tenant; for operators also those that belong to nobody yet."""
        messages: list[QuarantinedView] = []
        total = 0
        for scope in person.scopes():
            total += await ports.identity_store.count_quarantined(scope, kind)
            owner: Literal["tenant", "system"] = "system" if scope.is_system else "tenant"
            rows = await ports.identity_store.quarantined_messages(scope, kind, limit=offset + limit, offset=0)
            messages += [QuarantinedView(id=row["held_id"], scope=owner, **row) for row in rows]
        messages.sort(key=lambda message: message.held_at, reverse=True)
        return QuarantinedList(total=total, messages=messages[offset : offset + limit])

    @router.post("/{message_id}/replay", status_code=202, name=f"replay_{kind}")
    async def replay(message_id: QuarantineId, person: AdminOf, ports: PortsOf, runtime: RuntimeOf) -> Replay:
        """Deliver a message again."""
        for scope in person.scopes():
            row = await ports.identity_store.quarantined_message(scope, kind, message_id)
            if row is not None:
                break
        else:
            raise AccessDenied
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

        await runtime.pipeline.execute(owner, work, dedup_key=uuid4())
        return Replay(id=message_id)

    return router


quarantine = quarantine_router("/api/quarantine", "quarantine")
dead_letters = quarantine_router("/api/dead-letters", "dead_letter")
