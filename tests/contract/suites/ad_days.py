"""Which days an ad platform's adapter reads: those of the account, none lost and none twice, in any timezone."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from ingest_ads.domain import MOST_DAYS, spans
from tests.builders.ad_platforms import AdDialect, ad_rows, days_from, moments, playing

HOURS = 96
EVERY = 7
"""Less than the shortest day, and no divisor of it: the moments fall on different hours."""


class AdDaysSuite:
    """Part of `AdPlatformSuite`."""

    dialect: AdDialect

    @pytest.mark.rule("ADS-06")
    @pytest.mark.parametrize(
        ("timezone", "start"),
        [
            ("Asia/Tokyo", datetime(2026, 3, 8, tzinfo=UTC)),  # UTC+9
            ("Pacific/Honolulu", datetime(2026, 3, 8, tzinfo=UTC)),  # UTC-10
            ("Pacific/Kiritimati", datetime(2026, 3, 8, tzinfo=UTC)),  # UTC+14
            ("Europe/London", datetime(2026, 3, 27, tzinfo=UTC)),  # a day of 23 hours
            ("Europe/London", datetime(2026, 10, 23, tzinfo=UTC)),  # a day of 25 hours
            ("America/New_York", datetime(2026, 3, 6, tzinfo=UTC)),
            ("Australia/Lord_Howe", datetime(2026, 4, 3, tzinfo=UTC)),  # half an hour
        ],
    )
    async def test_no_day_of_the_account_is_lost_and_totals_are_conserved(self, timezone: str, start: datetime) -> None:
        zone = ZoneInfo(timezone)
        reported = ad_rows(days_from(start.date() - timedelta(days=3), 9))
        async with playing(self.dialect, reported, timezone=timezone) as stage:
            spent: dict[date, int] = {}
            for now in moments(start, HOURS, EVERY):
                stage.clock.set(now)
                pull = await stage.pull()
                today = now.astimezone(zone).date()
                assert [day.day for day in pull.days] == [today - timedelta(days=1), today]
                assert all(day.adds_up for day in pull.days)
                spent |= {day.day: day.campaign_spend_micros for day in pull.days}
            days = days_from(min(spent), (max(spent) - min(spent)).days + 1)
            assert sorted(spent) == days
            assert len(days) >= HOURS // 24
            assert sum(spent.values()) == sum(row.spend_micros for row in reported if row.day in spent)

    @pytest.mark.rule("ADS-06")
    async def test_a_long_range_in_spans_is_conserved(self) -> None:
        days = days_from(datetime(2025, 10, 1, tzinfo=UTC).date(), 100)
        async with playing(self.dialect, ad_rows(days)) as stage:
            pulls = [await stage.pull(start, end) for start, end in spans(days[0], days[-1])]
            read = [day for pull in pulls for day in pull.days]
            assert max(len(pull.days) for pull in pulls) == MOST_DAYS
            assert [day.day for day in read] == days
            assert sum(day.campaign_spend_micros for day in read) == sum(r.spend_micros for r in stage.source.reported)
            assert all(day.adds_up for day in read)
