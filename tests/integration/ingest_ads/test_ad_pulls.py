"""From a sync request over HTTP to ad-days in the warehouse, against the local fake for the platforms."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest

from pulsepoint.brand.failures import PullFailure
from pulsepoint.brand.vocabulary import Platform
from pulsepoint.events.ads import AdDayQuarantined, AdDayRecorded, AdsSynced, AdsSyncFailed
from pulsepoint.events.observability import MessageQuarantined
from sandbox.ad_stubs.ads_world import CAMPAIGNS, DEFAULT_ACCOUNTS, MISMATCH_MICROS, StubAccount, StubSettings
from tests.builders.ads import (
    SCOPE,
    STUB_URL,
    AdsService,
    ads_service,
    brand_configured,
    secret_ref,
    sync_requested,
)
from tests.builders.metrics import measured, values
from tests.builders.runtime import deliver, run_effects
from tests.builders.warehouse import order_fact

YESTERDAY, TODAY = date(2026, 3, 9), date(2026, 3, 10)
ACCOUNTS = {account.platform: account for account in DEFAULT_ACCOUNTS}
META, TIKTOK, GOOGLE = (ACCOUNTS[each] for each in (Platform.META, Platform.TIKTOK, Platform.GOOGLE))


def expected_micros(ads: AdsService, account: StubAccount, day: date) -> int:
    return sum(row.spend_micros for row in ads.world.rows(account, day, day))


async def test_a_sync_brings_yesterday_and_today_of_every_platform() -> None:
    async with ads_service() as ads:
        await ads.connect()
        await ads.sync()
        rows = await ads.rows()
        assert {(row["platform"], row["day"]) for row in rows} == {
            (platform, day) for platform in Platform for day in (YESTERDAY, TODAY)
        }
        assert await ads.spent() == sum(
            expected_micros(ads, account, day) for account in DEFAULT_ACCOUNTS for day in (YESTERDAY, TODAY)
        )
        assert {event.platform: (event.rows, event.changed) for event in ads.events(AdsSynced)} == {
            platform: (2 * len(names), 2 * len(names)) for platform, names in CAMPAIGNS.items()
        }
        assert len(ads.events(AdDayRecorded)) == len(rows)


async def test_an_account_with_a_stand_in_is_pulled_there_and_all_others_where_the_settings_say() -> None:
    async with ads_service() as ads:
        # Nobody answers below that path of the stub.
        await ads.connect(fakes={"meta": f"{STUB_URL}/elsewhere"})
        await ads.sync()
        assert {event.platform for event in ads.events(AdsSynced)} == set(Platform) - {Platform.META}


@pytest.mark.rule("ADS-01")
async def test_rows_carry_windows_currency_and_timezone_of_their_account() -> None:
    accounts = (replace(META, currency="SEK", timezone="Europe/Stockholm"), TIKTOK, GOOGLE)
    async with ads_service(StubSettings(accounts=accounts), ads_tiktok_click_window_days=28) as ads:
        await ads.connect()
        await ads.sync()
        columns = {
            row["platform"]: (
                row["account_currency"],
                row["account_timezone"],
                row["click_window_days"],
                row["view_window_days"],
            )
            for row in await ads.rows()
        }
        assert columns == {
            "meta": ("SEK", "Europe/Stockholm", 7, 1),
            "tiktok": ("GBP", "Europe/London", 28, None),
            "google": ("GBP", "Europe/London", 30, 0),
        }


@pytest.mark.rule("ADS-03")
async def test_an_unchanged_pull_appends_nothing() -> None:
    async with ads_service() as ads:
        await ads.connect()
        await ads.sync()
        before = await ads.rows()
        await ads.sync(after=3600)
        assert await ads.rows() == before
        assert len(ads.events(AdDayRecorded)) == len(before)
        assert [event.changed for event in ads.events(AdsSynced)[len(Platform) :]] == [0 for _ in Platform]


@pytest.mark.rule("ADS-03")
async def test_a_restated_day_appends_a_version_and_keeps_the_old_one() -> None:
    async with ads_service() as ads:
        await ads.connect((META,))
        await ads.sync()
        first = await ads.rows()
        ads.replay(restated={YESTERDAY: 125})
        await ads.sync(after=3600)
        rows = await ads.rows()
        again = [row for row in rows if row not in first]
        assert {row["day"] for row in again} == {YESTERDAY}
        assert len(again) == 3
        assert all(row in rows for row in first)
        assert await ads.spent() == sum(expected_micros(ads, META, day) for day in (YESTERDAY, TODAY))


@pytest.mark.rule("ADS-11")
async def test_a_campaign_left_out_of_a_restated_day_counts_zero() -> None:
    async with ads_service() as ads:
        await ads.connect((GOOGLE,))
        await ads.sync()
        ads.replay(left_out={YESTERDAY: "brand-search"})
        await ads.sync()
        current = {
            (row["campaign_name"], row["day"]): row["spend_micros"] for row in await ads.rows("ad_performance_current")
        }
        assert current["brand-search", YESTERDAY] == 0
        assert current["brand-search", TODAY] > 0
        assert await ads.spent() == sum(expected_micros(ads, GOOGLE, day) for day in (YESTERDAY, TODAY))


@pytest.mark.rule("ADS-04")
@pytest.mark.parametrize("account", DEFAULT_ACCOUNTS, ids=lambda account: account.platform)
async def test_a_day_that_does_not_add_up_is_quarantined_until_a_good_pull(account: StubAccount) -> None:
    async with ads_service() as ads:
        await ads.connect((account,))
        ads.world.set_fault(account.platform, "mismatch")
        await ads.sync()
        assert await ads.rows() == []
        quarantined = ads.events(AdDayQuarantined)
        assert [event.day for event in quarantined] == [YESTERDAY, TODAY]
        assert quarantined[0].account_spend_micros - quarantined[0].campaign_spend_micros == MISMATCH_MICROS
        assert await ads.spent() == 0

        await ads.sync()
        assert len(ads.events(AdDayQuarantined)) == 2, "the same mismatch is told once"

        ads.world.set_fault(account.platform, None)
        await ads.sync()
        assert {row["quarantined"] for row in await ads.rows("ad_days_quarantined_current")} == {False}
        assert await ads.spent() == sum(expected_micros(ads, account, day) for day in (YESTERDAY, TODAY))


@pytest.mark.rule("ADS-18")
async def test_roas_leaves_out_a_day_that_does_not_add_up_until_a_good_pull() -> None:
    async with ads_service() as ads:
        warehouse = ads.runtime.ports.warehouse
        await ads.connect((META,))
        await ads.sync(start_day=YESTERDAY, end_day=YESTERDAY)
        ads.world.set_fault(Platform.META, "mismatch")
        await ads.sync(start_day=TODAY, end_day=TODAY)
        spent = {day: expected_micros(ads, META, day) for day in (YESTERDAY, TODAY)}
        for day, returned in ((YESTERDAY, 2), (TODAY, 3)):
            noon = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
            columns: dict[str, Any] = {"gross_micros": returned * spent[day], "processed_at": noon, "created_at": noon}
            await warehouse.append([order_fact(str(day), scope=SCOPE, **columns)])
        assert await values(warehouse, "blended_roas", scope=SCOPE, currency="GBP") == {"blended_roas": 2_000_000}
        measurement = await measured(warehouse, ["blended_roas"], scope=SCOPE, currency="GBP")
        assert [(each.day, each.account_id) for each in measurement.left_out] == [(TODAY, META.account_id)]

        ads.world.set_fault(Platform.META, None)
        await ads.sync(start_day=TODAY, end_day=TODAY)
        whole = Fraction(2 * spent[YESTERDAY] + 3 * spent[TODAY], sum(spent.values())) * 10**6
        assert await values(warehouse, "blended_roas", scope=SCOPE, currency="GBP") == {"blended_roas": round(whole)}


async def test_a_day_that_grows_while_it_is_read_is_asked_again_before_it_is_doubted() -> None:
    async with ads_service() as ads:
        await ads.connect((META,))
        ads.world.set_fault(Platform.META, "mismatch", 2)  # the account and the first total; the second total is right
        await ads.sync()
        assert ads.events(AdDayQuarantined) == []
        assert await ads.spent() == sum(expected_micros(ads, META, day) for day in (YESTERDAY, TODAY))


@pytest.mark.rule("ADS-04")
async def test_a_day_counted_before_is_not_counted_while_it_does_not_add_up() -> None:
    async with ads_service() as ads:
        await ads.connect((META,))
        await ads.sync()
        ads.world.set_fault(Platform.META, "mismatch")
        await ads.sync()
        assert await ads.spent() == 0
        ads.world.set_fault(Platform.META, None)
        rows = await ads.rows()
        await ads.sync()
        assert await ads.rows() == rows, "unchanged rows count again without being appended again"
        assert await ads.spent() > 0


@pytest.mark.rule("ADS-09")
@pytest.mark.parametrize("failing", list(Platform))
async def test_one_vendors_failure_does_not_hold_up_the_others(failing: Platform) -> None:
    async with ads_service() as ads:
        await ads.connect()
        ads.world.set_fault(failing, "server_error")
        await ads.sync()
        assert {event.platform for event in ads.events(AdsSynced)} == set(Platform) - {failing}
        [failure] = ads.events(AdsSyncFailed)
        assert (failure.platform, failure.refused, failure.attempts) == (failing, False, 1)

        ads.world.set_fault(failing, None)
        ads.clock.advance(seconds=60)
        await run_effects(ads.runtime)
        assert {event.platform for event in ads.events(AdsSynced)} == set(Platform)


@pytest.mark.rule("ADS-09")
async def test_a_vendor_that_asks_for_years_is_asked_again_after_a_day() -> None:
    async with ads_service(StubSettings(retry_after_seconds=999_999_999)) as ads:
        await ads.connect((GOOGLE,))
        ads.world.set_fault(Platform.GOOGLE, "rate_limited", 1)
        await ads.sync()
        ads.clock.advance(hours=24)
        await run_effects(ads.runtime)
        assert len(ads.events(AdsSynced)) == 1


@pytest.mark.rule("ADS-16")
@pytest.mark.parametrize("account", DEFAULT_ACCOUNTS, ids=lambda account: account.platform)
async def test_expired_credentials_call_for_a_person_and_the_pull_stays_due(account: StubAccount) -> None:
    async with ads_service() as ads:
        await ads.connect((account,))
        ads.world.set_fault(account.platform, "expired_token")
        await ads.sync()
        for _ in range(3):
            ads.clock.advance(seconds=1200)
            await run_effects(ads.runtime)
        assert [(event.refused, event.attempts) for event in ads.events(AdsSyncFailed)] == [
            (True, attempt) for attempt in (1, 2, 3, 4)
        ]
        ads.world.set_fault(account.platform, None)
        ads.clock.advance(seconds=1200)
        await run_effects(ads.runtime)
        assert len(ads.events(AdsSynced)) == 1


async def test_a_missing_token_is_refused_without_asking_the_platform() -> None:
    async with ads_service() as ads:
        assert await deliver(ads.runtime, "brands", brand_configured((META,))) == 204
        await ads.sync()
        [failure] = ads.events(AdsSyncFailed)
        assert (failure.refused, failure.failure) == (True, PullFailure.NO_TOKEN)
        assert ads.world.requests == []


@pytest.mark.parametrize("token", [b"caf\xc3\xa9", b"\xff\xfe", b"line\nbreak"])
async def test_a_token_that_cannot_be_one_is_refused_and_not_repeated(token: bytes) -> None:
    async with ads_service() as ads:
        await ads.connect((META,))
        await ads.runtime.ports.secrets.put(SCOPE, secret_ref(META), token)
        await ads.sync()
        [failure] = ads.events(AdsSyncFailed)
        assert (failure.refused, failure.failure, failure.names) == (True, PullFailure.UNUSABLE_TOKEN, {})
        assert "caf" not in failure.reason


async def test_one_platform_alone_can_be_asked_for() -> None:
    async with ads_service() as ads:
        await ads.connect()
        await ads.sync(Platform.TIKTOK)
        assert {platform for platform, _ in ads.world.requests} == {"tiktok"}


async def test_an_asked_range_is_pulled_whole_in_spans_and_stops_today() -> None:
    async with ads_service() as ads:
        await ads.connect((TIKTOK,))
        await ads.sync(start_day=date(2026, 1, 1), end_day=date(2026, 12, 31))
        days = {row["day"] for row in await ads.rows()}
        assert days == {date(2026, 1, 1) + timedelta(days=n) for n in range((TODAY - date(2026, 1, 1)).days + 1)}
        spans = sorted((event.start_day, event.end_day) for event in ads.events(AdsSynced))
        assert all((end - start).days < 30 for start, end in spans)


async def test_an_asked_range_is_not_swallowed_by_a_pull_that_waits() -> None:
    async with ads_service() as ads:
        await ads.connect((META,))
        ads.world.set_fault(Platform.META, "server_error", 1)
        await ads.sync()
        await ads.request(start_day=date(2026, 2, 1), end_day=date(2026, 2, 2))
        await run_effects(ads.runtime)
        assert {row["day"] for row in await ads.rows()} == {date(2026, 2, 1), date(2026, 2, 2)}


async def test_an_end_before_the_start_is_held_with_its_reason() -> None:
    async with ads_service() as ads:
        await ads.connect((META,))
        command = sync_requested(start_day=TODAY, end_day=YESTERDAY)
        assert await deliver(ads.runtime, "commands", command) == 204
        [quarantined] = ads.events(MessageQuarantined)
        assert "end_day" in quarantined.explanation


@pytest.mark.rule("ADS-06")
@pytest.mark.parametrize(
    ("timezone", "now", "days"),
    [
        ("Asia/Tokyo", datetime(2026, 3, 10, 14, 59, tzinfo=UTC), (date(2026, 3, 9), date(2026, 3, 10))),
        ("Asia/Tokyo", datetime(2026, 3, 10, 15, 0, tzinfo=UTC), (date(2026, 3, 10), date(2026, 3, 11))),
        ("America/Los_Angeles", datetime(2026, 3, 9, 6, 59, tzinfo=UTC), (date(2026, 3, 7), date(2026, 3, 8))),
        ("America/Los_Angeles", datetime(2026, 3, 9, 7, 0, tzinfo=UTC), (date(2026, 3, 8), date(2026, 3, 9))),
        ("Europe/London", datetime(2026, 10, 24, 23, 0, tzinfo=UTC), (date(2026, 10, 24), date(2026, 10, 25))),
        ("Europe/London", datetime(2026, 10, 25, 23, 30, tzinfo=UTC), (date(2026, 10, 24), date(2026, 10, 25))),
    ],
    ids=[
        "tokyo before midnight",
        "tokyo midnight",
        "summer time eve",
        "summer time",
        "clocks back",
        "clocks were back",
    ],
)
async def test_days_are_those_of_the_accounts_timezone(timezone: str, now: datetime, days: tuple[date, date]) -> None:
    async with ads_service(StubSettings(accounts=(replace(META, timezone=timezone),))) as ads:
        ads.clock.set(now)
        await ads.connect()
        await ads.sync(after=0)
        [event] = ads.events(AdsSynced)
        assert (event.start_day, event.end_day) == days


async def test_the_business_clock_of_the_brand_moves_the_days() -> None:
    async with ads_service() as ads:
        await ads.connect((META,), clock_offset_seconds=-86_400 * 365)
        await ads.sync()
        [event] = ads.events(AdsSynced)
        assert event.end_day == date(2025, 3, 10)


@pytest.mark.rule("ADS-13")
@pytest.mark.parametrize(
    ("account", "version"),
    [(META, "v27.0"), (TIKTOK, "v1.3"), (GOOGLE, "v26")],
    ids=["meta", "tiktok", "google"],
)
async def test_an_unknown_field_fails_loudly_and_names_the_version(account: StubAccount, version: str) -> None:
    async with ads_service() as ads:
        await ads.connect((account,))
        ads.world.set_fault(account.platform, "unknown_field")
        await ads.sync()
        [failure] = ads.events(AdsSyncFailed)
        assert version in failure.names["api"]
        assert not failure.refused


@pytest.mark.rule("ADS-15")
@pytest.mark.parametrize("fault", [None, "expired_token", "server_error", "rate_limited", "unknown_field"])
async def test_tokens_are_in_no_log_and_no_event(
    fault: str | None, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    async with ads_service() as ads:
        await ads.connect()
        for account in DEFAULT_ACCOUNTS:
            ads.world.set_fault(account.platform, fault)
        await ads.sync()
        published = b"".join(message.data for message in ads.runtime.ports.bus.published)
        facts = repr(await ads.rows()).encode()
        printed = capsys.readouterr()
        logged = caplog.text + printed.out + printed.err
        assert "/insights" in logged or fault is not None, "requests are logged, so a token in a URL would show"
        for account in DEFAULT_ACCOUNTS:
            assert account.token not in logged
            assert account.token.encode() not in published + facts


async def test_facts_belong_to_the_brand_that_asked() -> None:
    async with ads_service() as ads:
        await ads.connect((META,))
        await ads.sync()
        assert {row["brand_id"] for row in await ads.rows()} == {str(SCOPE.brand_id)}
