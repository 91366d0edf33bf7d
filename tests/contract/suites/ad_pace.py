"""How an ad platform's adapter keeps the platform's pace: throttling in its own dialect, and many accounts."""

from __future__ import annotations

from datetime import timedelta

import pytest

from pulsepoint.errors import VendorRateLimited
from pulsepoint.events.ads import AdsSynced, AdsSyncFailed
from sandbox.ad_stubs.ads_world import StubAccount, StubSettings
from tests.builders.ad_platforms import AdDialect, Step, ad_row, playing
from tests.builders.ads import ads_service
from tests.builders.runtime import run_effects

ACCOUNTS = 60


class AdPaceSuite:
    """Part of `AdPlatformSuite`."""

    dialect: AdDialect

    @pytest.mark.rule("ADS-09")
    @pytest.mark.parametrize("step", list(Step))
    async def test_throttling_waits_as_this_platform_means_it_and_is_not_asked_again(self, step: Step) -> None:
        assert self.dialect.throttles
        for throttle in self.dialect.throttles:
            async with playing(self.dialect, [ad_row()]) as stage:
                stage.wire.answers[step] = throttle.answer
                with pytest.raises(VendorRateLimited, match=self.dialect.api) as caught:
                    await stage.step(step)
                assert caught.value.retry_after == throttle.wait, throttle.name
                assert stage.wire.count(step) == 1

    @pytest.mark.rule("ADS-09")
    async def test_a_throttled_pull_is_made_when_the_wait_is_over_and_not_before(self) -> None:
        throttle = next(throttle for throttle in self.dialect.throttles if throttle.wait)
        async with playing(self.dialect, [ad_row()]) as stage, ads_service(transport=stage.wire) as ads:
            await ads.connect((stage.source.account,))
            stage.wire.answers[Step.CAMPAIGNS] = throttle.answer
            await ads.sync(after=0)
            [failure] = ads.events(AdsSyncFailed)
            assert not failure.refused
            del stage.wire.answers[Step.CAMPAIGNS]
            ads.clock.set(ads.clock.now() + timedelta(seconds=(throttle.wait or 0) - 0.5))
            assert await run_effects(ads.runtime) == 0
            ads.clock.advance(seconds=0.5)
            assert await run_effects(ads.runtime) == 1
            assert len(ads.events(AdsSynced)) == 1
            assert {row["spend_micros"] for row in await ads.rows()} == {ad_row().spend_micros}

    @pytest.mark.rule("ADS-14")
    async def test_sixty_accounts_all_arrive(self) -> None:
        platform = self.dialect.platform
        accounts = tuple(StubAccount(platform, f"{number:010d}", f"token-{number:010d}") for number in range(ACCOUNTS))
        async with ads_service(StubSettings(accounts=accounts, page_size=500)) as ads:
            await ads.connect()
            await ads.sync()
            for _ in range(3):  # one brand takes half of the places at a time
                ads.clock.advance(seconds=1)
                await run_effects(ads.runtime)
            assert {event.account_id for event in ads.events(AdsSynced)} == {each.account_id for each in accounts}
            assert len({row["account_id"] for row in await ads.rows()}) == ACCOUNTS
