"""Which campaigns are running, and of which days their daily spend is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import pytest

from pulsepoint.metrics.basis import Period
from pulsepoint.metrics.running import CampaignKey, last_day, recent_days, running

TODAY = date(2026, 3, 15)


def days_before(*ago: int) -> list[date]:
    return [TODAY - timedelta(days=each) for each in ago]


def spent(campaign_id: str, *ago: int, account_id: str = "a1") -> Sequence[tuple[CampaignKey, date]]:
    return [(("meta", account_id, campaign_id), day) for day in days_before(*ago)]


def ids(days: Sequence[tuple[CampaignKey, date]]) -> set[str]:
    return {campaign_id for _, _, campaign_id in running(days)}


@pytest.mark.rule("STOCK-05")
def test_a_campaign_that_spent_on_neither_of_its_accounts_latest_days_is_stopped() -> None:
    assert ids([*spent("c1", 0, 1, 2), *spent("c2", 1), *spent("c3", 2, 3)]) == {"c1", "c2"}


def test_each_account_has_latest_days_of_its_own() -> None:
    assert ids([*spent("c1", 0, 1), *spent("c2", 5, account_id="a2"), *spent("c3", 5)]) == {"c1", "c2"}


def test_nothing_runs_where_nothing_was_spent() -> None:
    assert running([]) == frozenset()


@pytest.mark.parametrize(("earlier", "ago"), [((), 1), ((0,), 0), ((0, 3), 1), ((1,), 1)])
def test_today_counts_only_where_nothing_is_known_before_it(earlier: tuple[int, ...], ago: int) -> None:
    assert last_day(days_before(*earlier), TODAY) == TODAY - timedelta(days=ago)


def test_recent_days_are_seven() -> None:
    assert recent_days(TODAY) == Period(TODAY - timedelta(days=6), TODAY)
