"""Days of ad channels, measured as the metric catalog measures them, for the rules that alerts are judged by."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from alerting.domain import claims, roas, tracking
from pulsepoint.brand import figures
from pulsepoint.metrics.basis import Period
from pulsepoint.metrics.catalog import divided
from pulsepoint.money import MICROS


@dataclass(frozen=True, slots=True)
class ChannelTotals:
    """What a channel spent, was credited and sold on a day; money in micros, claimed purchases in millionths."""

    channel: str
    day: date
    spend_micros: int
    revenue_micros: int
    orders: int
    claimed_micros: int | None = 0


@dataclass(frozen=True, slots=True)
class OrderTotals:
    """A day's orders, those that lead back to a tagged link, those without any visit, and what ads spent.

    `seen` are those by a visit from outside, `noted` those of them that the pixel saw.
    """

    day: date
    orders: int
    traced: int
    untouched: int
    spend_micros: int
    seen: int = 0
    noted: int = 0


def compared(rows: Iterable[ChannelTotals], last: date) -> list[roas.Compared]:
    """Every channel's recent days, the last of which is `last`, against those before."""
    days, kept = roas.Days.until(last), list(rows)
    daily = [roas.ChannelDay(row.channel, row.day, row.spend_micros, row.orders) for row in kept]
    return roas.compare(days, _channels(kept, days.recent), _channels(kept, days.base), daily)


def claimed(rows: Iterable[ChannelTotals], last: date) -> list[claims.Compared]:
    """Every channel's claims of the recent days, the last of which is `last`, against those before."""
    days, kept = roas.Days.until(last), list(rows)
    return claims.compare(_claimed(kept, days.recent), _claimed(kept, days.base))


def tracked(rows: Sequence[OrderTotals], last: date) -> tuple[tracking.Shares, tracking.Shares]:
    """The recent days and those before."""
    days = roas.Days.until(last)
    return _shares(rows, days.recent), _shares(rows, days.base)


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


def _claimed(rows: Iterable[ChannelTotals], period: Period) -> Mapping[str, claims.Claimed]:
    inside = [row for row in rows if period.start <= row.day <= period.end]
    return {
        channel: claims.Claimed(
            purchases=figures.rate(_sum(row.claimed_micros for row in inside if row.channel == channel)),
            spend=figures.money(sum(row.spend_micros for row in inside if row.channel == channel), "EUR"),
            orders=figures.count(sum(row.orders for row in inside if row.channel == channel)),
        )
        for channel in {row.channel for row in inside}
    }


def _sum(values: Iterable[int | None]) -> int | None:
    """Their sum; None where none is known."""
    numbers = [value for value in values if value is not None]
    return sum(numbers) if numbers else None


def _shares(rows: Sequence[OrderTotals], period: Period) -> tracking.Shares:
    inside = [row for row in rows if period.start <= row.day <= period.end]
    orders, seen = sum(row.orders for row in inside), sum(row.seen for row in inside)
    return tracking.Shares(
        links=_share(sum(row.traced for row in inside), orders),
        pixel=_share(sum(row.noted for row in inside), seen),
        untouched=figures.count(sum(row.untouched for row in inside)),
        spend=figures.money(sum(row.spend_micros for row in inside), "EUR"),
        spend_days=(period.end - period.start).days + 1,
    )


def _share(hits: int, orders: int) -> tracking.Share:
    value = figures.ratio(divided(hits, orders, MICROS))
    return tracking.Share(value, figures.count(hits), figures.count(orders))
