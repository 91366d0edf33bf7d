"""Every setting of a brand, once: default, bounds, unit and one sentence of help.

`BrandConfigured`, what the gateway lets people change, and each service's view are made from this class. A default
is changed here and nowhere else.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Annotated, Any
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from pulsepoint.brand.discount_codes import MappedCode, distinct_codes
from pulsepoint.brand.order_bounds import OrderBound, distinct_currencies
from pulsepoint.brand.vocabulary import AttributionModel, CancelledOrders, Platform
from pulsepoint.money import MICROS

# https://shopify.dev/docs/apps/build/authentication-authorization/access-tokens/authorization-code-grant
_SHOP_DOMAIN = re.compile(r"[a-z0-9][a-z0-9-]*\.myshopify\.com")
_LOCALE = re.compile(r"[a-z]{2,3}(-[A-Z]{2})?")
_CURRENCY = re.compile(r"[A-Z]{3}")
LONGEST_LOOKBACK_DAYS = 365
MOST_MAPPED_CODES = 1000
MOST_LEAD_TIMES = 5_000


def shop_domain(shop: str) -> str:
    """The shop's domain in lower case; raises `ValueError` unless it is wholly one of Shopify's."""
    domain = shop.strip().lower()
    if not _SHOP_DOMAIN.fullmatch(domain):
        raise ValueError("must be a domain like my-shop.myshopify.com")
    return domain


def timezone_name(name: str) -> str:
    """The timezone's name; raises `ValueError` unless the IANA database has it."""
    if name not in _timezones():
        raise ValueError("must be an IANA timezone such as Europe/London")
    return name


@cache
def _timezones() -> frozenset[str]:
    # Asking for them reads the whole database from disk, and settings are read with each event.
    return frozenset(available_timezones())


def currency_code(code: str) -> str:
    """The currency code in capitals; raises `ValueError` unless it has three letters."""
    if not _CURRENCY.fullmatch(code.upper()):
        raise ValueError("must be an ISO 4217 code such as GBP")
    return code.upper()


def locale_name(tag: str) -> str:
    """The language tag; raises `ValueError` unless it is a language with an optional region (BCP 47)."""
    if not _LOCALE.fullmatch(tag):
        raise ValueError("must be a language such as en or fr-CH")
    return tag


def _whole(value: object) -> object:
    # True is no number of days, and "30" or 30.0 is a slip of whoever wrote it.
    if value is not None and type(value) is not int:
        raise ValueError("must be a whole number")
    return value


Whole = Annotated[int, BeforeValidator(_whole)]
ShopDomain = Annotated[str, AfterValidator(shop_domain), Field(max_length=255)]
TimezoneName = Annotated[str, AfterValidator(timezone_name)]
LocaleName = Annotated[str, AfterValidator(locale_name)]
CurrencyCode = Annotated[str, AfterValidator(currency_code)]


def setting(help: str, *, unit: str = "", **bounds: Any) -> Any:
    """The field of one setting: what its number counts (`unit`) and pydantic's `bounds` (`default`, `ge`, `le`, …)."""
    return Field(description=help, json_schema_extra={"unit": unit} if unit else None, **bounds)


class AdAccount(BaseModel):
    """One connected ad account; its token is named by a secret reference, never carried.

    `base_url` is where a fake on this machine plays its platform; None: the platform itself.
    """

    model_config = ConfigDict(frozen=True)
    platform: Platform
    account_id: str
    secret_ref: str | None = None
    login_customer_id: str | None = None
    base_url: str | None = None


class VariantLeadTime(BaseModel):
    """The days that a reorder of one variant takes to arrive; `variant` is its id or its SKU."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    variant: str = Field(min_length=1, max_length=255)
    days: Whole = Field(ge=0, le=365)


def distinct_variants(lead_times: tuple[VariantLeadTime, ...]) -> tuple[VariantLeadTime, ...]:
    """The lead times by variant; raises `ValueError` for a variant that is named twice."""
    seen: set[str] = set()
    for each in lead_times:
        if each.variant in seen:
            raise ValueError(f"{each.variant} is there twice")
        seen.add(each.variant)
    return lead_times


class BrandChoices(BaseModel):
    """The choices of people for a brand, with a default for each."""

    model_config = ConfigDict(frozen=True)

    timezone: TimezoneName = setting("The timezone whose days figures are about, by its IANA name.", default="UTC")
    locale: LocaleName = setting("The language of messages sent for the brand, such as en or fr-CH.", default="en")
    default_model: AttributionModel = setting(
        "The attribution model that figures use unless another is asked for.",
        default=AttributionModel.LAST_NON_DIRECT,
    )
    lookback_days: Whole = setting(
        "How long before an order a visit may have earned it.",
        unit="days",
        default=30,
        ge=1,
        le=LONGEST_LOOKBACK_DAYS,
    )
    cancelled_orders: CancelledOrders = setting(
        "What a cancelled order means for revenue: return gives back what was not refunded, exclude drops it, "
        "keep leaves it sold.",
        default=CancelledOrders.RETURN,
    )
    lead_time_days: Whole = setting(
        "How long a reorder takes to arrive; stock covered for less runs low.", unit="days", default=14, ge=0, le=365
    )
    lead_times: Annotated[tuple[VariantLeadTime, ...], AfterValidator(distinct_variants)] = setting(
        "Lead times of single variants, by variant id or SKU, where they differ from the brand's.",
        default=(),
        max_length=MOST_LEAD_TIMES,
    )
    roas_target_micros: Whole = setting(
        "The ROAS a campaign should reach; advice cuts below it.",
        unit="millionths",
        default=2 * MICROS,
        ge=0,
        le=10**12,
    )
    discount_codes: Annotated[tuple[MappedCode, ...], AfterValidator(distinct_codes)] = setting(
        "Discount codes by the channel and campaign they were given out for, such as an influencer's; an order with "
        "one of them has a touch of that campaign.",
        default=(),
        max_length=MOST_MAPPED_CODES,
    )
    order_bounds: Annotated[tuple[OrderBound, ...], AfterValidator(distinct_currencies)] = setting(
        "The largest amounts, by currency, of an order or refund that counts by itself; a larger one waits for an "
        "administrator. A currency left out has a bound that no card payment reaches, such as 1,000,000 EUR.",
        default=(),
        max_length=200,
    )
    clock_offset_seconds: Whole = setting(
        "Added to wall time to get the brand's business clock; 0 for real shops.",
        unit="seconds",
        default=0,
        ge=-(10**10),
        le=10**10,
    )
    quiet_until: datetime | None = setting(
        "Nothing is sent to people while the business clock is before this moment.", default=None
    )

    @property
    def lookback(self) -> timedelta:
        """The lookback window."""
        return timedelta(days=self.lookback_days)


class BrandSettings(BrandChoices):
    """A brand as its people set it up.

    `slack_webhook_ref` names the secret that holds the Slack incoming-webhook URL; None: Slack is not connected.
    `endpoint_digest` is the SHA-256, in hex, of the token in the brand's own webhook address; None before it has one.
    `suspended` says that the brand's tenant is, by an operator, or that the shop removed the app: nothing is computed
    or sent until an operator brings it back.
    """

    name: str = setting("The brand's name.", min_length=1, max_length=200)
    shopify_store: str = setting("The shop's domain at Shopify.")
    currency: str = setting("The currency of the shop, by its ISO 4217 code.")
    slack_webhook_ref: str | None = None
    endpoint_digest: str | None = None
    suspended: bool = False
    ad_accounts: tuple[AdAccount, ...] = ()

    @property
    def zone(self) -> ZoneInfo:
        """The brand's timezone."""
        return ZoneInfo(self.timezone)

    def business_time(self, now: datetime) -> datetime:
        """The brand's business clock at wall time `now` (UTC)."""
        return now.astimezone(UTC) + timedelta(seconds=self.clock_offset_seconds)

    def is_quiet(self, business_time: datetime) -> bool:
        """True while nothing is sent to people."""
        return self.quiet_until is not None and business_time < self.quiet_until
