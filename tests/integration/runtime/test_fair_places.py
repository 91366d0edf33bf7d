"""A vendor that hangs for one brand takes no place from the others."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from pulsepoint.adapters.memory.clock import FixedClock
from pulsepoint.ports.document_store import Commit, StoredEffect
from pulsepoint.runtime.effects import PARALLEL
from pulsepoint.runtime.outcome import NOTHING, EffectDefinition, Outcome, Reader
from pulsepoint.runtime.routes import Routes
from pulsepoint.tenancy import TenantContext
from tests.builders.runtime import run_effects, running

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SLOW = TenantContext(UUID(int=1), UUID(int=11))
OTHER = TenantContext(UUID(int=2), UUID(int=22))


class Vendor:
    """Hangs for the slow brand until `go`; remembers whom it served and with which attempt."""

    def __init__(self) -> None:
        self.go, self.served_other = asyncio.Event(), asyncio.Event()
        self.runs: list[tuple[TenantContext, str, int]] = []

    async def run(self, ports: Any, effect: StoredEffect) -> None:
        self.runs.append((effect.scope, effect.key, effect.attempts))
        if effect.scope == SLOW:
            await self.go.wait()
        else:
            self.served_other.set()


async def concluded(reader: Reader, effect: StoredEffect, result: Any) -> Outcome:
    return NOTHING


async def ask(runtime: Any, scope: TenantContext, keys: range) -> None:
    effects = [StoredEffect(scope, "post", f"{key:03}", NOW, {}) for key in keys]

    async def work(transaction: Any) -> Commit:
        return Commit(uuid4(), effects=effects)

    await runtime.ports.store.transact(scope, work)


async def test_a_brand_whose_vendor_hangs_leaves_places_to_others() -> None:
    vendor, clock = Vendor(), FixedClock(NOW)
    definition = EffectDefinition(on_success=concluded, run=vendor.run)
    async with running("alerting", clock, Routes(), {"post": definition}) as runtime:
        await ask(runtime, SLOW, range(2 * PARALLEL))
        await runtime.effects.start_due()
        await ask(runtime, OTHER, range(1))
        await runtime.effects.start_due()
        await asyncio.wait_for(vendor.served_other.wait(), 30)
        assert len(vendor.runs) == PARALLEL // 2 + 1
        vendor.go.set()
        await runtime.effects.finish()

        for _ in range(3):
            clock.advance(seconds=2)
            await run_effects(runtime)
        # Those that waited lost no attempt, and none of them is lost.
        slow = [(SLOW, f"{key:03}", 0) for key in range(2 * PARALLEL)]
        assert sorted(vendor.runs, key=repr) == sorted([*slow, (OTHER, "000", 0)], key=repr)


class HurryingClock(FixedClock):
    """Two seconds later each time it is read."""

    def __init__(self) -> None:
        super().__init__(NOW)
        self.read = 0

    def now(self) -> datetime:
        self.read += 1
        assert self.read < 1_000, "what is handed back is claimed again and again"
        self.advance(seconds=2)
        return super().now()


async def test_a_start_ends_though_what_is_handed_back_is_due_before_it_does() -> None:
    vendor = Vendor()
    definition = EffectDefinition(on_success=concluded, run=vendor.run)
    async with running("alerting", HurryingClock(), Routes(), {"post": definition}) as runtime:
        await ask(runtime, SLOW, range(2 * PARALLEL))
        assert await runtime.effects.start_due() == PARALLEL // 2
        vendor.go.set()
        await runtime.effects.finish()
