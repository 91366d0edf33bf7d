"""What a brand is to the identity store, and what may be configured."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import available_timezones

from pulsepoint.events.brands import BrandConfigured

# https://shopify.dev/docs/apps/build/authentication-authorization/access-tokens/authorization-code-grant
SHOP_DOMAIN = re.compile(r"[a-z0-9][a-z0-9-]*\.myshopify\.com")
CURRENCY = re.compile(r"[A-Z]{3}")
MODELS = ("last_touch", "last_non_direct")
CANCELLED_POLICIES = ("return", "exclude", "keep")
_COLUMNS = ("name", "shopify_store", "currency", "timezone")


@dataclass(frozen=True, slots=True)
class Brand:
    """A brand of the asking tenant."""

    brand_id: UUID
    settings: BrandConfigured
    created_at: datetime
    version: int


def row_of(settings: BrandConfigured, created_at: datetime) -> dict[str, Any]:
    """The identity store row that holds these settings."""
    rest = settings.model_dump(mode="json")
    columns = {name: rest.pop(name) for name in _COLUMNS}
    return {**columns, "settings": rest, "created_at": created_at.isoformat()}


def settings_of(row: dict[str, Any]) -> BrandConfigured:
    """The settings an identity store row holds."""
    return BrandConfigured(**{name: row[name] for name in _COLUMNS}, **row["settings"])


def checked_shop(shop: str) -> str:
    """The shop domain in lower case; raises `ValueError` unless it is wholly one of Shopify's."""
    domain = shop.strip().lower()
    if not SHOP_DOMAIN.fullmatch(domain):
        raise ValueError("must be a domain like my-shop.myshopify.com")
    return domain


def checked_timezone(name: str) -> str:
    """The timezone's name; raises `ValueError` unless the IANA database has it."""
    if name not in available_timezones():
        raise ValueError("must be an IANA timezone such as Europe/London")
    return name


def checked_currency(code: str) -> str:
    """The currency code in capitals; raises `ValueError` unless it has three letters."""
    if not CURRENCY.fullmatch(code.upper()):
        raise ValueError("must be an ISO 4217 code such as GBP")
    return code.upper()
