"""A brand's period in figures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta

from gateway.domain.dashboard import (
    CHANNEL,
    CLAIMS,
    DAY,
    TOTALS,
    UNATTRIBUTED,
    ChannelFigures,
    DayFigures,
    ForeignMoney,
    Performance,
)
from gateway.domain.periods import Period
from gateway.use_cases.measuring import Measuring, breakdown, figure, figures
from pulsepoint.brand.figures import Figures
from pulsepoint.brand.vocabulary import Channel
from pulsepoint.metrics.catalog import metric
from pulsepoint.metrics.definitions import GUESSED_CUSTOMERS, Sum
from pulsepoint.metrics.query import Excluded, MeasuredRow, Measurement


async def performance_of(measuring: Measuring, days: Period) -> Performance:
    """The period's totals, channels and days, and the totals of as many days before it."""
    totals, before, channels, by_day, claimed = await measuring.measure_all(
        breakdown(TOTALS.values(), days),
        breakdown(TOTALS.values(), days.before()),
        breakdown([*CHANNEL.values(), *UNATTRIBUTED.values()], days, "channel"),
        breakdown(DAY.values(), days, "day"),
        # Claims of several attribution windows cannot be added up; then there are none to show.
        breakdown(CLAIMS.values(), days, "channel", optional=True),
    )
    currency = measuring.currency
    claims = {str(row.at["channel"]): figures(row, CLAIMS, currency) for row in claimed.rows}
    return Performance(
        days=days,
        currency=currency,
        totals=figures(totals.total, TOTALS, currency),
        before=figures(before.total, TOTALS, currency),
        channels=tuple(_channel(row, claims, currency) for row in channels.rows),
        by_day=tuple(_days(measuring, days, by_day)),
        foreign=foreign_money(measuring, days, totals),
        channel_foreign=foreign_money(measuring, days, channels),
        notes=totals.notes,
        left_out=totals.left_out,
        guessed_customers=figure(
            GUESSED_CUSTOMERS,
            totals.guessed_customers,
            currency,
            measuring.cite(GUESSED_CUSTOMERS, days, totals.as_of),
        ),
    )


def _channel(row: MeasuredRow, claims: Mapping[str, Figures], currency: str) -> ChannelFigures:
    channel = Channel(row.at["channel"])
    names = UNATTRIBUTED if channel is Channel.UNATTRIBUTED else CHANNEL
    return ChannelFigures(channel, {**figures(row, names, currency), **claims.get(channel.value, {})})


def _days(measuring: Measuring, days: Period, measured: Measurement) -> Iterable[DayFigures]:
    """Every day of the period; one that has no row has nothing in it, which its citations say too."""
    rows = {row.at["day"]: row for row in measured.rows}
    for number in range(days.days):
        day = days.start + timedelta(days=number)
        row = rows.get(day)
        if row is not None:
            yield DayFigures(day, figures(row, DAY, measuring.currency))
            continue
        cited = {name: measuring.cite(name, days, measured.as_of, day=day) for name in DAY.values()}
        yield DayFigures(
            day, {shown: figure(name, _absent(name), measuring.currency, cited[name]) for shown, name in DAY.items()}
        )


def _absent(name: str) -> int | None:
    """The value of a metric where there are no rows; a ratio has none."""
    definition = metric(name)
    return definition.absent if isinstance(definition, Sum) else None


def foreign_money(measuring: Measuring, days: Period, measured: Measurement) -> tuple[ForeignMoney, ...]:
    """Money that was measured in other currencies than the brand's, each amount with its citation."""
    return tuple(_foreign(measuring, days, measured, each) for each in measured.excluded)


def _foreign(measuring: Measuring, days: Period, measured: Measurement, excluded: Excluded) -> ForeignMoney:
    code = excluded.currency or ""
    cited = measuring.cite(excluded.metric, days, measured.as_of, code, **excluded.at)
    return ForeignMoney(excluded.metric, figure(excluded.metric, excluded.value, code, cited), excluded.at)
