"""Ad accounts and their days, whatever they come from, and what a platform's answer is made of."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal, Protocol, TypeVar

from starlette.requests import Request
from starlette.responses import Response

from pulsepoint.brand.vocabulary import Platform

T = TypeVar("T")
Fault = Literal["rate_limited", "expired_token", "server_error", "unknown_field", "too_much_data", "mismatch", "slow"]
FAULTS: frozenset[str] = frozenset(
    {"rate_limited", "expired_token", "server_error", "unknown_field", "too_much_data", "mismatch", "slow"}
)
MISMATCH_MICROS = 10_000_000
DECIMALS: Mapping[str, int] = {
    **dict.fromkeys(("CLP", "ISK", "JPY", "KRW", "VND"), 0),
    **dict.fromkeys(("BHD", "JOD", "KWD", "OMR", "TND"), 3),
}
"""Decimals of currencies that have not two: https://www.iso.org/iso-4217-currency-codes.html"""


@dataclass(frozen=True, slots=True)
class AdAccount:
    """One ad account and the token that opens it."""

    platform: Platform
    account_id: str
    token: str = field(repr=False)
    currency: str = "GBP"
    timezone: str = "Europe/London"
    click_window_days: int = 30


@dataclass(frozen=True, slots=True)
class AdRow:
    """A campaign's day as its platform reports it; money and purchases in millionths (platforms model parts)."""

    campaign_id: str
    campaign: str
    day: date
    spend_micros: int
    impressions: int
    clicks: int
    purchases_micros: int
    value_micros: int


class NotReady(Exception):
    """The source has no figures yet; platforms answer 503 then."""


class Malformed(Exception):
    """A parameter is missing or cannot be read; the text is its name."""


def read(values: Mapping[str, object], name: str, parse: Callable[[Any], T], default: object = None) -> T:
    """A parameter as `parse` reads it. Raises `Malformed`."""
    value = values.get(name, default)
    if value is None:
        raise Malformed(name)
    try:
        return parse(value)
    except (ValueError, TypeError, LookupError):
        raise Malformed(name) from None


class AdsSource(Protocol):
    """The source of the figures."""

    def accounts(self) -> Iterable[AdAccount]:
        """Every ad account, in a fixed order: sorted as the source keeps them."""
        ...

    def rows(self, account: AdAccount, start: date, end: date) -> list[AdRow]:
        """Every campaign's days from `start` to `end`, both included, in the order of days; no day of the future.

        Raises `NotReady`.
        """
        ...


@dataclass(frozen=True, slots=True)
class Limits:
    """The most that platforms give at once; `too_much_over` is the Meta page size from which it is too much data."""

    page_size: int = 500
    too_much_over: int = 10_000
    retry_after_seconds: int = 7
    slow_seconds: float = 1.0


@dataclass(slots=True)
class Faults:
    """Faults that stand or run out, and the requests so far."""

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

    def fault(self, platform: Platform, request: Request) -> str | None:
        """The fault of this request; None where it meets none."""
        requested = request.headers.get("x-stub-fault") or request.query_params.get("stub_fault")
        if requested:
            return requested
        if self.pending.get(platform):
            return self.pending[platform].pop(0)
        return self.standing.get(platform)

    def note(self, platform: Platform, path: str) -> None:
        """Note a request; at most the newest thousand are kept."""
        self.requests.append((platform, path))
        del self.requests[:-1000]


@dataclass(frozen=True, slots=True)
class AdsRequest:
    """A request with what answers it."""

    http: Request
    source: AdsSource
    limits: Limits
    fault: str | None

    def account(self, platform: Platform, account_id: str, token: str) -> AdAccount | None:
        """The account, or None where the id is unknown or the token wrong."""
        for account in self.source.accounts():
            if (account.platform, account.account_id, account.token) == (platform, account_id, token):
                return account
        return None

    def opens(self, platform: Platform, token: str) -> bool:
        """True where the token opens any account of the platform."""
        return any((account.platform, account.token) == (platform, token) for account in self.source.accounts())

    async def rows(self, account: AdAccount, start: date, end: date) -> list[AdRow]:
        """The account's campaign days; a source may take its time."""
        return await asyncio.to_thread(self.source.rows, account, start, end)

    async def totals(self, account: AdAccount, start: date, end: date) -> dict[date, int]:
        """The account's own millionths a day; a mismatch adds ten units."""
        totals: dict[date, int] = {}
        for row in await self.rows(account, start, end):
            extra = MISMATCH_MICROS if self.fault == "mismatch" and row.day not in totals else 0
            totals[row.day] = totals.get(row.day, 0) + row.spend_micros + extra
        return totals


Answer = Callable[[AdsRequest], Awaitable[Response]]


def money(micros: int, currency: str) -> str:
    """Millionths as platforms print money: in the currency's decimals, rounded half up."""
    decimals = DECIMALS.get(currency, 2)
    units = (micros * 10**decimals + 500_000) // 1_000_000
    whole, rest = divmod(units, 10**decimals)
    return f"{whole}.{rest:0{decimals}d}" if decimals else str(whole)


def parts(micros: int) -> str:
    """Micros as the shortest decimal number."""
    whole, rest = divmod(micros, 1_000_000)
    return f"{whole}.{rest:06d}".rstrip("0") if rest else str(whole)


def bearer(request: Request) -> str:
    """The token of an Authorization header; empty where there is none."""
    return request.headers.get("authorization", "").removeprefix("Bearer ")
