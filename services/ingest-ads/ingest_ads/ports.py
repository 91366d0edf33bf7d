"""The port of ingest-ads beyond the kernel's: an ad platform."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Protocol

from ingest_ads.domain import AccountFacts, CampaignDay
from pulsepoint.brand.vocabulary import Platform
from pulsepoint.ports.clock import Clock
from pulsepoint.ports.secret_store import SecretStore


@dataclass(frozen=True, slots=True)
class Connection:
    """The way to one ad account; the token shows in no representation. `base_url`: a fake of its platform."""

    account_id: str
    token: str = field(repr=False)
    login_customer_id: str | None = None
    base_url: str | None = None


@dataclass(frozen=True, slots=True)
class OpenAccount:
    """An account that answered: how to reach it, and what it says of itself."""

    connection: Connection
    facts: AccountFacts


@dataclass(frozen=True, slots=True)
class CampaignDays:
    """Rows of campaigns, each (campaign, day) once; `rounding_micros` is how far rounding may move one row's spend."""

    rows: tuple[CampaignDay, ...]
    rounding_micros: int = 0


class AdsPlatform(Protocol):
    """One ad platform's reporting API.

    Every method raises `VendorRefused` when a person must act, `VendorRateLimited` when the platform asks to slow
    down, and `VendorError` otherwise, naming the API version where the platform no longer knows a field.
    """

    async def account(self, connection: Connection) -> OpenAccount:
        """The account's currency, timezone and attribution windows."""
        ...

    async def campaign_days(self, account: OpenAccount, start: date, end: date) -> CampaignDays:
        """Every campaign's days from `start` to `end`, both included, in the account's timezone."""
        ...

    async def account_days(self, account: OpenAccount, start: date, end: date) -> dict[date, int]:
        """The account's own spend a day in micros, read apart from its campaigns; a day without delivery is absent."""
        ...


class PullPorts(Protocol):
    """The ports of a pull."""

    @property
    def secrets(self) -> SecretStore:
        """Tokens by reference."""
        ...

    @property
    def clock(self) -> Clock:
        """Wall time, UTC."""
        ...

    @property
    def platforms(self) -> Mapping[Platform, AdsPlatform]:
        """The platforms by name."""
        ...
