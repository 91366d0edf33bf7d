"""Runs effects on the outside: due ones are claimed, performed outside any transaction, and concluded inside one."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid5

import structlog
from opentelemetry.trace import SpanKind

from pulsepoint.errors import VendorError
from pulsepoint.events.envelope import EVENT_NAMESPACE
from pulsepoint.faults import Faults
from pulsepoint.ports.document_store import StoredEffect
from pulsepoint.runtime.outcome import EffectDefinition, GiveUp, Outcome, Reader
from pulsepoint.runtime.pipeline import Pipeline
from pulsepoint.runtime.quarantine import QuarantineStore
from pulsepoint.runtime.suspension import PAUSE, Suspensions
from pulsepoint.telemetry import Telemetry
from pulsepoint.tenancy import TenantContext

log = structlog.get_logger(__name__)
PARALLEL = 32
HANDED_BACK = timedelta(seconds=1)
"""For so long an effect waits whose brand holds as many places as are left for all others."""
LONGEST_WAIT = 86_400.0
"""Seconds: a vendor that asks for more is asked again after a day all the same."""


class EffectRunner:
    """The effects of one service.

    A brand gets a place only while it holds fewer than are free: the half that one may take with a vendor that
    hangs leaves a quarter to the next, and so on.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        definitions: Mapping[str, EffectDefinition],
        telemetry: Telemetry,
        quarantine: QuarantineStore,
        faults: Faults,
        suspensions: Suspensions,
    ) -> None:
        self._pipeline = pipeline
        self._suspensions = suspensions
        self._quarantine = quarantine
        self._faults = faults
        self._definitions = definitions
        self._telemetry = telemetry
        self._running: dict[asyncio.Task[None], TenantContext] = {}

    async def start_due(self) -> int:
        """Claim what is due and start it; how many were started."""
        lease = max((definition.timeout for definition in self._definitions.values()), default=30.0) + 30.0
        # One moment for all: what is handed back is due after it, so that this ends however long the claims take.
        store, now, started = self._pipeline.ports.store, self._pipeline.ports.clock.now(), 0
        while (free := self._free()) > 0:
            due = await store.claim_due_effects(now, lease_seconds=lease, limit=free)
            handed_back = [effect for effect in due if not self._start(effect)]
            for effect in handed_back:
                # Its attempts stay as many: none failed.
                await store.postpone_effect(replace(effect, attempts=effect.attempts - 1), now + HANDED_BACK)
            started += len(due) - len(handed_back)
            if not handed_back:
                break  # else others may be due behind those
        return started

    def _free(self) -> int:
        return PARALLEL - len(self._running)

    def _start(self, effect: StoredEffect) -> bool:
        """Start it, unless its brand holds as many places as are free."""
        if sum(scope == effect.scope for scope in self._running.values()) >= self._free():
            return False
        task = asyncio.create_task(self.run(effect), name=f"{self._pipeline.service}:{effect.kind}")
        self._running[task] = effect.scope
        task.add_done_callback(self._running.pop)
        return True

    async def finish(self) -> None:
        """Wait for the effects that are running."""
        if self._running:
            await asyncio.gather(*self._running, return_exceptions=True)

    async def run(self, effect: StoredEffect) -> None:
        """Perform and conclude one effect; a failure is stored with the time of the next attempt."""
        definition = self._definitions.get(effect.kind)
        if definition is None:
            log.error("effect.unknown", kind=effect.kind, service=self._pipeline.service)
            return
        with self._telemetry.span(
            f"effect {effect.kind}", kind=SpanKind.CLIENT, links=effect.causes, scope=effect.scope
        ):
            try:
                if not definition.goes_on_suspended and await self._suspensions.holds(effect.scope):
                    await self._pause(effect)
                    return
                await self._run(definition, effect)
                self._faults.clear(*self._fault_key(effect))
            except asyncio.CancelledError:
                raise
            except Exception as error:
                await self._failed(definition, effect, error)

    async def _run(self, definition: EffectDefinition, effect: StoredEffect) -> None:
        result: object = None
        if definition.run is not None:
            async with asyncio.timeout(definition.timeout):
                result = await definition.run(self._pipeline.ports, effect)

        async def on_success(reader: Reader) -> Outcome:
            return await definition.on_success(reader, effect, result)

        await self._pipeline.execute(
            effect.scope, on_success, dedup_key=_run_id(effect, "done"), finished_effect=effect
        )

    async def _pause(self, effect: StoredEffect) -> None:
        """Let it wait; its attempts stay as many: none failed."""
        due = self._pipeline.ports.clock.now() + PAUSE
        await self._pipeline.ports.store.postpone_effect(replace(effect, attempts=effect.attempts - 1), due)

    async def _failed(self, definition: EffectDefinition, effect: StoredEffect, error: Exception) -> None:
        if not self._faults.stop_delivery:
            self._faults.report_effect(*self._fault_key(effect), effect.scope)
        log.warning(
            "effect.failed",
            kind=effect.kind,
            service=self._pipeline.service,
            attempts=effect.attempts + 1,
            error=type(error).__name__,
            detail=str(error)[:300],
        )
        try:
            if definition.on_failure is not None:
                await self._record_failure(definition.on_failure, effect, error)
            if effect.attempts + 1 >= definition.max_attempts:
                names = definition.names_of_failure(effect, error) if definition.names_of_failure is not None else {}
                log.error("effect.given_up", kind=effect.kind, service=self._pipeline.service, key=effect.key)
                await self._quarantine.dead_effect(effect, effect.attempts + 1, error, names)
                self._faults.clear(*self._fault_key(effect))
                return
            due = self._pipeline.ports.clock.now() + _back_off(definition, effect, error)
            await self._pipeline.ports.store.postpone_effect(effect, due)
        except Exception as second:
            # The lease runs out and the effect is claimed again: nothing is lost.
            log.error("effect.not_postponed", kind=effect.kind, error=type(second).__name__)

    def _fault_key(self, effect: StoredEffect) -> tuple[str, str]:
        scope = f"{effect.scope.tenant_id}/{effect.scope.brand_id}"
        return f"{self._pipeline.service} {effect.kind}", f"{scope}/{effect.key}"

    async def _record_failure(self, on_failure: GiveUp, effect: StoredEffect, error: Exception) -> None:
        async def record(reader: Reader) -> Outcome:
            return await on_failure(reader, effect, error)

        await self._pipeline.execute(effect.scope, record, dedup_key=_run_id(effect, f"failed {effect.attempts}"))


def _run_id(effect: StoredEffect, step: str) -> UUID:
    scope = f"{effect.scope.tenant_id}/{effect.scope.brand_id}"
    return uuid5(EVENT_NAMESPACE, f"{scope}/{effect.kind}/{effect.key}/{effect.due_at.isoformat()}/{step}")


def _back_off(definition: EffectDefinition, effect: StoredEffect, error: Exception) -> timedelta:
    if isinstance(error, VendorError) and error.retry_after is not None:
        return timedelta(seconds=min(error.retry_after, LONGEST_WAIT))
    seconds = min(definition.last_retry, definition.first_retry * 2.0**effect.attempts)
    return timedelta(seconds=seconds * random.uniform(0.75, 1.25))  # noqa: S311 - jitter, not a secret
