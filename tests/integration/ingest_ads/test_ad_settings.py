"""What becomes of pulls when a brand's settings change: before, meanwhile and after."""

from __future__ import annotations

from datetime import timedelta

from pulsepoint.brand.vocabulary import Platform
from pulsepoint.events.ads import AdsSynced, AdsSyncFailed
from sandbox.ad_stubs.ads_world import DEFAULT_ACCOUNTS
from tests.builders.ads import (
    NOON,
    STUB_URL,
    ads_service,
    brand_configured,
    sync_requested,
)
from tests.builders.runtime import deliver, run_effects

META = DEFAULT_ACCOUNTS[0]


async def test_a_request_that_overtakes_the_brand_is_delivered_again() -> None:
    async with ads_service() as ads:
        assert await deliver(ads.runtime, "commands", sync_requested()) == 503


async def test_an_older_snapshot_of_the_brand_does_not_bring_an_account_back() -> None:
    async with ads_service() as ads:
        await ads.connect()
        ads.clock.advance(hours=1)
        await ads.connect((META,))
        older = brand_configured(DEFAULT_ACCOUNTS, at=NOON + timedelta(minutes=30))
        assert await deliver(ads.runtime, "brands", older) == 204
        await ads.sync()
        assert {platform for platform, _ in ads.world.requests} == {"meta"}


async def test_what_arrives_for_an_account_disconnected_meanwhile_is_dropped() -> None:
    async with ads_service() as ads:
        await ads.connect((META,))
        await ads.request()
        ads.clock.advance(seconds=1)
        await ads.connect(())
        await run_effects(ads.runtime)
        assert await ads.rows() == []
        assert ads.events(AdsSynced) == []


async def test_who_mends_an_account_need_not_wait_until_the_failed_pull_is_due_again() -> None:
    async with ads_service() as ads:
        await ads.connect((META,))
        ads.world.set_fault(Platform.META, "expired_token", 1)
        await ads.sync()
        assert [event.refused for event in ads.events(AdsSyncFailed)] == [True]
        ads.clock.advance(seconds=1)
        await ads.connect((META,))
        await ads.request()
        await run_effects(ads.runtime)
        assert len(ads.events(AdsSynced)) == 1


async def test_a_clock_that_is_followed_asks_for_no_second_pull() -> None:
    async with ads_service() as ads:
        await ads.connect((META,))
        ads.world.set_fault(Platform.META, "expired_token", 1)
        await ads.sync()
        for moved in (60, 120):
            ads.clock.advance(seconds=1)
            await ads.connect((META,), clock_offset_seconds=moved)
            await ads.request()
        await run_effects(ads.runtime)
        assert ads.events(AdsSynced) == []


async def test_a_pull_under_settings_of_before_tells_nothing_any_more() -> None:
    async with ads_service() as ads:
        await ads.connect((META,), fakes={"meta": f"{STUB_URL}/elsewhere"})
        await ads.sync()
        assert len(ads.events(AdsSyncFailed)) == 1
        ads.clock.advance(seconds=1)
        await ads.connect((META,))
        ads.clock.advance(seconds=1200)
        await run_effects(ads.runtime)
        assert len(ads.events(AdsSyncFailed)) == 1
