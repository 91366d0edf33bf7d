"""`GET /api/audit`: what people did, and what platforms asked for."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel

from gateway.endpoints.access import AuditorOf, PortsOf
from gateway.endpoints.problems import PROBLEMS

router = APIRouter(prefix="/api/audit", tags=["audit"], responses=PROBLEMS)


class AuditEntry(BaseModel):
    """One thing that was done or asked for."""

    audit_id: UUID
    brand_id: UUID | None
    actor: str
    action: str
    subject: str
    detail: dict[str, object]
    occurred_at: datetime


class Audit(BaseModel):
    """The audit log, newest first."""

    entries: list[AuditEntry]


@router.get("")
async def read_audit(
    person: AuditorOf,
    ports: PortsOf,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    offset: Annotated[int, Query(ge=0, le=100_000)] = 0,
) -> Audit:
    """Your tenant's log: settings, replays, notifications, requests about people's data."""
    rows = await ports.identity_store.audit(person.scope, limit=limit, offset=offset)
    return Audit(entries=[AuditEntry(**row) for row in rows])
