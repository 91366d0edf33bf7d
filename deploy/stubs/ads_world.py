"""The made-up ad accounts behind the stub: figures follow from seed, account, campaign and day alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from hashlib import sha256
from typing import Literal

from starlette.requests import Request

Platform = Literal["meta", "tiktok", "google"]
Fault = Literal["rate_limited", "expired_token", "server_error", "unknown_field", "too_much_data", "mismatch", "slow"]
FAULTS: frozenset[str] = frozenset(
    {"rate_limited", "expired_token", "server_error", "unknown_field", "too_much_data", "mismatch", "slow"}
)
CAMPAIGNS: dict[Platform, tuple[str, ...]] = {
    "meta": ("prospecting", "retargeting", "spring-sale"),
    "tiktok": ("prospecting", "spring-sale"),
    "google": ("brand-search", "performance-max", "spring-sale"),
}
MISMATCH_CENTS = 1_000


@dataclass(frozen=True, slots=True)
class StubAccount:
    """One ad account the stub knows."""

    platform: Platform
    account_id: str
    token: str
    currency: str = "GBP"
    timezone: str = "Europe/London"


DEFAULT_ACCOUNTS = (
    StubAccount("meta", "1000000000000001", "stub-meta-token"),
    StubAccount("tiktok", "7000000000000000001", "stub-tiktok-token"),
    StubAccount("google", "1234567890", "stub-google-token"),
)


@dataclass(frozen=True, slots=True)
class StubSettings:
    """What the stub plays.

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


@dataclass(frozen=True, slots=True)
class Row:
    """A campaign's day; money in cents."""

    campaign_id: str
    campaign: str
    day: date
    spend: int
    impressions: int
    clicks: int
    purchases: int
    value: int


@dataclass(slots=True)
class World:
    """The stub's state: settings that tests may replace, faults that run out, and what was asked."""

    settings: StubSettings
    standing: dict[str, str] = field(default_factory=dict)
    pending: dict[str, list[str]] = field(default_factory=dict)
    requests: list[tuple[str, str]] = field(default_factory=list)

    def set_fault(self, platform: Platform, fault: str | None, times: int | None = None) -> None:
        """Meet the next `times` requests of a platform with a fault, or all of them; None ends all faults."""
        if fault is None:
            self.standing.pop(platform, None)
            self.pending.pop(platform, None)
        elif times is None:
            self.standing[platform] = fault
        else:
            self.pending.setdefault(platform, []).extend([fault] * times)

    def account(self, platform: Platform, account_id: str, token: str) -> StubAccount | None:
        """The account, or None where the id is unknown or the token wrong."""
        for account in self.settings.accounts:
            if (account.platform, account.account_id, account.token) == (platform, account_id, token):
                return account
        return None

    def fault(self, platform: Platform, request: Request) -> str | None:
        """The fault this request meets."""
        asked = request.headers.get("x-stub-fault") or request.query_params.get("stub_fault")
        if asked:
            return asked
        if self.pending.get(platform):
            return self.pending[platform].pop(0)
        return self.standing.get(platform) or self.settings.faults.get(platform)

    def rows(self, account: StubAccount, start: date, end: date) -> list[Row]:
        """Every campaign's days, in the order of days."""
        days = [start + timedelta(days=offset) for offset in range((end - start).days + 1)]
        return [
            self._row(account, index, name, day)
            for day in days
            for index, name in enumerate(CAMPAIGNS[account.platform])
            if self.settings.left_out.get(day) != name
        ]

    def totals(self, account: StubAccount, start: date, end: date, fault: str | None) -> dict[date, int]:
        """The account's own cents a day; a mismatch adds ten units."""
        totals: dict[date, int] = {}
        for row in self.rows(account, start, end):
            extra = MISMATCH_CENTS if fault == "mismatch" and row.day not in totals else 0
            totals[row.day] = totals.get(row.day, 0) + row.spend + extra
        return totals

    def _row(self, account: StubAccount, index: int, name: str, day: date) -> Row:
        key = f"{self.settings.seed}/{account.platform}/{account.account_id}/{name}/{day}"
        dice = sha256(key.encode()).digest()
        spend = 500 + int.from_bytes(dice[:2]) % 20_000 + self.settings.restated.get(day, 0)
        clicks = 20 + dice[2] * 2
        purchases = dice[3] % 12
        return Row(
            campaign_id=f"{account.account_id[-4:]}{index + 1:04d}",
            campaign=name,
            day=day,
            spend=spend,
            impressions=clicks * (20 + dice[4] % 40),
            clicks=clicks,
            purchases=purchases,
            value=purchases * (1_500 + dice[5] * 10),
        )
