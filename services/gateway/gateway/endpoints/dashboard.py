"""`GET /api/brands/{brand_id}/dashboard` and `…/books`."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel

from gateway.domain.brands import Brand
from gateway.domain.dashboard import (
    AD_CHANNELS,
    CHANNEL_METRICS,
    CLAIMS,
    DAY_METRICS,
    TOTALS,
    channels_view,
    days_view,
    excluded_view,
    money,
    plain_summary,
    stock_view,
    totals_view,
)
from gateway.domain.periods import Period, is_advised, period
from gateway.endpoints.access import BrandOf, PersonOf, PortsOf
from gateway.endpoints.advice import RecommendationView, recommendation
from gateway.endpoints.language import TextsOf
from gateway.endpoints.parameters import AsOf, EndDate, Model, StartDate, chosen_model
from gateway.endpoints.problems import PROBLEMS
from gateway.use_cases.measuring import Measuring
from pulsepoint.brand.facts import RecommendationFacts, SummaryFacts
from pulsepoint.brand.sentences import summary_text
from pulsepoint.brand.texts import Texts
from pulsepoint.errors import PermanentError
from pulsepoint.metrics.named_queries import run_named_query
from pulsepoint.metrics.query import Number

router = APIRouter(prefix="/api/brands/{brand_id}", tags=["dashboard"], responses=PROBLEMS)


class ChannelView(BaseModel):
    """One channel; `revenue` and `orders` are what the model credits to it, `facts` the fact id of each number.

    Revenue of all channels, `unattributed` among them, adds up to net revenue once every order is attributed; orders
    do under models that give an order to one touch.

    `platform_value` and `platform_roas` are what its platform claims: null where that was not asked for, or was
    asked for under several attribution windows, which cannot be added up.
    """

    channel: str
    spend: float | None
    revenue: float | None
    roas: float | None
    orders: int | None
    clicks: int | None
    platform_value: float | None = None
    platform_roas: float | None = None
    currency: str
    facts: dict[str, str]


class ChannelPerformance(BaseModel):
    """The three ad platforms; null where nothing is known of one."""

    meta: ChannelView | None
    tiktok: ChannelView | None
    google: ChannelView | None


class RunningOut(BaseModel):
    """A variant that is out or running out."""

    variant_id: str
    sku: str | None
    title: str | None
    status: str
    available: int
    units_per_day: float | None
    days_of_cover: float | None
    spend_at_risk_per_day: float | None


class InventoryInsights(BaseModel):
    """Variants by stock status, and the ad spend on what is running out."""

    counts: dict[str, int]
    spend_at_risk_per_day: float | None
    currency: str
    running_out: list[RunningOut]


class Summary(BaseModel):
    """The period in words, by channel, and the stock."""

    summary: str
    channel_performance: ChannelPerformance
    inventory_insights: InventoryInsights


class Totals(BaseModel):
    """Totals of a period in the brand's currency; `facts` has the fact id of each."""

    total_spend: float | None
    total_revenue: float | None
    blended_roas: float | None
    orders: int | None
    average_order_value: float | None
    facts: dict[str, str]


class Day(BaseModel):
    """One day; ratios are null where there is nothing to divide by."""

    day: date
    revenue: float
    spend: float
    orders: int
    roas: float | None
    average_order_value: float | None


class Snapshot(Totals):
    """The period in numbers; `by_channel` has what earned without being an ad platform too."""

    currency: str
    by_channel: list[ChannelView]
    by_day: list[Day]
    previous: Totals | None
    excluded: list[dict[str, Any]]
    notes: list[str]


class PeriodView(BaseModel):
    """What the numbers are about; `first_day` and `last_day` tell from when to when anything is known."""

    start_date: date
    end_date: date
    timezone: str
    model: str
    first_day: date | None
    last_day: date | None


class Dashboard(BaseModel):
    """What a brand's people see first."""

    brand_id: str
    period: PeriodView
    summary: Summary
    recommendations: list[RecommendationView]
    performance_snapshot: Snapshot


class Book(BaseModel):
    """What was sold against what a model credits; `difference` is zero when the books balance."""

    model: str | None
    currency: str | None
    sales: float | None
    credited: float | None
    difference: float | None
    orders: int
    orders_credited: int


class Books(BaseModel):
    """Whether, for every model, credits and unattributed add up to net revenue, to the cent.

    `newest_at` is when the newest of these facts was recorded.
    """

    balanced: bool
    newest_at: datetime | None
    books: list[Book]


@router.get("/dashboard")
async def read_dashboard(
    brand: BrandOf,
    person: PersonOf,
    ports: PortsOf,
    words: TextsOf,
    start_date: StartDate = None,
    end_date: EndDate = None,
    model: Model = None,
    compare: Annotated[bool, Query(description="also the same number of days right before")] = False,
    as_of: AsOf = None,
) -> Dashboard:
    """Revenue, spend, channels, stock and advice for a period; thirty days until today by default."""
    days = period(start_date, end_date, brand.settings, ports.clock.now())
    chosen = chosen_model(model, brand)
    measuring = Measuring(ports.warehouse, person.scope.brand(brand.brand_id), brand, chosen, as_of)
    snapshot, sentence = await _snapshot(measuring, days, compare=compare)
    advice, recommendations, counts, short, coverage = await asyncio.gather(
        measuring.run_named_query("dashboard_advice"),
        measuring.run_named_query("dashboard_recommendations"),
        measuring.run_named_query("dashboard_stock"),
        measuring.run_named_query("dashboard_short_stock"),
        measuring.run_named_query("dashboard_days", timezone=brand.settings.timezone),
    )
    currency = brand.settings.currency
    by_name = {channel.channel: channel for channel in snapshot.by_channel}
    return Dashboard(
        brand_id=str(brand.brand_id),
        period=PeriodView(
            start_date=days.start,
            end_date=days.end,
            timezone=brand.settings.timezone,
            model=chosen.value,
            **coverage[0],
        ),
        summary=Summary(
            summary=_words(advice, recommendations, days, brand, words) or sentence,
            channel_performance=ChannelPerformance(**{name: by_name.get(name) for name in AD_CHANNELS}),
            inventory_insights=InventoryInsights(**stock_view(counts, short, currency)),
        ),
        recommendations=[recommendation(row, currency, words) for row in recommendations],
        performance_snapshot=snapshot,
    )


def _words(
    advice: list[dict[str, Any]], recommendations: list[dict[str, Any]], days: Period, brand: Brand, words: Texts
) -> str | None:
    """The advisor's summary where it is about days that were asked for."""
    for row in advice:
        if is_advised(days, brand.settings, row["computed_at"]):
            return summary_text(SummaryFacts.of_row(row), list(map(RecommendationFacts.of_row, recommendations)), words)
    return None


async def _snapshot(measuring: Measuring, days: Period, *, compare: bool) -> tuple[Snapshot, str]:
    totals, channels, daily, claims = await asyncio.gather(
        measuring.measure(TOTALS, days),
        measuring.measure(CHANNEL_METRICS, days, ("channel",)),
        measuring.measure(DAY_METRICS, days, ("day",)),
        _claims(measuring, days),
    )
    before = await measuring.measure(TOTALS, days.before()) if compare else None
    currency = measuring.brand.settings.currency
    snapshot = Snapshot(
        **totals_view(totals.rows[0]),
        currency=currency,
        by_channel=[ChannelView(**each) for each in channels_view(channels.rows, currency, claims)],
        by_day=[Day(**each) for each in days_view(days, daily.rows)],
        previous=Totals(**totals_view(before.rows[0])) if before else None,
        excluded=excluded_view(totals.excluded),
        notes=list(totals.notes),
    )
    return snapshot, plain_summary(totals.rows[0], days, currency)


async def _claims(measuring: Measuring, days: Period) -> dict[str, Mapping[str, Number]]:
    """What each ad platform claims; nothing where claims of several attribution windows would be added up."""
    try:
        measured = await measuring.measure(CLAIMS, days, ("channel",))
    except PermanentError as error:
        if error.reason != "mixed_windows":
            raise
        return {}
    return {str(row.at["channel"]): row.numbers for row in measured.rows}


@router.get("/books")
async def read_books(brand: BrandOf, person: PersonOf, ports: PortsOf) -> Books:
    """Whether attribution gave away exactly what was earned."""
    scope = person.scope.brand(brand.brand_id)
    rows = await run_named_query(
        ports.warehouse, scope, "books_balance", cancelled_orders=brand.settings.cancelled_orders
    )
    books = [
        Book(
            model=row["model"],
            currency=row["currency"],
            sales=money(row["sales_micros"]),
            credited=money(row["credit_micros"]),
            difference=money(row["difference_micros"]),
            orders=row["orders"],
            orders_credited=row["orders_credited"],
        )
        for row in rows
    ]
    recorded = [row[name] for row in rows for name in ("sales_recorded_at", "credits_recorded_at") if row[name]]
    return Books(
        balanced=all(row["difference_micros"] == 0 for row in rows), newest_at=max(recorded, default=None), books=books
    )
