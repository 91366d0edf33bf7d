"""`…/dashboard`: what a brand's people see first."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel

from gateway.domain.dashboard import channel_summary
from gateway.endpoints.access import PortsOf
from gateway.endpoints.advice import RecommendationView
from gateway.endpoints.inventory import InventoryView
from gateway.endpoints.language import FigureView, TextsOf, figures_view
from gateway.endpoints.parameters import EndDate, MeasuringOf, StartDate
from gateway.endpoints.performance_views import SnapshotView
from gateway.endpoints.problems import PROBLEMS
from gateway.use_cases.dashboard import Dashboard, dashboard_of
from gateway.use_cases.measuring import Measuring
from pulsepoint.brand.sentences import channel_text, inventory_text, summary_text
from pulsepoint.brand.texts import Texts
from pulsepoint.brand.vocabulary import AttributionModel, Channel, DateBasis, Platform

router = APIRouter(prefix="/api/brands/{brand_id}", tags=["dashboard"], responses=PROBLEMS)
Compare = Annotated[bool, Query(description="also the same number of days right before")]


class SummaryView(BaseModel):
    """The period in sentences: as a whole, by ad platform, and the stock; `figures` are the numbers in the first."""

    summary: str
    channel_performance: dict[Platform, str]
    inventory_insights: str
    figures: list[FigureView]

    @classmethod
    def of(cls, dashboard: Dashboard, words: Texts) -> SummaryView:
        """The sentences in the language of `words`."""
        return cls(
            summary=summary_text(dashboard.summary, [each.facts for each in dashboard.advice], words),
            channel_performance={
                platform: _channel(dashboard, Channel(platform.value), words) for platform in Platform
            },
            inventory_insights=inventory_text(dashboard.inventory.stated(), words),
            figures=list(figures_view(dashboard.summary.figures, words)),
        )


def _channel(dashboard: Dashboard, channel: Channel, words: Texts) -> str:
    return channel_text(channel, channel_summary(dashboard.performance, channel), words)


class PeriodView(BaseModel):
    """The basis of the numbers; `first_day` and `last_day` are the days between which anything is known."""

    start_date: date
    end_date: date
    timezone: str
    model: AttributionModel
    date_basis: DateBasis
    as_of: datetime | None
    first_day: date | None
    last_day: date | None

    @classmethod
    def of(cls, dashboard: Dashboard, measuring: Measuring) -> PeriodView:
        """The basis that a dashboard was measured on."""
        days, basis = dashboard.performance.days, measuring.basis
        return cls(
            start_date=days.start,
            end_date=days.end,
            timezone=measuring.brand.settings.timezone,
            model=basis.model,
            date_basis=basis.date_basis,
            as_of=basis.as_of,
            first_day=dashboard.first_day,
            last_day=dashboard.last_day,
        )


class DashboardView(BaseModel):
    """A period in sentences and numbers, the stock and the advice; all of it of now, or of `as_of`."""

    brand_id: str
    period: PeriodView
    summary: SummaryView
    recommendations: list[RecommendationView]
    inventory: InventoryView
    performance_snapshot: SnapshotView


@router.get("/dashboard")
async def read_dashboard(
    measuring: MeasuringOf,
    ports: PortsOf,
    words: TextsOf,
    start_date: StartDate = None,
    end_date: EndDate = None,
    compare: Compare = False,
) -> DashboardView:
    """Revenue, spend, channels, stock and advice for a period; thirty days until today by default."""
    dashboard = await dashboard_of(measuring, start_date, end_date, ports.clock.now())
    return DashboardView(
        brand_id=str(measuring.brand.brand_id),
        period=PeriodView.of(dashboard, measuring),
        summary=SummaryView.of(dashboard, words),
        recommendations=[RecommendationView.of(each, measuring.currency, words) for each in dashboard.advice],
        inventory=InventoryView.of(dashboard.inventory, words),
        performance_snapshot=SnapshotView.of(dashboard.performance, words, compare=compare),
    )
