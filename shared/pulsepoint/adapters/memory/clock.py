"""A clock that moves only when told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

START = datetime(2026, 1, 1, tzinfo=UTC)


class FixedClock:
    """Stands at `moment` (UTC) until `advance` or `set` moves it."""

    def __init__(self, timestamp: datetime = START) -> None:
        self._timestamp = timestamp

    def now(self) -> datetime:
        """The instant it stands at."""
        return self._timestamp

    def advance(self, **parts: float) -> None:
        """Move on by `timedelta(**parts)`."""
        self._timestamp += timedelta(**parts)

    def set(self, timestamp: datetime) -> None:
        """Stand at another instant."""
        self._timestamp = timestamp
