"""`/api/quarantine` and `/api/dead-letters`: messages that could not be handled, and handling them again."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel

from gateway.endpoints.access import PortsOf, QuarantineReaderOf, ReplayerOf, RuntimeOf
from gateway.endpoints.language import TextsOf
from gateway.endpoints.problems import PROBLEMS
from gateway.use_cases.quarantine import Kind, quarantined_messages, replay_message
from pulsepoint.brand.sentences import quarantine_text
from pulsepoint.brand.texts import Texts
from pulsepoint.tenancy import TenantContext

Limit = Annotated[int, Query(ge=1, le=500)]
Offset = Annotated[int, Query(ge=0, le=100_000)]
MessageId = Annotated[str, Path(max_length=64, pattern=r"^[A-Za-z0-9:_-]+$")]


class QuarantinedView(BaseModel):
    """A quarantined message or dead letter; its body stays encrypted with its service.

    `scope` says whose it is: your tenant's, or (for operators) the system's, when nobody is known to own it.
    `explanation` is the sentence of `reason` and `names` (null where an earlier release held it).
    """

    id: str
    scope: Literal["tenant", "system"]
    brand_id: UUID
    service: str
    subscription: str
    event_type: str
    reason: str
    explanation: str
    names: dict[str, str] | None
    shop: str | None
    shopify_topic: str | None
    size_bytes: int
    attempts: int
    held_at: datetime
    expires_at: datetime

    @classmethod
    def of(cls, scope: TenantContext, row: dict[str, object], words: Texts) -> QuarantinedView:
        """The view of a row of the identity store, explained in the language of `words`."""
        view = cls(id=row["held_id"], scope="system" if scope.is_system else "tenant", **row)
        said = quarantine_text(view.reason, view.names, view.explanation, words)
        return view.model_copy(update={"explanation": said})


class QuarantinedList(BaseModel):
    """Messages, newest first; `total` counts all of them."""

    total: int
    messages: list[QuarantinedView]


class Replay(BaseModel):
    """The command is on its way to the service that keeps the message."""

    status: Literal["replaying"] = "replaying"
    id: str


def quarantine_router(path: str, kind: Kind) -> APIRouter:
    """The same routes for each kind."""
    router = APIRouter(prefix=path, tags=["quarantine"], responses=PROBLEMS)

    @router.get("", name=f"list_{kind}")
    async def list_quarantined(
        person: QuarantineReaderOf, ports: PortsOf, words: TextsOf, limit: Limit = 100, offset: Offset = 0
    ) -> QuarantinedList:
        """Messages of your tenant; for operators also those that belong to nobody yet."""
        page = await quarantined_messages(person, kind, ports.identity_store, limit=limit, offset=offset)
        return QuarantinedList(total=page.total, messages=[QuarantinedView.of(*each, words) for each in page.messages])

    @router.post("/{message_id}/replay", status_code=202, name=f"replay_{kind}")
    async def replay(message_id: MessageId, person: ReplayerOf, ports: PortsOf, runtime: RuntimeOf) -> Replay:
        """Deliver a message again."""
        await replay_message(person, kind, message_id, identity_store=ports.identity_store, commands=runtime.pipeline)
        return Replay(id=message_id)

    return router


quarantine = quarantine_router("/api/quarantine", "quarantine")
dead_letters = quarantine_router("/api/dead-letters", "dead_letter")
