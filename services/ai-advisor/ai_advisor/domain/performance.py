"""The performance of a shop and its campaigns in one period and the one before it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from pulsepoint.brand.figures import Figure
from pulsepoint.events.insights import ADVISED_DAYS
from pulsepoint.metrics.quarantined_days import QuarantinedDay
from pulsepoint.metrics.running import CampaignKey, last_day, recent_days, running


@dataclass(frozen=True, slots=True)
class Period:
    """Days, both included."""

    start_day: date
    end_day: date

    @property
    def before(self) -> Period:
        """As many days just before."""
        return Period(self.start_day - timedelta(days=ADVISED_DAYS), self.start_day - timedelta(days=1))

    @property
    def recent(self) -> Period:
        """Its last seven days."""
        days = recent_days(self.end_day)
        return Period(days.start, days.end)


@dataclass(frozen=True, slots=True)
class SpendDay:
    """One campaign's spend on a day (of the account), under the name it had then; micros of the shop's currency."""

    platform: str
    account_id: str
    campaign_id: str
    name: str
    day: date
    spend_micros: int

    @property
    def key(self) -> CampaignKey:
        """Whose day it is."""
        return self.platform, self.account_id, self.campaign_id


@dataclass(frozen=True, slots=True)
class Totals:
    """The sales and ad spend of a shop, in its own currency.

    `roas_micros` is the blended ROAS (None without spend), `order_value_micros` the mean value of an order before
    returns (None without orders).
    """

    net_micros: int = 0
    orders: int = 0
    spend_micros: int = 0
    roas_micros: int | None = None
    order_value_micros: int | None = None


@dataclass(frozen=True, slots=True)
class CampaignTotals:
    """A campaign's spend and what is credited to it in a period; `roas_micros` is None without spend."""

    spend_micros: int = 0
    revenue_micros: int = 0
    orders: int = 0
    roas_micros: int | None = None


@dataclass(frozen=True, slots=True)
class CampaignPerformance:
    """One running campaign in the period; `daily_spend_micros` is its spend a day, of the last seven days with any."""

    platform: str
    account_id: str
    campaign_id: str
    name: str
    spend_micros: int
    revenue_micros: int
    orders: int
    roas_micros: int | None
    days_with_spend: int
    daily_spend_micros: int


@dataclass(frozen=True, slots=True)
class Performance:
    """The period, the one before, the running campaigns, and spend in currencies that cannot be compared.

    `as_of` is the newest moment among the rows it was measured from; None where there are none. `left_out` are days of
    the period whose ad spend is in quarantine: ratios of sales and spend leave them out on both sides.
    """

    period: Period
    now: Totals
    before: Totals
    campaigns: Sequence[CampaignPerformance] = ()
    foreign_spend: Mapping[str, Figure] = field(default_factory=dict)
    today_counts: bool = False
    as_of: datetime | None = None
    left_out: Sequence[QuarantinedDay] = ()


def window_of(now: datetime, timezone: str) -> Period:
    """Every day a performance may need: today and two periods before it."""
    today = now.astimezone(ZoneInfo(timezone)).date()
    return Period(today - timedelta(days=2 * ADVISED_DAYS), today)


def period_of(recorded_days: Iterable[date], today: date) -> Period:
    """The last fourteen complete days; where nothing is known before today, those that end today."""
    end = last_day(recorded_days, today)
    return Period(end - timedelta(days=ADVISED_DAYS - 1), end)


def running_campaigns(
    spend_days: Sequence[SpendDay],
    period: Period,
    totals: Mapping[CampaignKey, CampaignTotals],
    daily_spend: Mapping[CampaignKey, int],
) -> list[CampaignPerformance]:
    """The running campaigns, dearest first.

    `totals` are those of the period, `daily_spend` micros a day of its recent days.
    """
    by_campaign: dict[CampaignKey, list[SpendDay]] = defaultdict(list)
    for row in spend_days:
        if row.spend_micros > 0:
            by_campaign[row.key].append(row)
    campaigns = [
        _campaign(key, by_campaign[key], period, totals.get(key, CampaignTotals()), daily_spend.get(key, 0))
        for key in running([(row.key, row.day) for rows in by_campaign.values() for row in rows])
    ]
    return sorted(
        campaigns, key=lambda campaign: (-campaign.daily_spend_micros, campaign.platform, campaign.campaign_id)
    )


def _campaign(
    key: CampaignKey, rows: Sequence[SpendDay], period: Period, totals: CampaignTotals, daily_spend: int
) -> CampaignPerformance:
    platform, account_id, campaign_id = key
    return CampaignPerformance(
        platform=platform,
        account_id=account_id,
        campaign_id=campaign_id,
        name=max(rows, key=lambda row: row.day).name,
        spend_micros=totals.spend_micros,
        revenue_micros=totals.revenue_micros,
        orders=totals.orders,
        roas_micros=totals.roas_micros,
        days_with_spend=len({row.day for row in rows if period.start_day <= row.day <= period.end_day}),
        daily_spend_micros=daily_spend,
    )
