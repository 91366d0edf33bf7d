"""`…/sync` and `…/integrations`: pulling the ad accounts, and how that went."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from gateway.endpoints.access import BrandOf, PersonOf, PortsOf, RuntimeOf, SyncerOf
from gateway.endpoints.language import TextsOf
from gateway.endpoints.problems import PROBLEMS
from gateway.endpoints.timestamps import Day
from gateway.use_cases.integrations import Connection, connections_of, request_sync
from pulsepoint.brand.failures import PullFailure
from pulsepoint.brand.sentences import pull_failure_text
from pulsepoint.brand.texts import Texts
from pulsepoint.brand.vocabulary import Platform

router = APIRouter(prefix="/api/brands/{brand_id}", tags=["integrations"], responses=PROBLEMS)


class IntegrationView(BaseModel):
    """One connection; `status` is connecting, connected, failed (tried again by itself), needs_attention (a person
    must act) or disconnected. `sync_failure` says why the last pull failed, `sync_error_message` is its sentence."""

    platform: str
    account_id: str
    status: str
    last_synced_at: datetime | None
    sync_failure: PullFailure | None
    sync_error_message: str | None

    @classmethod
    def of(cls, connection: Connection, words: Texts) -> IntegrationView:
        """The connection in the language of `words`; the sentence of an earlier release as it was made."""
        failure, sentence = connection.sync_failure, connection.sync_error_message
        if failure is not None:
            sentence = pull_failure_text(failure, connection.names, connection.platform, words)
        return cls(
            platform=connection.platform,
            account_id=connection.account_id,
            status=connection.status,
            last_synced_at=connection.last_synced_at,
            sync_failure=failure,
            sync_error_message=sentence,
        )


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
async def list_integrations(brand: BrandOf, person: PersonOf, ports: PortsOf, words: TextsOf) -> Integrations:
    """Ad accounts of the brand; those never pulled yet are connecting."""
    connections = await connections_of(person, brand, ports.identity_store)
    return Integrations(integrations=[IntegrationView.of(each, words) for each in connections])


@router.post("/sync", status_code=202)
async def post_sync(
    brand: BrandOf, person: SyncerOf, ports: PortsOf, runtime: RuntimeOf, body: SyncRequest | None = None
) -> SyncStarted:
    """Pull the brand's ad accounts now."""
    request = body or SyncRequest()
    requested_at = await request_sync(
        person, brand, **request.model_dump(), commands=runtime.pipeline, clock=ports.clock
    )
    return SyncStarted(requested_at=requested_at)
