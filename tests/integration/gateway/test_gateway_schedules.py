"""Schedules over a real identity store: brands of active tenants alone, page by page, each under its own tenant."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from deploy.local.instance import post
from gateway.tasks import PAGE
from pulsepoint.events.ads import AdsSynced
from pulsepoint.events.commands import AnalysisRequested, SyncRequested
from pulsepoint.events.envelope import Message, new_event
from pulsepoint.ports.document_store import Commit, Transaction, Write
from pulsepoint.runtime.app import SCHEDULED_FOR
from pulsepoint.tenancy import SYSTEM, TenantContext
from tests.builders.ads import NOON, AdsService, ads_service, brand_configured, secret_ref
from tests.builders.identity_store import RunningGateway, running_gateway
from tests.builders.runtime import deliver, published, run_effects

DUE = datetime(2026, 3, 1, 2, tzinfo=UTC)


@pytest.fixture
async def own_gateway(server: str) -> AsyncIterator[RunningGateway]:
    """A gateway whose brands are this test's alone."""
    async with running_gateway(server) as running:
        yield running


async def tenant_of(gateway: RunningGateway, count: int, status: str = "active") -> list[TenantContext]:
    """A tenant with so many brands."""
    at = datetime.now(UTC).isoformat()
    tenant = uuid4()
    brands = [uuid4() for _ in range(count)]
    shop = {"name": "b", "currency": "GBP", "timezone": "UTC", "settings": {}, "created_at": at}

    async def work(transaction: Transaction) -> Commit:
        own = Write("tenants", str(tenant), {"name": "t", "status": status, "created_at": at})
        rows = [Write("brands", str(each), {**shop, "shopify_store": f"{each}.example"}) for each in brands]
        return Commit(writes=[own, *rows])

    await gateway.ports.store.transact(TenantContext(tenant), work)
    return [TenantContext(tenant, each) for each in brands]


async def ask(gateway: RunningGateway, task: str, at: datetime = DUE) -> int:
    return await post(gateway.app, f"/tasks/{task}", b"", (SCHEDULED_FOR, at.isoformat().encode()))


def place(scope: TenantContext) -> tuple[UUID, UUID]:
    return scope.tenant_id, scope.brand_id


async def test_brands_of_active_tenants_are_listed_page_by_page(own_gateway: RunningGateway) -> None:
    directory = own_gateway.ports.directory
    assert await directory.active_brands(after=SYSTEM, limit=5) == []
    expected = [scope for count in (3, 0, 1, 7) for scope in await tenant_of(own_gateway, count)]
    for status in ("suspended", "deleted"):
        await tenant_of(own_gateway, 2, status)
    listed: list[TenantContext] = []
    while page := await directory.active_brands(after=listed[-1] if listed else SYSTEM, limit=2):
        assert len(page) <= 2
        listed.extend(page)
    assert listed == sorted(expected, key=place)


@pytest.mark.parametrize(("task", "command"), [("sync", SyncRequested), ("analysis", AnalysisRequested)])
async def test_every_active_brand_is_told_under_its_own_tenant_once_an_hour(
    own_gateway: RunningGateway, task: str, command: Any
) -> None:
    expected = [scope for count in (PAGE + 3, 1) for scope in await tenant_of(own_gateway, count)]
    await tenant_of(own_gateway, 2, "suspended")
    for at in (DUE, DUE + timedelta(minutes=59)):
        assert await ask(own_gateway, task, at) == 204
        events = published(own_gateway.runtime, command)
        assert sorted({event.scope for event in events}, key=place) == sorted(expected, key=place)
        assert len({event.id for event in events}) == len(expected)
    assert await ask(own_gateway, task, DUE + timedelta(hours=1)) == 204
    assert len({event.id for event in published(own_gateway.runtime, command)}) == 2 * len(expected)


async def test_the_refresh_asks_the_warehouse_for_each_active_tenant(
    own_gateway: RunningGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: asyncio.Queue[TenantContext] = asyncio.Queue()

    async def keep(scope: TenantContext) -> int:
        kept.put_nowait(scope)
        return 0

    monkeypatch.setattr(own_gateway.ports.warehouse, "refresh_current", keep)
    tenants = {(await tenant_of(own_gateway, count))[0].tenant_id for count in (2, 1)}
    await tenant_of(own_gateway, 1, "suspended")
    assert await ask(own_gateway, "refresh") == 204
    async with asyncio.timeout(30):
        assert {await kept.get(), await kept.get()} == {TenantContext(tenant) for tenant in tenants}


async def connect(ads: AdsService, scope: TenantContext) -> None:
    """Give a brand the stub's ad accounts."""
    for account in ads.world.settings.accounts:
        await ads.runtime.ports.secrets.put(scope, secret_ref(account), account.token.encode())
    configured = brand_configured(ads.world.settings.accounts, at=NOON)
    event = new_event(
        configured.payload, source="gateway", entity=str(scope.brand_id), version=configured.version, scope=scope
    )
    assert await deliver(ads.runtime, "brands", event) == 204


async def test_the_hourly_sync_pulls_the_ad_accounts_of_every_brand(own_gateway: RunningGateway) -> None:
    brands = [*await tenant_of(own_gateway, 1), *await tenant_of(own_gateway, 1)]
    assert await ask(own_gateway, "sync", NOON) == 204
    messages: list[Message] = [
        m for m in own_gateway.ports.bus.published if m.attributes["ce-type"] == SyncRequested.TYPE
    ]
    async with ads_service() as ads:
        for scope in brands:
            await connect(ads, scope)
        for message in [*messages, *messages]:
            assert await deliver(ads.runtime, "commands", message) == 204
        await run_effects(ads.runtime)
        pulled = [(event.scope, event.payload.platform) for event in published(ads.runtime, AdsSynced)]
    platforms = ("meta", "tiktok", "google")
    assert sorted(pulled, key=str) == sorted(((scope, each) for scope in brands for each in platforms), key=str)
