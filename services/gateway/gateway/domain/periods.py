"""Days that numbers are about, in the brand's timezone and on its own clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from pulsepoint.errors import MalformedInput
from pulsepoint.events.brands import BrandConfigured

DEFAULT_DAYS = 30
MAX_DAYS = 3 * 366


@dataclass(frozen=True, slots=True)
class Period:
    """From `start` to `end`, both included."""

    start: date
    end: date

    @property
    def days(self) -> int:
        """The number of days."""
        return (self.end - self.start).days + 1

    def before(self) -> Period:
        """As many days, right before."""
        return Period(self.start - timedelta(days=self.days), self.start - timedelta(days=1))


def today(settings: BrandConfigured, now: datetime) -> date:
    """The brand's day: wall time moved by its clock's offset, in its timezone."""
    return (now + timedelta(seconds=settings.clock_offset_seconds)).astimezone(ZoneInfo(settings.timezone)).date()


def period(start: date | None, end: date | None, settings: BrandConfigured, now: datetime) -> Period:
    """The requested days; what is left out makes it thirty days, until today.

    Raises `MalformedInput` for days in the wrong order, out of the calendar or more than three years.
    """
    try:
        last = end or (start + timedelta(days=DEFAULT_DAYS - 1) if start else today(settings, now))
        first = start or last - timedelta(days=DEFAULT_DAYS - 1)
        days = Period(first, last)
        days.before()
    except OverflowError:
        raise MalformedInput("start_date and end_date must be within the calendar") from None
    if first > last:
        raise MalformedInput("start_date must not be after end_date")
    if days.days > MAX_DAYS:
        raise MalformedInput(f"at most {MAX_DAYS} days can be asked for at once")
    return days
