"""Asks the metric catalog how a shop and its campaigns did."""

from __future__ import annotations

from datetime import datetime

from ai_advisor.domain.performance import (
    CampaignTotals,
    Performance,
    Period,
    SpendDay,
    Totals,
    period_of,
    running_campaigns,
    window_of,
)
from pulsepoint.metrics import basis
from pulsepoint.metrics.query import Breakdown, MeasuredRow
from pulsepoint.metrics.running import CampaignKey
from pulsepoint.runtime.brand_projection import KeptBrand
from pulsepoint.runtime.outcome import Reader

CAMPAIGN = ("channel", "account_id", "campaign_id")
TOTALS = ("net_revenue", "orders", "spend", "blended_roas", "aov")
CREDITED = ("comparable_ad_spend", "comparable_ad_revenue", "comparable_ad_orders", "attributed_roas")
"""What campaigns are judged by: without days whose spend is in quarantine, on both sides."""


async def measure_performance(reader: Reader, kept: KeptBrand, now: datetime) -> Performance:
    """The last fourteen complete days before business time `now` against the fourteen before.

    In the shop's currency; ad spend in other currencies is told apart. Where nothing is known before today (an
    instance's first day), the period ends today and says so.
    """
    window, own = window_of(now, kept.settings.timezone), {"currency": kept.settings.currency}
    spent, sold = await reader.measure_all(
        [
            Breakdown(("spend",), _days(window), (*CAMPAIGN, "campaign", "day"), own),
            Breakdown(("orders",), _days(window), ("day",)),
        ],
        settings=kept.metric_settings,
    )
    spend_days = [_spend_day(row) for row in spent.rows if row.value("spend") > 0]
    recorded_days = [*(row.day for row in spend_days), *(row.at["day"] for row in sold.rows)]
    period = period_of(recorded_days, window.end_day)
    measured, before, credited, daily, currencies = await reader.measure_all(
        [
            Breakdown(TOTALS, _days(period), where=own),
            Breakdown(TOTALS, _days(period.before), where=own),
            Breakdown(CREDITED, _days(period), CAMPAIGN, own),
            Breakdown(("daily_spend",), _days(period.recent), CAMPAIGN, own),
            Breakdown(("spend",), _days(period), ("currency",)),
        ],
        settings=kept.metric_settings,
    )
    totals = {_key(row): _credited(row) for row in credited.rows}
    daily_spend = {_key(row): row.value("daily_spend") for row in daily.rows}
    foreign = {str(row.at["currency"]): row.number("spend").figure for row in currencies.rows if row.value("spend")}
    return Performance(
        period=period,
        now=_totals(measured.total),
        before=_totals(before.total),
        campaigns=running_campaigns(spend_days, period, totals, daily_spend),
        foreign_spend={code: spend for code, spend in foreign.items() if code != kept.settings.currency},
        today_counts=period.end_day == window.end_day,
        as_of=measured.as_of,
        left_out=measured.left_out,
    )


def _days(period: Period) -> basis.Period:
    return basis.Period(period.start_day, period.end_day)


def _key(row: MeasuredRow) -> CampaignKey:
    return str(row.at["channel"]), str(row.at["account_id"]), str(row.at["campaign_id"])


def _spend_day(row: MeasuredRow) -> SpendDay:
    platform, account_id, campaign_id = _key(row)
    name = str(row.at["campaign"] or campaign_id)
    return SpendDay(platform, account_id, campaign_id, name, row.at["day"], row.value("spend"))


def _totals(row: MeasuredRow) -> Totals:
    return Totals(
        net_micros=row.value("net_revenue"),
        orders=row.value("orders"),
        spend_micros=row.value("spend"),
        roas_micros=row.values["blended_roas"],
        order_value_micros=row.values["aov"],
    )


def _credited(row: MeasuredRow) -> CampaignTotals:
    return CampaignTotals(
        spend_micros=row.value("comparable_ad_spend"),
        revenue_micros=row.value("comparable_ad_revenue"),
        orders=row.value("comparable_ad_orders"),
        roas_micros=row.values["attributed_roas"],
    )
