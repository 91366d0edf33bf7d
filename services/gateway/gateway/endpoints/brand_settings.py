"""A brand's settings as people read and change them, made from `pulsepoint.brand.settings`.

What is here besides are the two settings that are secrets (tokens of ad accounts, the Slack webhook).
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, field_validator

from gateway.domain.brands import AccountChange, Brand, BrandChange, emulator_url, slack_webhook
from gateway.endpoints.timestamps import iso_timestamp
from pulsepoint.brand.settings import AdAccount, BrandChoices, BrandSettings, CurrencyCode, ShopDomain
from pulsepoint.brand.vocabulary import Platform
from pulsepoint.brand.words import Word

_SETTINGS = BrandSettings.model_fields


def _slack_webhook(url: SecretStr) -> SecretStr:
    slack_webhook(url.get_secret_value())
    return url


SlackUrl = Annotated[SecretStr, AfterValidator(_slack_webhook)]
EmulatorUrl = Annotated[str, AfterValidator(emulator_url), Field(max_length=200)]


class Account(BaseModel):
    """An ad account to pull; `access_token` is kept as a secret and never shown; left out, the one before stays.

    `base_url` names an emulator of the platform on this machine, where that is allowed (the demo).
    """

    model_config = ConfigDict(extra="forbid")

    platform: Platform
    account_id: str = Field(pattern="^[A-Za-z0-9_-]{1,64}$")
    login_customer_id: str | None = Field(default=None, pattern="^[0-9]{1,20}$")
    access_token: SecretStr | None = None
    base_url: EmulatorUrl | None = None

    def change(self) -> AccountChange:
        """The account as configured, its token by the name of the secret, and the token itself."""
        account = AdAccount(
            platform=self.platform,
            account_id=self.account_id,
            secret_ref=f"ads-{self.platform.value}-{self.account_id}",
            login_customer_id=self.login_customer_id,
            base_url=self.base_url,
        )
        return AccountChange(account, self.access_token.get_secret_value() if self.access_token else None)


class Changes(BrandChoices):
    """Settings of a brand; what is left out stays as it is.

    `slack_webhook_url` is kept as a secret and never shown again; null removes it. Money in micros of the currency.
    """

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, _SETTINGS["name"]] = ""
    currency: Annotated[CurrencyCode, _SETTINGS["currency"]] = ""
    ad_accounts: Annotated[tuple[Account, ...], Field(max_length=100)] = ()
    slack_webhook_url: SlackUrl | None = None

    _quiet_until = field_validator("quiet_until", mode="before")(iso_timestamp)

    def change(self) -> BrandChange:
        """The change that was sent; a setting left out is no part of it."""
        secret = self.slack_webhook_url
        return BrandChange(
            settings=self.model_dump(exclude={"slack_webhook_url", "ad_accounts"}, exclude_unset=True),
            accounts=tuple(each.change() for each in self.ad_accounts) if self._sent("ad_accounts") else None,
            sets_slack=self._sent("slack_webhook_url"),
            slack_url=secret.get_secret_value() if secret is not None else None,
        )

    def _sent(self, name: str) -> bool:
        return name in self.model_fields_set


class NewBrand(Changes):
    """A brand to make; its shop's webhooks are its own from then on (one machine)."""

    name: Annotated[str, _SETTINGS["name"]]
    shopify_store: Annotated[ShopDomain, _SETTINGS["shopify_store"]]
    currency: Annotated[CurrencyCode, _SETTINGS["currency"]]


class BrandView(BaseModel):
    """A brand in short."""

    brand_id: UUID
    name: str
    shopify_store: str
    currency: str
    timezone: str
    created_at: datetime

    @classmethod
    def of(cls, brand: Brand) -> BrandView:
        """The view of a brand."""
        kept = brand.settings
        return cls(
            brand_id=brand.brand_id,
            name=kept.name,
            shopify_store=kept.shopify_store,
            currency=kept.currency,
            timezone=kept.timezone,
            created_at=brand.created_at,
        )


class Brands(BaseModel):
    """All brands of the tenant, by name."""

    brands: list[BrandView]


class SettingsView(BrandChoices):
    """All settings of a brand; `slack_connected` says whether a webhook is kept."""

    brand_id: UUID
    name: str
    shopify_store: str
    currency: str
    created_at: datetime
    ad_accounts: tuple[AdAccount, ...]
    slack_connected: bool
    version: int

    @classmethod
    def of(cls, brand: Brand) -> SettingsView:
        """The view of a brand's settings, without what is secret."""
        return cls(
            **brand.settings.model_dump(exclude={"slack_webhook_ref", "endpoint_digest", "suspended"}),
            brand_id=brand.brand_id,
            created_at=brand.created_at,
            slack_connected=brand.settings.slack_webhook_ref is not None,
            version=brand.version,
        )


class SettingView(BaseModel):
    """One setting: `default` null where it must be given, bounds and choices where it has some.

    `unit` says what a number counts (days, seconds, millionths).
    """

    name: str
    default: str | int | list[object] | None
    unit: str | None
    minimum: int | None
    maximum: int | None
    choices: list[str] | None
    help: str


class SettingsSchema(BaseModel):
    """Every setting of a brand that people choose."""

    settings: list[SettingView]


def settings_schema() -> SettingsSchema:
    """The settings in the order they are declared."""
    sent: dict[str, dict[str, object]] = NewBrand.model_json_schema()["properties"]
    return SettingsSchema(
        settings=[
            SettingView(
                name=name,
                default=sent[name].get("default"),
                unit=sent[name].get("unit"),
                minimum=sent[name].get("minimum"),
                maximum=sent[name].get("maximum"),
                choices=_choices(field.annotation),
                help=field.description,
            )
            for name, field in _SETTINGS.items()
            if field.description is not None
        ]
    )


def _choices(kind: object) -> list[str] | None:
    return [str(member) for member in kind] if isinstance(kind, type) and issubclass(kind, Word) else None
