"""The business clock runs at its speed and never jumps when the speed changes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from sandbox.platforms.clock import BusinessClock
from tests.builders.sandbox import WallClock

START = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)


def test_an_hour_of_the_world_passes_in_a_minute_at_sixty() -> None:
    wall = WallClock()
    clock = BusinessClock(START, speed=60, wall=wall)
    wall.advance(minutes=1)
    assert clock.now() == START + timedelta(hours=1)
    assert clock.offset() == clock.now() - wall.now


def test_another_speed_takes_over_where_the_clock_is() -> None:
    wall = WallClock()
    clock = BusinessClock(START, speed=60, wall=wall)
    wall.advance(minutes=1)
    clock.set_speed(1)
    assert clock.now() == START + timedelta(hours=1)
    wall.advance(minutes=1)
    assert clock.now() == START + timedelta(hours=1, minutes=1)


def test_a_standing_clock_reaches_nothing_new() -> None:
    wall = WallClock()
    clock = BusinessClock(START, speed=0, wall=wall)
    wall.advance(days=1)
    assert clock.now() == START


@pytest.mark.parametrize("speed", [-1, 90_000])
def test_a_speed_that_cannot_be_is_refused(speed: float) -> None:
    with pytest.raises(ValueError, match="a speed is from"):
        BusinessClock(START, speed=speed)
