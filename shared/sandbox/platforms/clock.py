"""The business clock: what "now" is in the world, running from wall time at a speed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

FASTEST = 86_400.0


def wall_time() -> datetime:
    """The machine's own clock, UTC."""
    return datetime.now(UTC)


class BusinessClock:
    """World time: `speed` world seconds a wall second since it was set; 1 is real time, 0 stands still."""

    def __init__(
        self, start: datetime | None = None, *, speed: float = 1.0, wall: Callable[[], datetime] = wall_time
    ) -> None:
        """Begin at `start` (aware), else at wall time. Raises `ValueError` for a speed that cannot be."""
        self._wall = wall
        self._speed = _checked(speed)
        self._wall_base = wall()
        self._world_base = (start or self._wall_base).astimezone(UTC)

    @property
    def speed(self) -> float:
        """World seconds a wall second."""
        return self._speed

    def now(self) -> datetime:
        """The world's moment, UTC."""
        return self._world_base + (self._wall() - self._wall_base) * self._speed

    def offset(self) -> timedelta:
        """The world's moment less wall time, as it is now; negative where the world is behind."""
        return self.now() - self._wall()

    def set_speed(self, speed: float) -> None:
        """Run at another speed from now on; the moment does not jump. Raises `ValueError`."""
        checked = _checked(speed)
        self._world_base, self._wall_base = self.now(), self._wall()
        self._speed = checked


def _checked(speed: float) -> float:
    if not 0 <= speed <= FASTEST:
        raise ValueError(f"a speed is from 0 to {FASTEST:.0f}, got {speed}")
    return float(speed)
