"""A brand's dashboard: a period in figures and what stands, all of one instant."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import date, datetime

from gateway.domain.advice import StandingAdvice
from gateway.domain.dashboard import Inventory, Performance, summary_of
from gateway.domain.periods import Period, period, today
from gateway.use_cases.advice import advice_of
from gateway.use_cases.inventory import inventory_of
from gateway.use_cases.measuring import Measuring
from gateway.use_cases.performance import performance_of
from pulsepoint.brand.facts import SummaryFacts
from pulsepoint.brand.figures import Figure


@dataclass(frozen=True, slots=True)
class Dashboard:
    """A period in figures with the stock and the advice of the same instant.

    `first_day` and `last_day` are the days between which anything is known; None where nothing is.
    """

    first_day: date | None
    last_day: date | None
    performance: Performance
    inventory: Inventory
    advice: tuple[StandingAdvice, ...]
    summary: SummaryFacts


async def dashboard_of(measuring: Measuring, start: date | None, end: date | None, now: datetime) -> Dashboard:
    """The dashboard of days in the brand's timezone, thirty until today by default.

    Where the basis has an `as_of`, everything is as it was known then, and today is the day of then. Raises
    `MalformedInput` for days that make no period.
    """
    settings, seen_at = measuring.brand.settings, measuring.basis.as_of or now
    days = period(start, end, settings, seen_at)
    performance, inventory, advice, coverage, too_little = await asyncio.gather(
        performance_of(measuring, days),
        inventory_of(measuring, days),
        advice_of(measuring),
        measuring.rows("dashboard_days", timezone=settings.timezone),
        _too_little_data(measuring, days),
    )
    return Dashboard(
        first_day=coverage[0]["first_day"],
        last_day=coverage[0]["last_day"],
        performance=performance,
        inventory=inventory,
        advice=tuple(advice),
        summary=summary_of(
            performance,
            inventory,
            days_before=measuring.given("compared_days", days.days, days),
            today_counts=_ends_today(days, today(settings, seen_at)),
            too_little_data=too_little,
        ),
    )


def _ends_today(days: Period, today: date) -> bool:
    return days.start <= today <= days.end


async def _too_little_data(measuring: Measuring, days: Period) -> Figure | None:
    """For how many campaigns the advisor last had too little data."""
    for row in await measuring.rows("dashboard_advice"):
        kept = SummaryFacts.of_row(row).figures.get("too_little_data")
        if kept is not None and kept.value is not None:
            return kept if kept.fact_id is not None else measuring.given("too_little_data", kept.value, days)
    return None
