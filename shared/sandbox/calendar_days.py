"""Days of the shop's timezone as seconds since 1970."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo


class Calendar:
    """The bounds of days, and the day of a moment."""

    def __init__(self, timezone: str) -> None:
        self._zone = ZoneInfo(timezone)

    def starts_at(self, day: date) -> int:
        """The first second of a day."""
        return int(datetime.combine(day, time(), self._zone).timestamp())

    def ends_at(self, day: date) -> int:
        """The first second of the next day."""
        return self.starts_at(day + timedelta(days=1))

    def day_of(self, at: int) -> date:
        """The day of a moment."""
        return datetime.fromtimestamp(at, self._zone).date()
