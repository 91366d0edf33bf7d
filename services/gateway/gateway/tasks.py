"""The gateway's scheduled tasks: one function per task, each for every brand of every active tenant.

A request carries the hour that the task was due, not the time it ran: called twice in that hour, it
publishes the same event ids, of which the second change nothing. An hour, for daily tasks too: where clocks are
turned, two days' runs may fall on one day of UTC.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime

import structlog

from gateway.bootstrap import Ports
from gateway.ports import Directory
from gateway.verification.recorded import close_days
from pulsepoint.events.commands import AnalysisRequested, SyncRequested
from pulsepoint.events.envelope import Payload, derive_id, new_event
from pulsepoint.ports.checksums import checksum_key
from pulsepoint.ports.document_store import StoredEffect
from pulsepoint.runtime.app import Runtime
from pulsepoint.runtime.outcome import NOTHING, Effect, EffectDefinition, Outcome, Reader
from pulsepoint.runtime.service import Task
from pulsepoint.tenancy import NO_BRAND, SYSTEM, TenantContext

log = structlog.get_logger(__name__)
PAGE = 16
"""Brands looked up at once and served side by side."""
REFRESH = "warehouse.refresh"


async def sync(runtime: Runtime[Ports], at: datetime) -> None:
    """Have the ad accounts of every brand pulled."""
    hour = _hour(at)
    await _tell_all(runtime, SyncRequested(requested_at=hour), hour)


async def analysis(runtime: Runtime[Ports], at: datetime) -> None:
    """Have stock, advice and alerts of every brand judged anew."""
    hour = _hour(at)
    await _tell_all(runtime, AnalysisRequested(requested_at=hour), hour)


async def refresh(runtime: Runtime[Ports], at: datetime) -> None:
    """Have the warehouse keep the current rows of every tenant that has a brand, each tried again by itself."""
    version = _micros(_hour(at))

    async def ask(scope: TenantContext) -> None:
        async def work(reader: Reader) -> Outcome:
            return Outcome(effects=[Effect(REFRESH, "current", {})])

        dedup_key = derive_id(f"{scope.tenant_id}/{runtime.service.name}", REFRESH, version, "")
        await runtime.pipeline.execute(scope, work, dedup_key=dedup_key)

    await _for_each(_tenants(runtime.ports.directory), ask)


TASKS: dict[str, Task] = {"sync": sync, "analysis": analysis, "refresh": refresh}


async def keep_current(ports: Ports, effect: StoredEffect) -> int:
    """Close the chains of the days that are over, then ask the warehouse; the bytes billed."""
    await _close_chains(ports, effect.scope)
    billed: int = await ports.warehouse.refresh_current(effect.scope)
    log.info("warehouse.refreshed", tenant=str(effect.scope.tenant_id), bytes_billed=billed)
    return billed


async def _close_chains(ports: Ports, scope: TenantContext) -> None:
    """Keep the heads of each brand's checksums, where an engine keeps checksums."""
    if ports.checksums is None:
        return
    key = await checksum_key(ports.secrets, scope)
    for brand in await ports.identity_store.brands(scope):
        await close_days(ports.checksums, scope.brand(brand.brand_id), key, ports.clock.now())


async def forget(reader: Reader, effect: StoredEffect, result: object) -> Outcome:
    """Nothing rests on it: what was billed is in the log, and with Google."""
    return NOTHING


EFFECTS: dict[str, EffectDefinition] = {
    REFRESH: EffectDefinition(run=keep_current, on_success=forget, timeout=900.0, first_retry=60.0, max_attempts=5)
}


async def _tell_all(runtime: Runtime[Ports], command: Payload, hour: datetime) -> None:
    async def tell(scope: TenantContext) -> None:
        event = new_event(
            command,
            source=runtime.service.name,
            entity=str(scope.brand_id),
            version=_micros(hour),
            scope=scope,
        )

        async def work(reader: Reader) -> Outcome:
            return Outcome(events=[event])

        await runtime.pipeline.execute(scope, work, dedup_key=event.id)

    await _for_each(_brands(runtime.ports.directory), tell)


async def _for_each(pages: AsyncIterator[list[TenantContext]], do: Callable[[TenantContext], Awaitable[None]]) -> None:
    """A failure keeps nobody else from their turn; raises the first of them in the end."""
    failed: list[BaseException] = []
    async for page in pages:
        done = await asyncio.gather(*(do(scope) for scope in page), return_exceptions=True)
        failed.extend(result for result in done if isinstance(result, BaseException))
    if failed:
        log.warning("task.incomplete", failed=len(failed))
        raise failed[0]


async def _brands(directory: Directory) -> AsyncIterator[list[TenantContext]]:
    last = SYSTEM
    while page := await directory.active_brands(after=last, limit=PAGE):
        yield page
        last = page[-1]


async def _tenants(directory: Directory) -> AsyncIterator[list[TenantContext]]:
    """A tenant whose brands fill several pages comes again: its dedup key is there by then."""
    async for page in _brands(directory):
        yield list(dict.fromkeys(scope.brand(NO_BRAND) for scope in page))


def _hour(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)


def _micros(timestamp: datetime) -> int:
    return int(timestamp.timestamp()) * 1_000_000
