"""Days of ad channels, measured as the metric catalog measures them, for the rules that alerts are judged by."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from alerting.domain import roas, tracking
from pulsepoint.brand import figures
from pulsepoint.metrics.basis import Period
from pulsepoint.metrics.catalog import divided
from pulsepoint.money import MICROS


@dataclass(frozen=True, slots=True)
class ChannelTotals:
    """What a channel spent, was credited and sold on a day; money in micros."""

    channel: str
    day: date
    spend_micros: int
    revenue_micros: int
    orders: int


@dataclass(frozen=True, slots=True)
class OrderTotals:
    """A day's orders, those that lead back to a tagged link, those without any visit, and what ads spent."""

    day: date
    orders: int
    traced: int
    untouched: int
    spend_micros: int


def compared(rows: Iterable[ChannelTotals], last: date) -> list[roas.Compared]:
    """Every channel's recent days, the last of which is `last`, against those before."""
    days, kept = roas.Days.until(last), list(rows)
    daily = [roas.ChannelDay(row.channel, row.day, row.spend_micros, row.orders) for row in kept]
    return roas.compare(days, _channels(kept, days.recent), _channels(kept, days.base), daily)


def traced(rows: Sequence[OrderTotals], last: date) -> tuple[tracking.Traced, tracking.Traced]:
    """The recent days and those before."""
    days = roas.Days.until(last)
    return _traced(rows, days.recent), _traced(rows, days.base)


def _channels(rows: Iterable[ChannelTotals], period: Period) -> Mapping[str, roas.Measured]:
    sums: dict[str, list[int]] = {}
    for row in rows:
        if period.start <= row.day <= period.end:
            totals = sums.setdefault(row.channel, [0, 0, 0])
            totals[0] += row.spend_micros
            totals[1] += row.revenue_micros
            totals[2] += row.orders
    return {
        channel: roas.Measured(
            roas=figures.ratio(divided(revenue, spend, MICROS)),
            spend=figures.money(spend, "EUR"),
            orders=figures.count(orders),
        )
        for channel, (spend, revenue, orders) in sums.items()
    }


def _traced(rows: Sequence[OrderTotals], period: Period) -> tracking.Traced:
    inside = [row for row in rows if period.start <= row.day <= period.end]
    orders, traced = sum(row.orders for row in inside), sum(row.traced for row in inside)
    return tracking.Traced(
        share=figures.ratio(divided(traced, orders, MICROS)),
        traced=figures.count(traced),
        orders=figures.count(orders),
        untouched=figures.count(sum(row.untouched for row in inside)),
        spend=figures.money(sum(row.spend_micros for row in inside), "EUR"),
        spend_days=(period.end - period.start).days + 1,
    )
