"""What a pulled day changes, and when campaigns add up."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest_ads.domain import (
    AccountFacts,
    CampaignDay,
    PulledDay,
    adds_up,
    days_between,
    local_today,
    settle_day,
    spans,
)

DAY = date(2026, 3, 9)
ACCOUNT = AccountFacts(platform="meta", account_id="1", currency="GBP", timezone="Europe/London")
DAYS = st.dates(date(2020, 1, 1), date(2030, 1, 1))


def row(campaign_id: str = "1", spend: int = 1_000_000, **fields: Any) -> CampaignDay:
    values = {"campaign_name": f"campaign {campaign_id}", "day": DAY, "spend_micros": spend, **fields}
    return CampaignDay.model_validate({"campaign_id": campaign_id, **values})


def pulled(*rows: CampaignDay, total: int | None = None, good: bool = True) -> PulledDay:
    spent = sum(campaign.spend_micros for campaign in rows)
    return PulledDay(day=DAY, account_spend_micros=spent if total is None else total, adds_up=good, rows=rows)


def test_a_new_day_records_every_row() -> None:
    settled = settle_day(None, pulled(row("1"), row("2")), ACCOUNT, 1)
    assert [campaign.campaign_id for campaign in settled.rows] == ["1", "2"]
    assert settled.quarantine is None


def test_only_the_changed_campaign_is_recorded_again() -> None:
    first = settle_day(None, pulled(row("1"), row("2")), ACCOUNT, 1)
    second = settle_day(first.document, pulled(row("1"), row("2", 5)), ACCOUNT, 2)
    assert [(campaign.campaign_id, campaign.spend_micros) for campaign in second.rows] == [("2", 5)]


@pytest.mark.rule("ADS-02")
@pytest.mark.parametrize(
    "change",
    [
        {"campaign_name": "renamed"},
        {"impressions": 1},
        {"clicks": 0},
        {"conversions_micros": 0},
        {"conversion_value_micros": 7},
    ],
    ids=lambda change: next(iter(change)),
)
def test_any_restated_value_is_a_change_and_zero_is_not_nothing(change: dict[str, Any]) -> None:
    first = settle_day(None, pulled(row("1")), ACCOUNT, 1)
    assert len(settle_day(first.document, pulled(row("1", **change)), ACCOUNT, 2).rows) == 1


@pytest.mark.parametrize(
    "change", [{"currency": "SEK"}, {"timezone": "Asia/Tokyo"}, {"click_window_days": 28}, {"view_window_days": 0}]
)
def test_another_currency_timezone_or_window_is_a_change(change: dict[str, object]) -> None:
    first = settle_day(None, pulled(row("1")), ACCOUNT, 1)
    assert len(settle_day(first.document, pulled(row("1")), ACCOUNT.model_copy(update=change), 2).rows) == 1


def test_a_pull_that_began_earlier_but_ended_later_changes_nothing() -> None:
    newer = settle_day(None, pulled(row("1", 9)), ACCOUNT, 20)
    late = settle_day(newer.document, pulled(row("1", 5)), ACCOUNT, 10)
    assert (late.document, late.rows) == (None, ())


@pytest.mark.rule("ADS-11")
def test_a_vanished_campaign_is_restated_to_zero_once() -> None:
    first = settle_day(None, pulled(row("1"), row("2")), ACCOUNT, 1)
    second = settle_day(first.document, pulled(row("1")), ACCOUNT, 2)
    assert [(campaign.campaign_id, campaign.spend_micros, campaign.clicks) for campaign in second.rows] == [("2", 0, 0)]
    assert settle_day(second.document, pulled(row("1")), ACCOUNT, 3).rows == ()


def test_quarantine_is_told_when_it_starts_changes_and_ends() -> None:
    first = settle_day(None, pulled(row("1"), total=5, good=False), ACCOUNT, 1)
    same = settle_day(first.document, pulled(row("1"), total=5, good=False), ACCOUNT, 2)
    other = settle_day(same.document, pulled(row("1"), total=6, good=False), ACCOUNT, 3)
    lifted = settle_day(other.document, pulled(row("1")), ACCOUNT, 4)
    after = settle_day(lifted.document, pulled(row("1")), ACCOUNT, 5)
    assert [settled.quarantine for settled in (first, same, other, lifted, after)] == [True, None, True, False, None]
    assert [len(settled.rows) for settled in (first, same, other, lifted, after)] == [0, 0, 0, 1, 0]


@given(
    st.lists(
        st.tuples(st.dictionaries(st.sampled_from("abc"), st.integers(0, 3)), st.booleans(), st.integers(1, 50)),
        max_size=12,
    )
)
def test_documents_survive_json_and_replaying_what_was_recorded_gives_the_last_good_pull(
    pulls: list[tuple[dict[str, int], bool, int]],
) -> None:
    document: dict[str, object] | None = None
    recorded: dict[str, int] = {}
    newest, expected = 0, dict[str, int]()
    for spends, good, version in pulls:
        day = pulled(*(row(name, spend) for name, spend in spends.items()), good=good, total=-1 if not good else None)
        settled = settle_day(document, day, ACCOUNT, version)
        if settled.document is not None:
            document = orjson.loads(orjson.dumps(settled.document))
        recorded.update({campaign.campaign_id: campaign.spend_micros for campaign in settled.rows})
        if version > newest:
            newest = version
            if good:
                expected = dict.fromkeys(recorded, 0) | spends
    assert recorded == expected


@given(DAYS, DAYS, st.integers(1, 40))
def test_spans_cover_each_day_once(start: date, end: date, most: int) -> None:
    cut = list(spans(start, end, most))
    assert [day for first, last in cut for day in days_between(first, last)] == list(days_between(start, end))
    assert all((last - first).days < most for first, last in cut)


@given(st.sampled_from(sorted(available_timezones())), st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)))
def test_yesterday_and_today_never_leave_a_day_out_between_two_hourly_pulls(timezone: str, timestamp: datetime) -> None:
    now = timestamp.replace(tzinfo=UTC)
    today, later = local_today(now, timezone), local_today(now + timedelta(hours=1), timezone)
    assert later - today in (timedelta(0), timedelta(days=1))
    assert today == now.astimezone(ZoneInfo(timezone)).date()


@pytest.mark.parametrize(
    ("campaigns", "rows", "totals", "rounding", "right"),
    [
        (100, 2, [100], 0, True),
        (100, 2, [101], 0, False),
        (100, 2, [99], 0, False),
        (100, 2, [90, 110], 0, True),
        (120, 2, [90, 110], 0, False),
        (30_000, 3, [45_000], 5_000, True),
        (30_000, 3, [45_001], 5_000, False),
        (0, 0, [0], 5_000, True),
        (0, 0, [10_000], 5_000, False),
    ],
)
def test_campaigns_add_up_within_rounding_and_between_two_totals(
    campaigns: int, rows: int, totals: list[int], rounding: int, right: bool
) -> None:
    assert adds_up(campaigns, rows, totals, rounding) is right
