"""The world's campaigns as ad accounts: each platform's report at the business clock's now."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from pulsepoint.brand.vocabulary import Platform
from sandbox.platforms.ad_days import AdAccount, AdRow, NotReady
from sandbox.platforms.clock import BusinessClock
from sandbox.platforms.turns import Turns
from sandbox.records import AdDay

CENT_MICROS = 10_000


class WorldAds:
    """`AdsSource` over a world; `tokens` opens the accounts of each platform."""

    def __init__(self, turns: Turns, clock: BusinessClock, tokens: Mapping[Platform, str]) -> None:
        """Accounts are those of the world's campaigns."""
        self._turns, self._clock = turns, clock
        shop = turns.settings.shop
        self._zone = ZoneInfo(shop.timezone)
        self._first_day = shop.first_day
        named = dict.fromkeys((campaign.platform, campaign.account_id) for campaign in turns.settings.campaigns)
        self._accounts = tuple(
            AdAccount(platform, bare(account_id), tokens[platform], shop.currency, shop.timezone)
            for platform, account_id in named
        )

    def accounts(self) -> tuple[AdAccount, ...]:
        """See `AdsSource.accounts`."""
        return self._accounts

    def rows(self, account: AdAccount, start: date, end: date) -> list[AdRow]:
        """See `AdsSource.rows`; a campaign that did nothing on a day is left out, as platforms do."""
        if not self._turns.ready.is_set():
            raise NotReady
        now = self._clock.now()
        first, last = max(start, self._first_day), min(end, now.astimezone(self._zone).date())
        days = (first + timedelta(days=number) for number in range((last - first).days + 1))
        rows = [row for day in days for row in self._day(account, day, now)]
        return [row for row in rows if row.spend_micros or row.impressions or row.clicks or row.purchases_micros]

    def _day(self, account: AdAccount, day: date, now: datetime) -> list[AdRow]:
        rows = self._turns.ask(lambda world: world.ad_days(day, now))
        owner = (account.platform, account.account_id)
        return [_row(row) for row in rows if (row.platform, bare(row.account_id)) == owner]


def bare(account_id: str) -> str:
    """An account's id as URLs have it: Meta's own ids carry `act_` in front."""
    return account_id.removeprefix("act_")


def _row(row: AdDay) -> AdRow:
    return AdRow(
        campaign_id=row.campaign_id,
        campaign=row.campaign_name,
        day=row.day,
        spend_micros=row.spend_cents * CENT_MICROS,
        impressions=row.impressions,
        clicks=row.clicks,
        purchases_micros=row.claimed_conversions_micros,
        value_micros=row.claimed_value_cents * CENT_MICROS,
    )
