"""Recommendations of every type and cause, given by the rules themselves."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from ai_advisor.domain.advice import Rules, advise
from ai_advisor.domain.performance import CampaignPerformance, Performance, Period, Totals
from pulsepoint.brand.settings import BrandSettings
from pulsepoint.events.insights import Recommendation
from pulsepoint.events.inventory import StockStatus
from pulsepoint.money import MICROS
from tests.builders.citing import of_advice, uncited
from tests.builders.insights import stock_status
from tests.builders.inventory import SCOPE, brand_data
from tests.builders.performance import campaign, totals

END = date(2026, 3, 14)
PERIOD = Period(END - timedelta(days=13), END)
UNCITED = of_advice(SCOPE.brand_id, PERIOD, "EUR", uncited)
BRAND = BrandSettings.model_validate(brand_data(roas_target_micros=2 * MICROS))


def exposing(euros: int, status: str = "out_of_stock", *, platform: str = "meta", **changes: Any) -> StockStatus:
    """A variant that sells for so many euros a day of a campaign."""
    part = euros * MICROS
    values: dict[str, Any] = {"available": 0, "days_of_cover_micros": 0, "velocity_micros": 0, **changes}
    return stock_status(status=status, spend_at_risk_micros=part, campaigns=((platform, "c1", part),), **values)


def advised(*campaigns: CampaignPerformance, statuses: tuple[StockStatus, ...] = ()) -> Recommendation:
    """The only recommendation of a shop."""
    performance = Performance(PERIOD, totals(10_000 * MICROS, 100, 1400 * MICROS), Totals(), campaigns)
    [recommendation] = advise(UNCITED, BRAND, performance, statuses, Rules()).recommendations
    return recommendation


def nearly_gone(euros: int, cover: int = 3 * MICROS, **changes: Any) -> StockStatus:
    """A variant that runs out within its lead time and sells for a campaign."""
    return exposing(euros, "critical", days_of_cover_micros=cover, **changes)


ADVICE: dict[str, Recommendation] = {
    "advice.pause.gone": advised(campaign(), statuses=(exposing(50),)),
    "advice.pause.critical": advised(
        campaign(platform="tiktok"), statuses=(nearly_gone(60, platform="tiktok", available=6),)
    ),
    "advice.pause.more": advised(campaign(), statuses=(exposing(30), exposing(30, variant_id="v2"))),
    "advice.reduce.stock": advised(campaign(), statuses=(exposing(49),)),
    "advice.reduce.critical_more": advised(
        campaign(),
        statuses=(nearly_gone(20, 1_500_000, available=1), nearly_gone(15, available=2, variant_id="v2")),
    ),
    "advice.reduce.roas": advised(campaign(revenue_micros=2100 * MICROS)),
    "advice.reduce.negative": advised(campaign(revenue_micros=-100 * MICROS)),
    "advice.raise": advised(campaign(revenue_micros=4200 * MICROS, platform="google", name="Q\n4")),
    "advice.reorder": advised(statuses=(stock_status(),)),
    "advice.reorder.gone": advised(
        statuses=(stock_status(status="out_of_stock", available=0, days_of_cover_micros=0),)
    ),
    "advice.reorder.unknown": advised(statuses=(stock_status(days_unknown=20),)),
    "advice.reorder.backorder": advised(
        statuses=(stock_status(continue_selling=True, available=-2, status="out_of_stock", days_of_cover_micros=0),)
    ),
}
"""One recommendation at least of every type and cause, as the rules give it."""
