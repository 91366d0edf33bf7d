"""Which days an assessment looks at."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

WINDOW_DAYS = 28
SHORTEST_WINDOW_DAYS = 7


@dataclass(frozen=True, slots=True)
class Window:
    """Brand-local days `start_day` to `end_day`, both included; `end_at` is the business clock's now.

    `first_sale_days` holds the day of the shop's first known sale, and nothing without one.
    """

    start_at: datetime
    end_at: datetime
    start_day: date
    end_day: date
    first_sale_days: tuple[date, ...] = ()

    @property
    def days(self) -> int:
        """Number of days, today included."""
        return (self.end_day - self.start_day).days + 1


def window_of(now: datetime, timezone: str, first_sale: datetime | None) -> Window:
    """The last 28 days up to the business time `now`, fewer for a young shop.

    Days before the shop's first known sale say nothing about what sells, so the window does not reach before it,
    but it never gets shorter than seven days: one good first morning is no velocity.
    """
    zone = ZoneInfo(timezone)
    end_day = now.astimezone(zone).date()
    first_days = () if first_sale is None else (first_sale.astimezone(zone).date(),)
    age_days = (end_day - first_days[0]).days + 1 if first_days else WINDOW_DAYS
    days = min(WINDOW_DAYS, max(SHORTEST_WINDOW_DAYS, age_days))
    start_day = end_day - timedelta(days=days - 1)
    start_at = datetime.combine(start_day, time(), tzinfo=zone).astimezone(UTC)
    return Window(start_at, now, start_day, end_day, first_days)
