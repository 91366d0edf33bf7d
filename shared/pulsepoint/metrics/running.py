"""Which campaigns are running, and of which days their daily spend is: one answer for stock, alerts and advice."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, timedelta

from pulsepoint.metrics.basis import Period

RECENT_DAYS = 7
ACTIVE_DAYS = 2
CampaignKey = tuple[str, str, str]
"""(platform, account id, campaign id)."""
SpentDay = tuple[CampaignKey, date]
"""A campaign, and a day on which it spent something."""


def running(spent: Sequence[SpentDay]) -> frozenset[CampaignKey]:
    """The campaigns that spent on one of their account's two latest days with spend; none where nothing was spent."""
    by_account: dict[tuple[str, str], set[date]] = defaultdict(set)
    for (platform, account_id, _), day in spent:
        by_account[platform, account_id].add(day)
    latest = {account: frozenset(sorted(days)[-ACTIVE_DAYS:]) for account, days in by_account.items()}
    return frozenset(key for key, day in spent if day in latest[key[:2]])


def last_day(recorded_days: Iterable[date], today: date) -> date:
    """The last complete day; where something is known and nothing before today, today."""
    first = min(recorded_days, default=None)
    return today if first is not None and first >= today else today - timedelta(days=1)


def recent_days(last: date) -> Period:
    """The seven days that end on `last`: a campaign's daily spend is the metric `daily_spend` over them."""
    return Period(last - timedelta(days=RECENT_DAYS - 1), last)
