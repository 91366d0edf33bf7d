"""A brand of the identity store, and what becomes of its settings when people change them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from pulsepoint.brand.settings import AdAccount
from pulsepoint.events.brands import BrandConfigured

SLACK_HOST = "hooks.slack.com"
KEPT_SETTINGS = "kept_settings"
"""Collection of every version of a brand's settings, by number: what citations were made under."""
_COLUMNS = ("name", "shopify_store", "currency", "timezone")


@dataclass(frozen=True, slots=True)
class Brand:
    """A brand of the asking tenant; `version` numbers its settings from 1."""

    brand_id: UUID
    settings: BrandConfigured
    created_at: datetime
    version: int


@dataclass(frozen=True, slots=True)
class AccountChange:
    """An ad account as it is to be; a `token` of None leaves the one that is kept."""

    account: AdAccount
    token: str | None = None


@dataclass(frozen=True, slots=True)
class BrandChange:
    """A change of a brand: settings by name, and what is kept as a secret.

    `accounts` of None leaves the ad accounts; `sets_slack` says that `slack_url` replaces the webhook (None: removes
    it).
    """

    settings: Mapping[str, object]
    accounts: tuple[AccountChange, ...] | None = None
    sets_slack: bool = False
    slack_url: str | None = None

    def local_addresses(self) -> list[str]:
        """The addresses on this machine that the change names, as people know them."""
        local = [
            f"{each.account.platform.value} account {each.account.account_id}"
            for each in self.accounts or ()
            if each.account.base_url
        ]
        return local + ["slack_webhook_url"] * bool(self.slack_url and is_local(self.slack_url))


def row_of(settings: BrandConfigured, created_at: datetime) -> dict[str, object]:
    """The row of the identity store that holds these settings."""
    rest = settings.model_dump(mode="json")
    columns = {name: rest.pop(name) for name in _COLUMNS}
    return {**columns, "settings": rest, "created_at": created_at.isoformat()}


def settings_of(row: Mapping[str, Any]) -> BrandConfigured:
    """The settings that a row of the identity store holds."""
    return BrandConfigured(**{name: row[name] for name in _COLUMNS}, **row["settings"])


def configured(earlier: BrandConfigured | None, changes: Mapping[str, object]) -> BrandConfigured:
    """The settings after a change; those of a new brand where there are none earlier.

    A change may be a function of the value before: two people who change parts of it at once lose neither.
    """
    before = earlier.model_dump() if earlier is not None else {}
    after = {
        name: change(getattr(earlier, name)) if callable(change) and earlier is not None else change
        for name, change in changes.items()
    }
    return BrandConfigured.model_validate({**before, **after})


def is_local(url: str) -> bool:
    """True for http:// on 127.0.0.1 or localhost."""
    parts = urlsplit(url)
    return parts.scheme == "http" and parts.hostname in ("127.0.0.1", "localhost")


def slack_webhook(url: str) -> str:
    """The address of an incoming webhook; raises `ValueError` unless it is Slack's own or on this machine."""
    parts = urlsplit(url)
    if not is_local(url) and (parts.scheme != "https" or parts.netloc != SLACK_HOST):
        raise ValueError(f"must be an incoming webhook of Slack: https://{SLACK_HOST}/services/…")
    return url


def emulator_url(url: str) -> str:
    """The address of an emulator of an ad platform; raises `ValueError` unless it is on this machine."""
    if not is_local(url):
        raise ValueError("must be http:// on 127.0.0.1 or localhost: an emulator of the platform")
    return url
