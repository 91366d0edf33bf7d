"""What the clock asks of the gateway reaches every brand, each in its own scope, and once an hour."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest

from gateway.main import SERVICE
from gateway.tasks import PAGE, REFRESH, TASKS, keep_current
from pulsepoint.adapters.memory.clock import FixedClock
from pulsepoint.errors import EngineUnavailable
from pulsepoint.events.commands import AnalysisRequested, SyncRequested
from pulsepoint.events.envelope import Payload
from pulsepoint.ports.checksums import Checksums
from pulsepoint.ports.document_store import StoredEffect
from pulsepoint.runtime.app import Runtime, start_runtime
from pulsepoint.runtime.settings import ServiceSettings
from pulsepoint.tenancy import NO_BRAND, TenantContext
from pulsepoint.warehouse.checksums import DayChecksum
from tests.builders.runtime import MemoryPorts, memory_ports, published, run_effects

DUE = datetime(2026, 3, 1, 2, tzinfo=UTC)
LATE = DUE + timedelta(minutes=59, seconds=59)
COMMANDS: dict[str, type[Payload]] = {"sync": SyncRequested, "analysis": AnalysisRequested}


@dataclass
class Brands:
    """A directory of so many brands, five to a tenant; `calls` are the limits it was called with."""

    brands: list[TenantContext]
    calls: list[int] = field(default_factory=list)

    async def active_brands(self, *, after: TenantContext, limit: int) -> list[TenantContext]:
        self.calls.append(limit)
        return [each for each in self.brands if _place(each) > _place(after)][:limit]


class Keeper:
    """A warehouse that notes whose rows it was told to keep; fails the tenants in `away`."""

    def __init__(self, warehouse: Any) -> None:
        self._warehouse = warehouse
        self.kept: list[UUID] = []
        self.away: set[UUID] = set()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._warehouse, name)

    async def refresh_current(self, scope: TenantContext) -> int:
        if scope.tenant_id in self.away:
            raise EngineUnavailable("no answer")
        self.kept.append(scope.tenant_id)
        return 10


@dataclass(frozen=True, slots=True)
class GatewayPorts(MemoryPorts):
    directory: Brands
    identity_store: Any = None


def brands(count: int) -> list[TenantContext]:
    return [TenantContext(UUID(int=1 + number // 5), UUID(int=100 + number)) for number in range(count)]


@asynccontextmanager
async def gateway_of(count: int) -> AsyncIterator[Runtime]:
    async with memory_ports("gateway", FixedClock(DUE)) as ports:
        own = GatewayPorts(
            bus=ports.bus,
            store=ports.store,
            warehouse=Keeper(ports.warehouse),
            secrets=ports.secrets,
            cache=ports.cache,
            clock=ports.clock,
            directory=Brands(brands(count)),
        )
        yield await start_runtime(SERVICE, own, ServiceSettings())


@pytest.mark.parametrize("task", COMMANDS)
@pytest.mark.parametrize("count", [0, 1, PAGE, PAGE + 1, 3 * PAGE + 5])
async def test_every_brand_is_told_once_in_its_own_scope(task: str, count: int) -> None:
    async with gateway_of(count) as runtime:
        await TASKS[task](runtime, DUE)
        events = published(runtime, COMMANDS[task])
        assert sorted((event.scope for event in events), key=_place) == brands(count)
        assert [event.entity for event in events] == [str(event.scope.brand_id) for event in events]
        assert {event.source for event in events} <= {"gateway"}
        assert set(runtime.ports.directory.calls) == {PAGE}


async def test_a_sync_asks_for_yesterday_and_today_of_every_platform() -> None:
    async with gateway_of(1) as runtime:
        await TASKS["sync"](runtime, DUE)
        (event,) = published(runtime, SyncRequested)
        assert event.payload == SyncRequested(requested_at=DUE)
        assert event.time == DUE


@pytest.mark.parametrize("task", COMMANDS)
async def test_a_task_asked_again_within_its_hour_publishes_the_same_events(task: str) -> None:
    async with gateway_of(3) as runtime:
        await TASKS[task](runtime, DUE)
        first = {event.id for event in published(runtime, COMMANDS[task])}
        await TASKS[task](runtime, LATE)
        assert {event.id for event in published(runtime, COMMANDS[task])} == first
        await TASKS[task](runtime, LATE + timedelta(seconds=1))
        assert len({event.id for event in published(runtime, COMMANDS[task])}) == 2 * len(first) == 6


async def test_one_brand_s_failure_keeps_nobody_else_waiting_and_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    async with gateway_of(2 * PAGE) as runtime:
        unlucky, inner = brands(2 * PAGE)[3], runtime.ports.store.transact

        async def transact(scope: TenantContext, work: Any, **more: Any) -> Any:
            if scope == unlucky:
                raise EngineUnavailable("no answer")
            return await inner(scope, work, **more)

        with monkeypatch.context() as patched:
            patched.setattr(runtime.ports.store, "transact", transact)
            with pytest.raises(EngineUnavailable):
                await TASKS["sync"](runtime, DUE)
        scopes = [event.scope for event in published(runtime, SyncRequested)]
        assert sorted(scopes, key=_place) == [each for each in brands(2 * PAGE) if each != unlucky]
        await TASKS["sync"](runtime, DUE)
        assert unlucky in [event.scope for event in published(runtime, SyncRequested)]


async def test_the_warehouse_keeps_each_tenant_s_rows_once_an_hour() -> None:
    async with gateway_of(3 * PAGE + 5) as runtime:
        for at in (DUE, LATE):
            await TASKS["refresh"](runtime, at)
            await run_effects(runtime)
        tenants = sorted({each.tenant_id for each in brands(3 * PAGE + 5)})
        assert sorted(runtime.ports.warehouse.kept) == tenants
        await TASKS["refresh"](runtime, LATE + timedelta(seconds=1))
        await run_effects(runtime)
        assert sorted(runtime.ports.warehouse.kept) == sorted(2 * tenants)


class Chains:
    """Checksums of one row added on the day before `DUE` and of one on its own, for each brand asked about."""

    def __init__(self) -> None:
        self.closed: dict[TenantContext, list[date]] = {}

    async def sums(self, scope: TenantContext) -> Checksums:
        days = (DUE.date() - timedelta(days=1), DUE.date())
        return Checksums(DUE, tuple(DayChecksum(day, DUE, "orders", 1, 1) for day in days), frozenset())

    async def heads(self, scope: TenantContext) -> dict[date, str]:
        return {}

    async def close(self, scope: TenantContext, heads: Mapping[date, str]) -> None:
        self.closed[scope] = list(heads)


class Owned:
    """The identity store, as far as it says which brands a tenant has."""

    async def brands(self, scope: TenantContext) -> list[SimpleNamespace]:
        return [SimpleNamespace(brand_id=UUID(int=number)) for number in (7, 8)]


async def test_a_refresh_closes_the_days_that_are_over_for_each_brand() -> None:
    async with gateway_of(1) as runtime:
        chains, tenant = Chains(), brands(1)[0].brand(NO_BRAND)
        ports = replace(runtime.ports, checksums=chains, identity_store=Owned())
        await keep_current(ports, StoredEffect(tenant, REFRESH, "current", DUE, {}))
        yesterday = DUE.date() - timedelta(days=1)
        assert chains.closed == {tenant.brand(UUID(int=number)): [yesterday] for number in (7, 8)}


async def test_a_tenant_whose_rows_could_not_be_kept_is_tried_again_alone() -> None:
    async with gateway_of(10) as runtime:
        keeper, (first, second) = runtime.ports.warehouse, sorted({each.tenant_id for each in brands(10)})
        keeper.away.add(first)
        await TASKS["refresh"](runtime, DUE)
        await run_effects(runtime)
        assert keeper.kept == [second]
        keeper.away.clear()
        runtime.ports.clock.advance(minutes=10)
        await run_effects(runtime)
        assert keeper.kept == [second, first]


def _place(scope: TenantContext) -> tuple[UUID, UUID]:
    return scope.tenant_id, scope.brand_id
