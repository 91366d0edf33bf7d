"""A brand's period in figures: totals, channels, days, stock, and the summary that sentences are made of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from gateway.domain.periods import Period
from pulsepoint.brand import figures as make
from pulsepoint.brand.facts import FOREIGN_SPEND, Note, Stated, SummaryFacts
from pulsepoint.brand.figures import Figure, Figures
from pulsepoint.brand.vocabulary import Channel, NoteKind, StockState, Unit
from pulsepoint.metrics.quarantined_days import QuarantinedDay, days_left_out

TOTALS: Mapping[str, str] = {
    "total_spend": "spend",
    "total_revenue": "net_revenue",
    "blended_roas": "blended_roas",
    "orders": "orders",
    "average_order_value": "aov",
    "new_customers": "new_customers",
}
"""The totals of a period, and the metric that defines each."""
DAY: Mapping[str, str] = {
    "revenue": "net_revenue",
    "spend": "spend",
    "orders": "orders",
    "blended_roas": "blended_roas",
    "average_order_value": "aov",
}
"""The numbers of one day, and the metric that defines each."""
CHANNEL: Mapping[str, str] = {
    "spend": "spend",
    "revenue": "attributed_revenue",
    "attributed_roas": "attributed_roas",
    "orders": "attributed_orders",
    "clicks": "clicks",
}
"""The numbers of one channel, and the metric that defines each."""
UNATTRIBUTED: Mapping[str, str] = {
    **CHANNEL,
    "revenue": "unattributed_revenue",
    "orders": "unattributed_orders",
}
"""The same for what no touch earned."""
VARIANT: Mapping[str, str] = {
    "available": "available_units",
    "incoming": "incoming_units",
    "units_per_day": "velocity",
    "days_of_cover": "days_of_cover",
    "spend_at_risk_per_day": "spend_at_risk",
}
"""The numbers of one variant's stock, and the metric that defines each."""
CLAIMS: Mapping[str, str] = {"platform_value": "platform_value", "claimed_roas": "claimed_roas"}
"""What a channel's platform claims, and the metric that defines each."""


@dataclass(frozen=True, slots=True)
class ChannelFigures:
    """One channel: the figures of `CHANNEL`, and of `CLAIMS` where they can be added up."""

    channel: Channel
    figures: Figures


@dataclass(frozen=True, slots=True)
class DayFigures:
    """One day: the figures of `DAY`."""

    day: date
    figures: Figures


@dataclass(frozen=True, slots=True)
class ForeignMoney:
    """Money in another currency than the brand's: part of no sum. `at` names its group by its dimensions."""

    metric: str
    figure: Figure
    at: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Performance:
    """A period in figures: its totals and those of as many days before, its channels, each of its days.

    `foreign` is money in other currencies of the whole period, `channel_foreign` that of each channel (`at`).
    `left_out` are its days whose ad spend is in quarantine: ratios of sales and spend leave them out on both sides.
    `guessed_customers` are new customers of whom only the first order that is known says so.
    """

    days: Period
    currency: str
    totals: Figures
    before: Figures
    channels: tuple[ChannelFigures, ...]
    by_day: tuple[DayFigures, ...]
    foreign: tuple[ForeignMoney, ...]
    channel_foreign: tuple[ForeignMoney, ...]
    notes: tuple[Note, ...]
    left_out: tuple[QuarantinedDay, ...]
    guessed_customers: Figure

    def channel(self, channel: Channel) -> Figures:
        """The figures of a channel; empty where nothing is known of it."""
        return next((each.figures for each in self.channels if each.channel is channel), {})


@dataclass(frozen=True, slots=True)
class ShortVariant:
    """A variant that is out or running out: the figures of `VARIANT`, and `lead_time_days`."""

    variant_id: str
    sku: str | None
    title: str | None
    state: StockState
    figures: Figures


@dataclass(frozen=True, slots=True)
class CutProduct:
    """A product of which only a part of the variants is known, or may be: `variants_total` is None where that was not
    said.
    """

    product_id: str
    title: str | None
    variants_total: int | None


@dataclass(frozen=True, slots=True)
class Inventory:
    """Variants by state, worst first, how many are `tracked`, and the daily ad spend at risk.

    `counts` has every state that runs out, also with none in it, and the others there are.
    """

    currency: str
    counts: Mapping[StockState, Figure]
    tracked: Figure
    spend_at_risk: Figure
    running_out: tuple[ShortVariant, ...]
    cut_products: tuple[CutProduct, ...] = ()

    @property
    def notes(self) -> tuple[Note, ...]:
        """Notes beside the stock: products whose variants are not all there, and those of which nothing says so."""
        by_kind: dict[NoteKind, list[CutProduct]] = {NoteKind.VARIANTS_MISSING: [], NoteKind.VARIANTS_UNSAID: []}
        for product in self.cut_products:
            is_said = product.variants_total is not None
            by_kind[NoteKind.VARIANTS_MISSING if is_said else NoteKind.VARIANTS_UNSAID].append(product)
        return tuple(
            Note(
                kind=kind,
                figures={"products": make.count(len(products))},
                names={"product": products[0].title or products[0].product_id},
            )
            for kind, products in by_kind.items()
            if products
        )

    def stated(self) -> Stated:
        """The figures that sentences about the stock are made of."""
        short = {state.value: count for state, count in self.counts.items() if state.runs_out}
        return Stated(figures={"tracked": self.tracked, **short, "spend_at_risk": self.spend_at_risk})


def summary_of(
    performance: Performance,
    inventory: Inventory,
    *,
    days_before: Figure,
    today_counts: bool,
    too_little_data: Figure | None,
) -> SummaryFacts:
    """The summary of a period, compared with `days_before` as many days; `today_counts` where it ends today.

    `too_little_data` counts campaigns for which there is too little data to advise on, None where that is not known.
    """
    now, before = performance.totals, performance.before
    more = {} if too_little_data is None else {"too_little_data": too_little_data}
    if performance.guessed_customers.value:
        more["guessed_customers"] = performance.guessed_customers
    return SummaryFacts(
        start_day=performance.days.start,
        end_day=performance.days.end,
        today_counts=today_counts,
        names=days_left_out(performance.left_out),
        figures={
            "net_revenue": now["total_revenue"],
            "net_revenue_before": before["total_revenue"],
            "days_before": days_before,
            "orders": now["orders"],
            "new_customers": now["new_customers"],
            "spend": now["total_spend"],
            "blended_roas": now["blended_roas"],
            "blended_roas_before": before["blended_roas"],
            **_foreign_spend(performance.foreign),
            **inventory.stated().figures,
            **more,
        },
    )


def channel_summary(performance: Performance, channel: Channel) -> SummaryFacts:
    """The figures of one channel's period that its sentence is made of."""
    return SummaryFacts(
        start_day=performance.days.start,
        end_day=performance.days.end,
        names=days_left_out(each for each in performance.left_out if each.platform == channel),
        figures={
            **performance.channel(channel),
            **_foreign_spend(each for each in performance.channel_foreign if each.at.get("channel") == channel),
        },
    )


def _foreign_spend(foreign: Iterable[ForeignMoney]) -> Figures:
    return {f"{FOREIGN_SPEND}{each.figure.currency}": each.figure for each in foreign if each.metric == "spend"}


def money(micros: int | None) -> float | None:
    """Micros as a decimal number; shortest form, so cents stay cents."""
    return None if micros is None else micros / 1_000_000


def decimal(value: int | None, unit: str) -> float | int | None:
    """A metric's integer in the unit people read; counts stay whole."""
    scale = Unit(unit).scale
    return value if value is None or scale == 1 else value / scale


def readable(figure: Figure) -> float | int | None:
    """A figure's value in the unit people read; whole numbers stay whole."""
    return decimal(figure.value, figure.unit)
