"""The clock where there is no Cloud Scheduler: the gateway's jobs of `infra/scheduler.tf`, at the same hours."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import structlog

from pulsepoint.ports.clock import Clock

log = structlog.get_logger(__name__)
Ask = Callable[[str, datetime], Awaitable[int]]
"""`async (task, due) -> HTTP status`."""


@dataclass(frozen=True, slots=True)
class Job:
    """A task of the gateway, due at this hour of the day, or at every full hour."""

    task: str
    hour: int | None = None


JOBS = (Job("sync"), Job("refresh", hour=1), Job("analysis", hour=2))


def last_due(job: Job, now: datetime, zone: ZoneInfo) -> datetime:
    """The newest moment (UTC) at or before `now` at which the job is due by the zone's clocks."""
    due = now.astimezone(zone).replace(minute=0, second=0, microsecond=0)
    if job.hour is not None:
        due = due.replace(hour=job.hour, fold=0)
        if due.astimezone(UTC) > now:
            due -= timedelta(days=1)
    return due.astimezone(UTC)


async def keep_schedule(
    clock: Clock, zone: ZoneInfo, ask: Ask, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
) -> None:
    """Ask for each job when it is due, without end.

    What was due before the start is left out; of what was missed since (a machine that slept), the last. A job that
    fails is asked for again each minute, for the moment it was due: what it has done already changes nothing twice.
    """
    done = {job: last_due(job, clock.now(), zone) for job in JOBS}
    while True:
        now = clock.now()
        await sleep(60 - now.second - now.microsecond / 1_000_000)
        for job in JOBS:
            due = last_due(job, clock.now(), zone)
            if due > done[job] and await _run_task(ask, job.task, due):
                done[job] = due


async def _run_task(ask: Ask, task: str, due: datetime) -> bool:
    try:
        status = await ask(task, due)
    except Exception:
        log.exception("schedule.failed", task=task, due=due.isoformat())
        return False
    if status != 204:
        log.warning("schedule.refused", task=task, due=due.isoformat(), status=status)
    return status == 204
