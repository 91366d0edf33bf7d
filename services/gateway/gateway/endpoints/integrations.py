"""`…/sync` and `…/integrations`: pulling the ad accounts, and how that went."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import uuid4

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from gateway.endpoints.access import BrandOf, ManagerOf, PersonOf, PortsOf, RuntimeOf
from gateway.endpoints.problems import PROBLEMS
from gateway.endpoints.timestamps import Day
from pulsepoint.brand.vocabulary import Platform
from pulsepoint.errors import MalformedInput
from pulsepoint.events.commands import SyncRequested
from pulsepoint.runtime.outcome import Outcome, Reader

router = APIRouter(prefix="/api/brands/{brand_id}", tags=["integrations"], responses=PROBLEMS)


class IntegrationView(BaseModel):
    """One connection; `status` is connecting, connected, failed (tried again by itself), needs_attention (a person
    must act) or disconnected."""

    platform: str
    account_id: str
    status: str
    last_synced_at: datetime | None
    sync_error_message: str | None


class Integrations(BaseModel):
    """Connections of a brand."""

    integrations: list[IntegrationView]


class SyncRequest(BaseModel):
    """Days of the ad accounts, both included; without them yesterday and today. Without a platform, all."""

    model_config = ConfigDict(extra="forbid")

    platform: Platform | None = None
    start_day: Day | None = None
    end_day: Day | None = None


class SyncStarted(BaseModel):
    """The pull was asked for; the integrations tell when it ended."""

    status: Literal["requested"] = "requested"
    requested_at: datetime


@router.get("/integrations")
async def list_integrations(brand: BrandOf, person: PersonOf, ports: PortsOf) -> Integrations:
    """Ad accounts of the brand; those never pulled yet are connecting."""
    rows = await ports.identity_store.integrations(person.scope, brand.brand_id)
    synced = {(row["platform"], row["account_id"]) for row in rows}
    waiting = [
        IntegrationView(
            platform=account.platform,
            account_id=account.account_id,
            status="connecting",
            last_synced_at=None,
            sync_error_message=None,
        )
        for account in brand.settings.ad_accounts
        if (account.platform, account.account_id) not in synced
    ]
    return Integrations(integrations=[IntegrationView(**row) for row in rows] + waiting)


@router.post("/sync", status_code=202)
async def request_sync(
    brand: BrandOf, person: ManagerOf, runtime: RuntimeOf, body: SyncRequest | None = None
) -> SyncStarted:
    """Pull the brand's ad accounts now."""
    request = body or SyncRequest()
    if request.start_day and request.end_day and request.start_day > request.end_day:
        raise MalformedInput("start_day must not be after end_day")
    scope = person.scope.brand(brand.brand_id)
    requested_at: list[datetime] = []

    async def work(reader: Reader) -> Outcome:
        now = reader.now()
        requested_at.append(now)
        command = SyncRequested(**request.model_dump(), requested_at=now)
        version = int(now.timestamp() * 1_000_000)
        return Outcome(events=[reader.event(command, entity=str(brand.brand_id), version=version)])

    await runtime.pipeline.execute(scope, work, dedup_key=uuid4())
    return SyncStarted(requested_at=requested_at[-1])
