"""The made-up ad accounts behind the stub: figures follow from seed, account, campaign and day alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from hashlib import sha256

from starlette.requests import Request

from pulsepoint.brand.vocabulary import Platform
from sandbox.platforms.ad_days import MISMATCH_MICROS, AdAccount, AdRow, Fault, Faults, Limits

__all__ = ["CAMPAIGNS", "DEFAULT_ACCOUNTS", "MISMATCH_MICROS", "StubAccount", "StubSettings", "World"]

CAMPAIGNS: dict[Platform, tuple[str, ...]] = {
    Platform.META: ("prospecting", "retargeting", "spring-sale"),
    Platform.TIKTOK: ("prospecting", "spring-sale"),
    Platform.GOOGLE: ("brand-search", "performance-max", "spring-sale"),
}
CENT_MICROS = 10_000
StubAccount = AdAccount
DEFAULT_ACCOUNTS = (
    StubAccount(Platform.META, "1000000000000001", "stub-meta-token"),
    StubAccount(Platform.TIKTOK, "7000000000000000001", "stub-tiktok-token"),
    StubAccount(Platform.GOOGLE, "1234567890", "stub-google-token"),
)


@dataclass(frozen=True, slots=True)
class StubSettings:
    """The stub's settings.

    `restated` adds cents to every campaign of a day; `left_out` names campaigns that are all zero on a day and so
    are not reported; `page_size` is the most rows a page holds; `too_much_over` is the Meta page size from which Meta
    says it is too much data.
    """

    seed: int = 1
    accounts: tuple[StubAccount, ...] = DEFAULT_ACCOUNTS
    page_size: int = 2
    too_much_over: int = 10_000
    retry_after_seconds: int = 7
    slow_seconds: float = 1.0
    faults: Mapping[Platform, Fault] = field(default_factory=dict)
    restated: Mapping[date, int] = field(default_factory=dict)
    left_out: Mapping[date, str] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class World(Faults):
    """The stub's state: settings that tests may replace, faults that run out, and the requests so far."""

    settings: StubSettings

    def limits(self) -> Limits:
        """The rows given at once, the seconds of a wait, as the settings say now."""
        settings = self.settings
        return Limits(settings.page_size, settings.too_much_over, settings.retry_after_seconds, settings.slow_seconds)

    def accounts(self) -> tuple[StubAccount, ...]:
        """See `AdsSource.accounts`."""
        return self.settings.accounts

    def fault(self, platform: Platform, request: Request) -> str | None:
        """The fault this request meets; the settings' own where none was set."""
        return Faults.fault(self, platform, request) or self.settings.faults.get(platform)

    def rows(self, account: StubAccount, start: date, end: date) -> list[AdRow]:
        """Every campaign's days, in the order of days."""
        days = [start + timedelta(days=offset) for offset in range((end - start).days + 1)]
        return [
            self._row(account, index, name, day)
            for day in days
            for index, name in enumerate(CAMPAIGNS[account.platform])
            if self.settings.left_out.get(day) != name
        ]

    def _row(self, account: StubAccount, index: int, name: str, day: date) -> AdRow:
        key = f"{self.settings.seed}/{account.platform}/{account.account_id}/{name}/{day}"
        dice = sha256(key.encode()).digest()
        spend = 500 + int.from_bytes(dice[:2]) % 20_000 + self.settings.restated.get(day, 0)
        clicks = 20 + dice[2] * 2
        purchases = dice[3] % 12
        return AdRow(
            campaign_id=f"{account.account_id[-4:]}{index + 1:04d}",
            campaign=name,
            day=day,
            spend_micros=spend * CENT_MICROS,
            impressions=clicks * (20 + dice[4] % 40),
            clicks=clicks,
            purchases_micros=purchases * 1_000_000,
            value_micros=purchases * (1_500 + dice[5] * 10) * CENT_MICROS,
        )
