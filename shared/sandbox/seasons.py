"""The movement of demand over the year, the week, the month and the day; all factors in parts per million."""

from __future__ import annotations

import calendar
from datetime import date

from sandbox.draws import Table
from sandbox.settings import PPM

SHOP_YEAR = (800, 820, 940, 1_030, 1_120, 1_130, 1_050, 960, 940, 950, 1_130, 1_130)
"""Demand by month in thousandths; the twelve add up to 12,000."""

WEEK = (1_030, 960, 950, 970, 930, 970, 1_190)
"""Demand from Monday to Sunday in thousandths; they add up to 7,000."""

PAYDAY_PPM, OTHER_DAYS_PPM = 1_100_000, 968_000
_PAYDAYS = frozenset((1, 2, 27, 28, 29, 30, 31))

PRODUCT_YEARS: dict[str, tuple[int, ...]] = {
    "steady": (1_000,) * 12,
    "summer": (400, 500, 800, 1_100, 1_500, 1_800, 1_800, 1_500, 1_000, 700, 450, 450),
    "winter": (1_700, 1_500, 1_000, 650, 400, 300, 300, 450, 900, 1_300, 1_700, 1_800),
    "rain": (900, 900, 1_100, 1_200, 1_000, 800, 800, 900, 1_200, 1_300, 1_000, 900),
}
"""A product's share of demand by month, in thousandths; each adds up to 12,000."""

HOURS = Table((9, 5, 3, 2, 2, 4, 11, 22, 34, 44, 52, 56, 60, 58, 54, 52, 52, 56, 64, 80, 98, 92, 58, 26))
"""The share of visits by local hour."""


def _monthly(table: tuple[int, ...], day: date) -> int:
    """The table's value on `day` in ppm, going straight from mid-month to mid-month."""
    length = calendar.monthrange(day.year, day.month)[1]
    here = table[day.month - 1]
    # Twice the days from mid-month, so that halves stay whole.
    doubled = 2 * day.day - 1 - length
    other = table[day.month % 12] if doubled >= 0 else table[day.month - 2]
    return (here * 1_000) + (other - here) * 1_000 * abs(doubled) // (2 * length)


def damped(factor_ppm: int, strength_ppm: int) -> int:
    """`factor_ppm` brought nearer to one, in ppm: strength 0 makes it one."""
    return PPM + (factor_ppm - PPM) * strength_ppm // PPM


def day_factor(day: date, strength_ppm: int) -> int:
    """Demand of `day` against the year's mean: season, weekday and payday."""
    season = _monthly(SHOP_YEAR, day)
    week = WEEK[day.weekday()] * 1_000
    payday = PAYDAY_PPM if day.day in _PAYDAYS else OTHER_DAYS_PPM
    return damped(season * week // PPM * payday // PPM, strength_ppm)


def product_factor(profile: str, day: date, strength_ppm: int) -> int:
    """A product's share of demand on `day` against its yearly mean."""
    return damped(_monthly(PRODUCT_YEARS[profile], day), strength_ppm)
