"""A period's numbers as the API shows them: each beside the id of the fact that recomputes it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from pydantic import BaseModel

from gateway.domain.dashboard import ChannelFigures, DayFigures, ForeignMoney, Performance, readable
from pulsepoint.brand.figures import Figures
from pulsepoint.brand.sentences import note_text
from pulsepoint.brand.texts import Texts
from pulsepoint.metrics.quarantined_days import QuarantinedDay


def values(figures: Figures) -> dict[str, object]:
    """The figures by name in the units people read, and under `facts` the fact id of each that has one."""
    facts = {name: figure.fact_id for name, figure in figures.items() if figure.fact_id is not None}
    return {name: readable(figure) for name, figure in figures.items()} | {"facts": facts}


class ChannelView(BaseModel):
    """One channel; `revenue` and `orders` are what the model credits to it, `facts` the fact id of each number.

    Revenue of all channels, `unattributed` among them, adds up to net revenue once every order is attributed; orders
    do under models that give an order to one touch. `attributed_roas` is what its paid touches earned for each 1 spent.

    `platform_value` and `claimed_roas` are what its platform claims: null where that was not asked for, or was
    asked for under several attribution windows, which cannot be added up.
    """

    spend: float | None
    revenue: float | None
    attributed_roas: float | None
    orders: int | None
    clicks: int | None
    platform_value: float | None = None
    claimed_roas: float | None = None
    currency: str
    facts: dict[str, str]

    @classmethod
    def of(cls, channel: ChannelFigures, currency: str) -> ChannelView:
        """The view of one channel."""
        return cls(**values(channel.figures), currency=currency)


class TotalsView(BaseModel):
    """Totals of a period in the brand's currency; `facts` has the fact id of each."""

    total_spend: float | None
    total_revenue: float | None
    blended_roas: float | None
    orders: int | None
    average_order_value: float | None
    new_customers: int | None
    facts: dict[str, str]


class DayView(BaseModel):
    """One day; null where there is nothing to divide by, or money is in another currency than the brand's."""

    day: date
    revenue: float | None
    spend: float | None
    orders: int | None
    blended_roas: float | None
    average_order_value: float | None
    facts: dict[str, str]

    @classmethod
    def of(cls, day: DayFigures) -> DayView:
        """The view of one day."""
        return cls(day=day.day, **values(day.figures))


class ExcludedView(BaseModel):
    """Money in another currency than the brand's: part of no number; `at` names its group by its dimensions."""

    metric: str
    currency: str | None
    amount: float | None
    fact_id: str | None
    at: dict[str, date | str | None]


def excluded_view(foreign: Iterable[ForeignMoney]) -> list[ExcludedView]:
    """Money in other currencies than the brand's, listed apart."""
    return [
        ExcludedView(
            metric=each.metric,
            currency=each.figure.currency,
            amount=readable(each.figure),
            fact_id=each.figure.fact_id,
            at=dict(each.at),
        )
        for each in foreign
    ]


class QuarantinedDayView(BaseModel):
    """A day of an ad account whose spend is in quarantine: it is counted nowhere, and ratios of sales and spend leave
    the day out on both sides.
    """

    platform: str
    account_id: str
    day: date


def left_out_view(days: Iterable[QuarantinedDay]) -> list[QuarantinedDayView]:
    """Days whose ad spend is in quarantine, in their order."""
    return [QuarantinedDayView(platform=each.platform, account_id=each.account_id, day=each.day) for each in days]


class SnapshotView(TotalsView):
    """The period in numbers; `by_channel` has what earned without being an ad platform too.

    `by_day` has every day of the period, `previous` as many days right before it. `partial` names the totals that rest
    in part on a guess.
    """

    currency: str
    by_channel: dict[str, ChannelView]
    by_day: list[DayView]
    previous: TotalsView | None
    excluded: list[ExcludedView]
    left_out: list[QuarantinedDayView]
    partial: list[str]
    notes: list[str]

    @classmethod
    def of(cls, performance: Performance, words: Texts, *, compare: bool) -> SnapshotView:
        """The view of a period, beside the one before where that is asked for; its notes in the language of `words`."""
        currency = performance.currency
        return cls(
            **values(performance.totals),
            currency=currency,
            by_channel={each.channel.value: ChannelView.of(each, currency) for each in performance.channels},
            by_day=[DayView.of(day) for day in performance.by_day],
            previous=TotalsView(**values(performance.before)) if compare else None,
            excluded=excluded_view(performance.foreign),
            left_out=left_out_view(performance.left_out),
            partial=["new_customers"] if performance.guessed_customers.value else [],
            notes=[note_text(note, words) for note in performance.notes],
        )
