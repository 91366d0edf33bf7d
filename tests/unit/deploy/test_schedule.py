"""The clock of one machine: each job once when it is due, again while it fails, never what lies before the start."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from deploy.local.schedule import JOBS, Job, keep_schedule, last_due
from gateway.tasks import TASKS
from pulsepoint.adapters.memory.clock import FixedClock

START = datetime(2026, 3, 1, 0, 30, 12, 345678, tzinfo=UTC)
ANALYSIS = Job("analysis", hour=2)


class Ended(Exception):
    """The test's time is over."""


class Watch:
    """A clock that each sleep moves on, and what was asked for by it, with the status to answer."""

    def __init__(self, start: datetime = START) -> None:
        self.clock = FixedClock(start)
        self.requested: list[tuple[str, datetime]] = []
        self.at: list[datetime] = []
        self.answers: list[int | Exception] = []

    async def ask(self, task: str, due: datetime) -> int:
        self.requested.append((task, due))
        self.at.append(self.clock.now())
        answer = self.answers.pop(0) if self.answers else 204
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def run(self, *, zone: str = "UTC", slept: dict[int, float] | None = None, **until: float) -> None:
        """Keep the schedule for so long; sleep number n takes `slept[n]` seconds more than asked."""
        end, count = self.clock.now() + timedelta(**until), 0

        async def sleep(seconds: float) -> None:
            nonlocal count
            assert 0 < seconds <= 60
            self.clock.advance(seconds=seconds + (slept or {}).get(count, 0.0))
            count += 1
            if self.clock.now() >= end:
                raise Ended

        with pytest.raises(Ended):
            await keep_schedule(self.clock, ZoneInfo(zone), self.ask, sleep)


def test_every_task_of_the_gateway_is_a_job_and_no_other() -> None:
    assert sorted(job.task for job in JOBS) == sorted(TASKS)


async def test_a_day_syncs_hourly_and_judges_and_keeps_once() -> None:
    watch = Watch()
    await watch.run(days=1)
    assert Counter(task for task, _ in watch.requested) == {"sync": 24, "analysis": 1, "refresh": 1}
    assert [due.hour for task, due in watch.requested if task == "analysis"] == [2]
    assert [due for _, due in watch.requested] == watch.at


async def test_what_was_due_before_the_start_is_left_out() -> None:
    watch = Watch(START.replace(hour=2, minute=0, second=0, microsecond=0))
    await watch.run(minutes=59)
    assert watch.requested == []


async def test_a_sleep_that_ends_early_asks_once() -> None:
    watch = Watch()
    await watch.run(slept={29: -0.25}, minutes=40)
    due = START.replace(hour=1, minute=0, second=0, microsecond=0)
    assert watch.requested == [("sync", due), ("refresh", due)]


async def test_after_a_machine_slept_the_last_moment_of_each_job_counts() -> None:
    watch = Watch()
    await watch.run(slept={3: 5.5 * 3600}, hours=6)
    hours = {(task, due.hour) for task, due in watch.requested}
    assert hours == {("sync", 6), ("analysis", 2), ("refresh", 1)} and len(watch.requested) == 3


@pytest.mark.parametrize("failure", [503, 404, OSError("gone")])
async def test_what_fails_is_asked_for_again_for_the_same_moment(failure: int | Exception) -> None:
    watch = Watch()
    watch.answers = [failure, 204, failure]
    await watch.run(minutes=50)
    due = START.replace(hour=1, minute=0, second=0, microsecond=0)
    assert watch.requested == [("sync", due), ("refresh", due), ("sync", due), ("sync", due)]
    assert [at.minute for at in watch.at] == [0, 0, 1, 2]


@pytest.mark.parametrize(
    ("zone", "now", "due"),
    [
        ("UTC", "2026-03-01T02:00:00", "2026-03-01T02:00:00"),
        ("UTC", "2026-03-01T01:59:59", "2026-02-28T02:00:00"),
        ("Asia/Kolkata", "2026-03-01T20:30:00", "2026-03-01T20:30:00"),
        ("Europe/Helsinki", "2026-03-28T00:00:00", "2026-03-28T00:00:00"),
        # Clocks go forward on the 29th: two runs on one day of UTC.
        ("Europe/Helsinki", "2026-03-29T23:00:00", "2026-03-29T23:00:00"),
        # 02:00 does not exist on 8 March in New York, and is twice 01:00 to 02:00 on 1 November.
        ("America/New_York", "2026-03-08T12:00:00", "2026-03-08T07:00:00"),
        ("America/New_York", "2026-11-01T06:59:00", "2026-10-31T06:00:00"),
        ("America/New_York", "2026-11-01T07:00:00", "2026-11-01T07:00:00"),
    ],
)
def test_a_daily_job_is_due_by_the_zone_s_clocks(zone: str, now: str, due: str) -> None:
    moment = datetime.fromisoformat(now).replace(tzinfo=UTC)
    assert last_due(ANALYSIS, moment, ZoneInfo(zone)) == datetime.fromisoformat(due).replace(tzinfo=UTC)


def test_an_hourly_job_follows_zones_that_are_half_an_hour_off() -> None:
    now = datetime(2026, 3, 1, 20, 29, 59, tzinfo=UTC)
    assert last_due(Job("sync"), now, ZoneInfo("Asia/Kolkata")) == datetime(2026, 3, 1, 19, 30, tzinfo=UTC)
