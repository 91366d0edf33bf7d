"""A running ingest-ads against the local emulator for the platforms, and its events with defaults."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx

from ingest_ads.bootstrap import SERVICE_NAME, build
from ingest_ads.handlers import EFFECTS, HANDLERS
from ingest_ads.settings import Settings
from pulsepoint.adapters.memory.clock import FixedClock
from pulsepoint.brand.vocabulary import Platform
from pulsepoint.events.brands import AdAccount, BrandConfigured
from pulsepoint.events.commands import SyncRequested
from pulsepoint.events.envelope import Event, new_event
from pulsepoint.faults import Faults
from pulsepoint.runtime.app import Runtime, start_runtime
from pulsepoint.runtime.engines import Engines
from pulsepoint.runtime.service import Service
from pulsepoint.tenancy import TenantContext
from sandbox.ad_stubs.ads import app as stub_app
from sandbox.ad_stubs.ads_world import DEFAULT_ACCOUNTS, StubAccount, StubSettings, World
from tests.builders.runtime import deliver, memory_ports, published, run_effects

SCOPE = TenantContext(UUID("11111111-1111-4111-8111-111111111111"), UUID("33333333-3333-4333-8333-333333333333"))
NOON = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
STUB_URL = "http://ads.stub"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def version_at(timestamp: datetime) -> int:
    """Whole microseconds since 1970."""
    return (timestamp - EPOCH) // timedelta(microseconds=1)


def secret_ref(account: StubAccount) -> str:
    """The name under which an account's token is kept."""
    return f"ads/{account.platform}/{account.account_id}"


def brand_configured(
    accounts: tuple[StubAccount, ...] = DEFAULT_ACCOUNTS,
    *,
    at: datetime = NOON,
    fakes: Mapping[str, str] | None = None,
    **fields: Any,
) -> Event:
    """The brand's settings with these ad accounts connected, some to an emulator of their own by platform."""
    connected = tuple(
        AdAccount(
            platform=a.platform,
            account_id=a.account_id,
            secret_ref=secret_ref(a),
            base_url=(fakes or {}).get(a.platform),
        )
        for a in accounts
    )
    values: dict[str, Any] = {"name": "Shop", "shopify_store": "shop.myshopify.com", "currency": "GBP", **fields}
    brand = BrandConfigured(ad_accounts=connected, **values)
    return new_event(brand, source="gateway", entity=str(SCOPE.brand_id), version=version_at(at), scope=SCOPE)


def sync_requested(
    platform: Platform | None = None,
    *,
    at: datetime = NOON,
    start_day: date | None = None,
    end_day: date | None = None,
) -> Event:
    """A person or schedule asks for a pull."""
    request = SyncRequested(platform=platform, start_day=start_day, end_day=end_day, requested_at=at)
    entity = f"{SCOPE.brand_id}:{platform}"
    return new_event(request, source="gateway", entity=entity, version=version_at(at), scope=SCOPE)


@dataclass(frozen=True, slots=True)
class AdsService:
    """ingest-ads on memory engines, the stub's world, and a clock that moves when told."""

    runtime: Runtime
    world: World
    clock: FixedClock

    async def connect(self, accounts: tuple[StubAccount, ...] | None = None, **fields: Any) -> None:
        """Store the accounts' tokens and configure the brand."""
        chosen = self.world.settings.accounts if accounts is None else accounts
        for account in chosen:
            await self.runtime.ports.secrets.put(SCOPE, secret_ref(account), account.token.encode())
        event = brand_configured(chosen, at=self.clock.now(), **fields)
        assert await deliver(self.runtime, "brands", event) == 204

    async def request(self, platform: Platform | None = None, **fields: Any) -> None:
        """Ask for a pull, without running it."""
        event = sync_requested(platform, at=self.clock.now(), **fields)
        assert await deliver(self.runtime, "commands", event) == 204

    async def sync(self, platform: Platform | None = None, *, after: float = 60.0, **fields: Any) -> None:
        """Move the clock on, ask for a pull and run what is due."""
        self.clock.advance(seconds=after)
        await self.request(platform, **fields)
        await run_effects(self.runtime)

    def replay(self, **changes: Any) -> None:
        """Change what the platforms tell from now on."""
        self.world.settings = replace(self.world.settings, **changes)

    def events(self, payload_type: Any) -> list[Any]:
        """Payloads the service published, in order."""
        return [event.payload for event in published(self.runtime, payload_type, SCOPE)]

    async def rows(self, view: str = "ad_performance") -> list[Mapping[str, Any]]:
        """Everything in a table or view, by entity and version."""
        sql = f"SELECT * FROM {view} WHERE brand_id = @brand_id"
        rows = await self.runtime.ports.warehouse.query(SCOPE, sql)
        return sorted(rows, key=lambda row: (row["entity"], row["version"]))

    async def spent(self, view: str = "ad_days_counted") -> int:
        """Micros spent according to a view."""
        return sum(int(row["spend_micros"]) for row in await self.rows(view))


@asynccontextmanager
async def ads_service(
    settings: StubSettings | None = None, *, transport: httpx.AsyncBaseTransport | None = None, **changes: Any
) -> AsyncIterator[AdsService]:
    """A service whose platforms are the stub, or behind `transport`; no loops run: tests call what they need."""
    clock = FixedClock(NOON)
    stub = stub_app(settings or StubSettings())
    addresses: dict[str, Any] = {f"ads_{platform}_base_url": STUB_URL for platform in Platform}
    own = Settings(traced=False, **addresses, **changes)
    async with memory_ports(SERVICE_NAME, clock) as memory:
        engines = Engines(
            memory.bus,
            memory.warehouse,
            memory.secrets,
            memory.cache,
            clock,
            lambda service: memory.store,
            Faults(clock),
        )
        async with build(own, engines, transport=transport or httpx.ASGITransport(stub)) as ports:
            runtime = await start_runtime(Service(SERVICE_NAME, HANDLERS, EFFECTS), ports, own)
            yield AdsService(runtime, stub.state.world, clock)
