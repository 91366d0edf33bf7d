"""`/api/brands`: making brands and configuring them; each change is published as a snapshot."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit
from uuid import UUID, uuid4

from fastapi import APIRouter
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr

from gateway.connections import changed_connections
from gateway.domain.brands import (
    MODELS,
    Brand,
    checked_currency,
    checked_shop,
    checked_timezone,
    row_of,
    settings_of,
)
from gateway.domain.identity import Person
from gateway.endpoints.access import BrandOf, ManagerOf, PersonOf, PortsOf, RuntimeOf
from gateway.endpoints.problems import PROBLEMS
from gateway.endpoints.timestamps import Timestamp
from gateway.settings import Settings
from pulsepoint.brand.vocabulary import Platform
from pulsepoint.errors import AccessDenied, MalformedInput
from pulsepoint.events.brands import AdAccount, BrandConfigured
from pulsepoint.ports.document_store import Write
from pulsepoint.ports.secret_store import SecretStore
from pulsepoint.runtime.app import Runtime
from pulsepoint.runtime.outcome import Outcome, Reader
from pulsepoint.tenancy import TenantContext

router = APIRouter(prefix="/api/brands", tags=["brands"], responses=PROBLEMS)
SLACK_HOST = "hooks.slack.com"


def _is_local(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme == "http" and parts.hostname in ("127.0.0.1", "localhost")


def _checked_slack(url: SecretStr) -> SecretStr:
    parts = urlsplit(url.get_secret_value())
    if not _is_local(url.get_secret_value()) and (parts.scheme != "https" or parts.netloc != SLACK_HOST):
        raise ValueError(f"must be an incoming webhook of Slack: https://{SLACK_HOST}/services/…")
    return url


def _checked_stand_in(url: str) -> str:
    if not _is_local(url):
        raise ValueError("must be http:// on 127.0.0.1 or localhost: an emulator of the platform")
    return url


def _checked_model(name: str) -> str:
    if name not in MODELS:
        raise ValueError(f"must be one of {', '.join(MODELS)}")
    return name


Shop = Annotated[str, AfterValidator(checked_shop), Field(max_length=255)]
Currency = Annotated[str, AfterValidator(checked_currency)]
Timezone = Annotated[str, AfterValidator(checked_timezone)]
Model = Annotated[str, AfterValidator(_checked_model)]
SlackUrl = Annotated[SecretStr, AfterValidator(_checked_slack)]
StandInUrl = Annotated[str, AfterValidator(_checked_stand_in), Field(max_length=200)]


class Account(BaseModel):
    """An ad account to pull; `access_token` is kept as a secret and never shown; left out, the one before stays.

    `base_url` names an emulator of the platform on this machine, where that is allowed (the demo).
    """

    model_config = ConfigDict(extra="forbid")

    platform: Platform
    account_id: str = Field(pattern="^[A-Za-z0-9_-]{1,64}$")
    login_customer_id: str | None = Field(default=None, pattern="^[0-9]{1,20}$")
    access_token: SecretStr | None = None
    base_url: StandInUrl | None = None

    def settings(self) -> AdAccount:
        """What is configured: the token by the name of its secret."""
        reference = f"ads-{self.platform}-{self.account_id}"
        return AdAccount(
            platform=self.platform,
            account_id=self.account_id,
            secret_ref=reference,
            login_customer_id=self.login_customer_id,
            base_url=self.base_url,
        )


class Changes(BaseModel):
    """Settings of a brand; what is left out stays as it is.

    `slack_webhook_url` is kept as a secret and never shown again; null removes it. Money in micros of the currency.
    """

    model_config = ConfigDict(extra="forbid")

    name: str = Field(default="", min_length=1, max_length=200)
    currency: Currency = "USD"
    timezone: Timezone = "UTC"
    default_model: Model = "last_non_direct"
    lookback_days: int = Field(default=30, ge=1, le=365, strict=True)
    cancelled_orders: Literal["return", "exclude", "keep"] = "return"
    lead_time_days: int = Field(default=14, ge=0, le=365, strict=True)
    roas_target_micros: int = Field(default=2_000_000, ge=0, le=10**12, strict=True)
    ad_accounts: Annotated[tuple[Account, ...], Field(max_length=100)] = ()
    clock_offset_seconds: int = Field(default=0, ge=-(10**10), le=10**10, strict=True)
    quiet_until: Timestamp | None = None
    slack_webhook_url: SlackUrl | None = None


class NewBrand(Changes):
    """A brand to make; its shop's webhooks are its own from then on (one machine)."""

    name: str = Field(min_length=1, max_length=200)
    shopify_store: Shop
    currency: Currency


class BrandView(BaseModel):
    """A brand in short."""

    brand_id: UUID
    name: str
    shopify_store: str
    currency: str
    timezone: str
    created_at: datetime


class Brands(BaseModel):
    """All brands of the tenant, by name."""

    brands: list[BrandView]


class SettingsView(BrandView):
    """All settings of a brand; `slack_connected` says whether a webhook is kept."""

    default_model: str
    lookback_days: int
    cancelled_orders: str
    lead_time_days: int
    roas_target_micros: int
    ad_accounts: tuple[AdAccount, ...]
    clock_offset_seconds: int
    quiet_until: datetime | None
    slack_connected: bool
    version: int


def _view(brand: Brand) -> SettingsView:
    values = brand.settings.model_dump()
    reference = values.pop("slack_webhook_ref")
    return SettingsView(
        brand_id=brand.brand_id,
        created_at=brand.created_at,
        slack_connected=reference is not None,
        version=brand.version,
        **values,
    )


@router.get("")
async def list_brands(person: PersonOf, ports: PortsOf) -> Brands:
    """The brands of your tenant."""
    brands = await ports.identity_store.brands(person.scope)
    return Brands(brands=[BrandView(**_view(brand).model_dump()) for brand in brands])


@router.post("", status_code=201)
async def make_brand(body: NewBrand, person: ManagerOf, ports: PortsOf, runtime: RuntimeOf) -> SettingsView:
    """Make a brand; 409 when another brand has the shop."""
    _demand_public(runtime, body)
    scope = person.scope.brand(uuid4())
    reference = await _keep_slack(runtime, scope, body)
    values = body.model_dump(exclude={"slack_webhook_url", "ad_accounts"})
    accounts = await _keep_tokens(ports.secrets, scope, body)
    configured = BrandConfigured(**values, slack_webhook_ref=reference, ad_accounts=accounts)
    created_at = ports.clock.now()
    await _store(runtime, scope, person, "brand.created", configured, created_at, before=None)
    return _view(Brand(scope.brand_id, configured, created_at, 1))


@router.get("/{brand_id}/settings")
async def read_settings(brand: BrandOf) -> SettingsView:
    """All settings of a brand."""
    return _view(brand)


@router.put("/{brand_id}/settings")
async def change_settings(
    changes: Changes, brand: BrandOf, person: ManagerOf, ports: PortsOf, runtime: RuntimeOf
) -> SettingsView:
    """Change settings; other services follow within moments."""
    _demand_public(runtime, changes)
    scope = person.scope.brand(brand.brand_id)
    values: dict[str, Any] = changes.model_dump(exclude={"slack_webhook_url", "ad_accounts"}, exclude_unset=True)
    if "ad_accounts" in changes.model_fields_set:
        values["ad_accounts"] = await _keep_tokens(ports.secrets, scope, changes)
    if "slack_webhook_url" in changes.model_fields_set:
        values["slack_webhook_ref"] = await _keep_slack(runtime, scope, changes)
    await _store(runtime, scope, person, "brand.configured", values, brand.created_at, before=brand)
    changed = await ports.identity_store.brand(person.scope, brand.brand_id)
    assert changed is not None
    await _forget_tokens(ports.secrets, scope, brand, changed)
    return _view(changed)


def _demand_public(runtime: Runtime, changes: Changes) -> None:
    """Raises `MalformedInput` for an address on this machine, unless the settings allow those."""
    assert isinstance(runtime.settings, Settings)
    slack = changes.slack_webhook_url
    local = [f"{account.platform} account {account.account_id}" for account in changes.ad_accounts if account.base_url]
    if slack is not None and _is_local(slack.get_secret_value()):
        local.append("slack_webhook_url")
    if local and not runtime.settings.allow_local_urls:
        raise MalformedInput(f"{local[0]} is on this machine; PULSEPOINT_ALLOW_LOCAL_URLS=1 allows that")


async def _keep_slack(runtime: Runtime, scope: TenantContext, changes: Changes) -> str | None:
    name, url = f"slack-webhook-{scope.brand_id}", changes.slack_webhook_url
    secrets: SecretStore = runtime.ports.secrets
    if url is None:
        await secrets.delete(scope, name)
        return None
    await secrets.put(scope, name, url.get_secret_value().encode())
    return name


async def _keep_tokens(secrets: SecretStore, scope: TenantContext, changes: Changes) -> tuple[AdAccount, ...]:
    accounts = tuple((account.settings(), account.access_token) for account in changes.ad_accounts)
    for account, token in accounts:
        if token is not None and account.secret_ref is not None:
            await secrets.put(scope, account.secret_ref, token.get_secret_value().encode())
    return tuple(account for account, _ in accounts)


async def _forget_tokens(secrets: SecretStore, scope: TenantContext, before: Brand, after: Brand) -> None:
    """Destroy the tokens of accounts that the brand no longer has."""
    used = {account.secret_ref for account in after.settings.ad_accounts}
    for account in before.settings.ad_accounts:
        if account.secret_ref is not None and account.secret_ref not in used:
            await secrets.delete(scope, account.secret_ref)


async def _store(
    runtime: Runtime,
    scope: TenantContext,
    person: Person,
    action: str,
    values: BrandConfigured | dict[str, Any],
    created_at: datetime,
    *,
    before: Brand | None,
) -> None:
    brand_id = str(scope.brand_id)

    async def work(reader: Reader) -> Outcome:
        existing = await reader.get("brands", brand_id)
        if (existing is None) != (before is None):
            raise AccessDenied
        earlier = settings_of(existing.data) if existing is not None else None
        configured = _configured(earlier, values)
        version = (existing.version if existing else 0) + 1
        now = reader.now()
        audit = {
            "brand_id": brand_id,
            "actor": person.email,
            "action": action,
            "subject": configured.name,
            "detail": configured.model_dump(mode="json"),
            "occurred_at": now.isoformat(),
        }
        accounts_before = earlier.ad_accounts if earlier is not None else ()
        return Outcome(
            writes=[
                Write("brands", brand_id, row_of(configured, created_at)),
                Write("audit_log", str(uuid4()), audit),
                *await changed_connections(reader, brand_id, accounts_before, configured.ad_accounts, now),
            ],
            events=[reader.event(configured, entity=brand_id, version=version, time=now)],
        )

    await runtime.pipeline.execute(scope, work, dedup_key=uuid4())


def _configured(earlier: BrandConfigured | None, values: BrandConfigured | dict[str, Any]) -> BrandConfigured:
    if isinstance(values, BrandConfigured):
        return values
    assert earlier is not None
    return BrandConfigured.model_validate({**earlier.model_dump(), **values})
