"""Faults of the engines under this process and of its effects: `/readyz`, the page and doctor tell them.

Whoever notices a fault reports it and clears it when it is over; nothing is stored. The words are `fault.<reason>` in
the catalog of texts.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import structlog

from pulsepoint.ports.clock import Clock
from pulsepoint.tenancy import TenantContext

log = structlog.get_logger(__name__)
POLL_SECONDS = 0.2


class Reason(StrEnum):
    """Reasons of faults; stable words for programs."""

    POSTGRESQL_GONE = "postgresql_gone"
    POSTGRESQL_SILENT = "postgresql_silent"
    POSTGRESQL_NOT_STARTED = "postgresql_not_started"
    DISK_FULL = "disk_full"
    WAREHOUSE_FAILED = "warehouse_failed"
    WAREHOUSE_REBUILDING = "warehouse_rebuilding"
    WAREHOUSE_LOST = "warehouse_lost"
    ARCHIVE_LOST = "archive_lost"
    ARCHIVE_DAMAGED = "archive_damaged"
    EFFECT_FAILING = "effect_failing"

    @property
    def part(self) -> str:
        """`postgresql`, `disk`, `warehouse`, `archive` or `effect`."""
        return self.value.split("_", 1)[0]


STOPS_INTAKE = frozenset({"postgresql", "disk"})
"""Without these nothing that arrives can be kept, so senders are asked to come again."""
STOPS_DELIVERY = STOPS_INTAKE | {"warehouse", "archive"}
"""Without these no message can be finished, so none is tried and none runs out of attempts."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong since `since` (UTC); `done` of `total` is how far its repair is, 0 of 0: not known.

    `scope` and `work` (service and kind) are those of an effect that fails; for engines they are None and the damaged
    file, if any.
    """

    reason: Reason
    since: datetime
    scope: TenantContext | None = None
    work: str = ""
    done: int = 0
    total: int = 0

    @property
    def stops(self) -> bool:
        """True where no message can be finished until it is over."""
        return self.reason.part in STOPS_DELIVERY


class Faults:
    """The faults of one process; may be reported from any thread. Engines have at most one a part."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._faults: dict[tuple[str, str], Fault] = {}

    def report(self, reason: Reason, *, work: str = "", done: int = 0, total: int = 0) -> None:
        """Notes an engine's fault, or what has become of it: it keeps the moment it began."""
        self._note((reason.part, ""), Fault(reason, self._clock.now(), work=work, done=done, total=total))

    def report_effect(self, work: str, key: str, scope: TenantContext) -> None:
        """Notes that a brand's effect fails; `work` is its service and kind."""
        self._note((work, key), Fault(Reason.EFFECT_FAILING, self._clock.now(), scope, work))

    def _note(self, key: tuple[str, str], fault: Fault) -> None:
        before = self._faults.get(key)
        if before is None or before.reason != fault.reason:
            log.warning("fault.noticed", reason=fault.reason.value, work=fault.work)
        since = before.since if before else fault.since
        self._faults[key] = Fault(fault.reason, since, fault.scope, fault.work, fault.done, fault.total)

    def clear(self, part: str, key: str = "") -> None:
        """Forgets what is over: an engine's fault by its part, an effect's by its work and key."""
        if self._faults.pop((part, key), None) is not None:
            log.info("fault.over", part=part)

    def current(self) -> tuple[Fault, ...]:
        """All faults there are now, the oldest first."""
        return tuple(sorted(self._faults.copy().values(), key=lambda fault: fault.since))

    @property
    def stop_intake(self) -> bool:
        """True while nothing that arrives can be kept."""
        return any(fault.reason.part in STOPS_INTAKE for fault in self._faults.copy().values())

    @property
    def stop_delivery(self) -> bool:
        """True while no message can be finished."""
        return any(fault.stops for fault in self._faults.copy().values())

    async def delivery_possible(self) -> None:
        """Returns once messages can be finished."""
        while self.stop_delivery:  # noqa: ASYNC110 - engines report from threads of their own
            await asyncio.sleep(POLL_SECONDS)
