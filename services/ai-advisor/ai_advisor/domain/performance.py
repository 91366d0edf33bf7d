"""The performance of a shop and its campaigns in one period and the one before it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from pulsepoint.events.insights import ADVISED_DAYS
from pulsepoint.metrics.catalog import divided
from pulsepoint.money import MICROS

RECENT_DAYS = 7
ACTIVE_DAYS = 2


@dataclass(frozen=True, slots=True)
class Period:
    """Days, both included."""

    start_day: date
    end_day: date

    def __contains__(self, day: date) -> bool:
        return self.start_day <= day <= self.end_day

    @property
    def before(self) -> Period:
        """As many days just before."""
        return Period(self.start_day - timedelta(days=ADVISED_DAYS), self.start_day - timedelta(days=1))


@dataclass(frozen=True, slots=True)
class CampaignDay:
    """One campaign's day: spend in the account's currency, revenue and orders credited in the shop's."""

    platform: str
    account_id: str
    campaign_id: str
    name: str
    currency: str
    day: date
    spend_micros: int
    revenue_micros: int
    orders: int


@dataclass(frozen=True, slots=True)
class SalesDay:
    """Net revenue and orders of a day."""

    day: date
    currency: str
    net_micros: int
    orders: int


@dataclass(frozen=True, slots=True)
class Totals:
    """The sales and ad spend of a shop; money in the shop's currency only."""

    net_micros: int = 0
    orders: int = 0
    spend_micros: int = 0

    @property
    def roas_micros(self) -> int | None:
        """Net revenue over ad spend, all channels together; None without spend."""
        return ratio(self.net_micros, self.spend_micros)

    @property
    def order_value_micros(self) -> int | None:
        """Mean net revenue of an order; None without sales."""
        return self.net_micros // self.orders if self.orders and self.net_micros > 0 else None


@dataclass(frozen=True, slots=True)
class CampaignPerformance:
    """One running campaign in the period; `daily_spend_micros` is the mean of its last seven complete days."""

    platform: str
    account_id: str
    campaign_id: str
    name: str
    spend_micros: int
    revenue_micros: int
    orders: int
    days_with_spend: int
    daily_spend_micros: int

    @property
    def roas_micros(self) -> int | None:
        """Credited net revenue over spend."""
        return ratio(self.revenue_micros, self.spend_micros)


@dataclass(frozen=True, slots=True)
class Performance:
    """The period, the one before, the running campaigns, and spend in currencies that cannot be compared."""

    period: Period
    now: Totals
    before: Totals
    campaigns: Sequence[CampaignPerformance] = ()
    foreign_spend: Mapping[str, int] = field(default_factory=dict)
    today_counts: bool = False


def ratio(part: int, whole: int) -> int | None:
    """`part` over `whole` in micro-units; None over nothing."""
    return divided(part, max(whole, 0), MICROS)


def window_of(now: datetime, timezone: str) -> Period:
    """Every day a performance may need: today and two periods before it."""
    today = now.astimezone(ZoneInfo(timezone)).date()
    return Period(today - timedelta(days=2 * ADVISED_DAYS), today)


def performance_of(
    campaign_days: Sequence[CampaignDay], sales: Sequence[SalesDay], *, today: date, currency: str
) -> Performance:
    """The last fourteen complete days against the fourteen before.

    Where nothing is known before today (a tower's first day), the period ends today and says so.
    """
    known_days = [row.day for row in campaign_days if row.spend_micros] + [row.day for row in sales]
    today_counts = bool(known_days) and min(known_days) >= today
    end = today if today_counts else today - timedelta(days=1)
    period = Period(end - timedelta(days=ADVISED_DAYS - 1), end)
    foreign: dict[str, int] = defaultdict(int)
    for row in campaign_days:
        if row.currency != currency and row.day in period:
            foreign[row.currency] += row.spend_micros
    own = [row for row in campaign_days if row.currency == currency]
    return Performance(
        period=period,
        now=_totals(own, sales, period, currency),
        before=_totals(own, sales, period.before, currency),
        campaigns=_campaigns(own, period, today),
        foreign_spend={code: spend for code, spend in sorted(foreign.items()) if spend},
        today_counts=today_counts,
    )


def _totals(own: Iterable[CampaignDay], sales: Iterable[SalesDay], period: Period, currency: str) -> Totals:
    sold = [row for row in sales if row.currency == currency and row.day in period]
    return Totals(
        net_micros=sum(row.net_micros for row in sold),
        orders=sum(row.orders for row in sold),
        spend_micros=sum(row.spend_micros for row in own if row.day in period),
    )


def _campaigns(own: Sequence[CampaignDay], period: Period, today: date) -> list[CampaignPerformance]:
    accounts: dict[tuple[str, str], list[CampaignDay]] = defaultdict(list)
    for row in own:
        accounts[(row.platform, row.account_id)].append(row)
    running: list[CampaignPerformance] = []
    for rows in accounts.values():
        spend_days = sorted({row.day for row in rows if row.spend_micros})
        if not spend_days:
            continue
        complete = [day for day in spend_days if day < today] or spend_days
        recent = frozenset(day for day in complete if day > complete[-1] - timedelta(days=RECENT_DAYS))
        by_id: dict[str, list[CampaignDay]] = defaultdict(list)
        for row in rows:
            by_id[row.campaign_id].append(row)
        latest = frozenset(spend_days[-ACTIVE_DAYS:])
        for days in by_id.values():
            if any(row.spend_micros > 0 and row.day in latest for row in days):
                running.append(_campaign(days, period, recent))
    return sorted(running, key=lambda campaign: (-campaign.daily_spend_micros, campaign.platform, campaign.campaign_id))


def _campaign(days: Sequence[CampaignDay], period: Period, recent: frozenset[date]) -> CampaignPerformance:
    inside = [row for row in days if row.day in period]
    return CampaignPerformance(
        platform=days[0].platform,
        account_id=days[0].account_id,
        campaign_id=days[0].campaign_id,
        name=max(days, key=lambda row: row.day).name,
        spend_micros=sum(row.spend_micros for row in inside),
        revenue_micros=sum(row.revenue_micros for row in inside),
        orders=sum(row.orders for row in inside),
        days_with_spend=len({row.day for row in inside if row.spend_micros > 0}),
        daily_spend_micros=sum(row.spend_micros for row in days if row.day in recent) // len(recent),
    )
