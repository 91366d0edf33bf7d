"""Making brands and changing their settings; each change is published as a snapshot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import uuid4

from gateway.domain.brands import KEPT_SETTINGS, Brand, BrandChange, configured, row_of, settings_of
from gateway.domain.identity import Person
from gateway.ports import Commands, IdentityStore
from gateway.use_cases.connections import changed_connections
from gateway.use_cases.secret_changes import SecretChanges, secret_changes
from gateway.use_cases.webhook_addresses import keep_new_token, token_of
from pulsepoint.brand.settings import AdAccount
from pulsepoint.errors import AccessDenied, MalformedInput
from pulsepoint.events.brands import BrandConfigured
from pulsepoint.ports.document_store import Document, Write
from pulsepoint.ports.secret_store import SecretStore
from pulsepoint.runtime.outcome import Outcome, Reader
from pulsepoint.tenancy import TenantContext


async def brands_of(person: Person, identity_store: IdentityStore) -> list[Brand]:
    """The brands that a person may see, by name."""
    return [brand for brand in await identity_store.brands(person.scope) if person.sees(brand.brand_id)]


async def make_brand(
    person: Person,
    change: BrandChange,
    created_at: datetime,
    *,
    commands: Commands,
    secrets: SecretStore,
    allow_local_urls: bool,
) -> Brand:
    """A new brand of the person's tenant.

    Raises `MalformedInput` for an address on this machine where those are not allowed, `AlreadyExists` when another
    brand of the tenant has the shop.
    """
    _refuse_local(change, allow_local_urls)
    scope = person.scope.brand(uuid4())
    async with secret_changes(secrets, scope) as changes:
        settings = await _with_secrets(changes, scope, change) | await keep_new_token(changes, scope)
        return await _commit(commands, scope, person, "brand.created", settings, created_at, before=None)


async def change_brand(
    person: Person,
    brand: Brand,
    change: BrandChange,
    *,
    commands: Commands,
    secrets: SecretStore,
    allow_local_urls: bool,
) -> Brand:
    """The brand with its changed settings; tokens of accounts that it no longer has are destroyed.

    Raises `MalformedInput` for an address on this machine where those are not allowed.
    """
    _refuse_local(change, allow_local_urls)
    scope = person.scope.brand(brand.brand_id)
    async with secret_changes(secrets, scope) as changes:
        settings = await _with_secrets(changes, scope, change)
        changed = await _commit(commands, scope, person, "brand.configured", settings, brand.created_at, before=brand)
    await _forget_tokens(secrets, scope, brand.settings.ad_accounts, changed.settings.ad_accounts)
    return changed


async def renew_webhook_address(person: Person, brand: Brand, *, commands: Commands, secrets: SecretStore) -> str:
    """The token of a new webhook address; the one before no longer counts once other services have followed."""
    scope = person.scope.brand(brand.brand_id)
    async with secret_changes(secrets, scope) as changes:
        settings = await keep_new_token(changes, scope)
        renewed = await _commit(
            commands, scope, person, "brand.webhook_address_renewed", settings, brand.created_at, before=brand
        )
    token = await token_of(secrets, scope, renewed.settings.endpoint_digest)
    assert token is not None, "it was kept a moment ago"
    return token


def _refuse_local(change: BrandChange, allowed: bool) -> None:
    local = change.local_addresses()
    if local and not allowed:
        raise MalformedInput(f"{local[0]} is on this machine; PULSEPOINT_ALLOW_LOCAL_URLS=1 allows that")


async def _with_secrets(secrets: SecretChanges, scope: TenantContext, change: BrandChange) -> dict[str, object]:
    """The changed settings by name, once the secrets among them are kept and named by their references."""
    settings = dict(change.settings)
    if change.sets_slack:
        settings["slack_webhook_ref"] = await _keep_slack(secrets, scope, change.slack_url)
    if change.accounts is not None:
        for each in change.accounts:
            if each.token is not None and each.account.secret_ref is not None:
                await secrets.put(each.account.secret_ref, each.token.encode())
        settings["ad_accounts"] = tuple(each.account for each in change.accounts)
    return settings


async def _keep_slack(secrets: SecretChanges, scope: TenantContext, url: str | None) -> str | None:
    name = f"slack-webhook-{scope.brand_id}"
    if url is None:
        await secrets.delete(name)
        return None
    await secrets.put(name, url.encode())
    return name


async def _forget_tokens(
    secrets: SecretStore, scope: TenantContext, before: Sequence[AdAccount], after: Sequence[AdAccount]
) -> None:
    used = {account.secret_ref for account in after}
    for account in before:
        if account.secret_ref is not None and account.secret_ref not in used:
            await secrets.delete(scope, account.secret_ref)


async def _commit(
    commands: Commands,
    scope: TenantContext,
    person: Person,
    action: str,
    changes: Mapping[str, object],
    created_at: datetime,
    *,
    before: Brand | None,
) -> Brand:
    """Store the changed brand beside the audit entry, and publish its settings; returns what was stored."""
    brand_id = str(scope.brand_id)
    stored: list[Brand] = []

    async def work(reader: Reader) -> Outcome:
        existing = await reader.get("brands", brand_id)
        if (existing is None) != (before is None):
            raise AccessDenied
        earlier = settings_of(existing.data) if existing is not None else None
        settings, now = configured(earlier, changes), reader.now()
        version = (existing.version if existing else 0) + 1
        stored[:] = [Brand(scope.brand_id, settings, created_at, version)]
        accounts_before = earlier.ad_accounts if earlier is not None else ()
        return Outcome(
            writes=[
                Write("brands", brand_id, row_of(settings, created_at)),
                *_kept(existing, version, settings, created_at),
                _audit(person, scope, action, settings, now),
                *await changed_connections(reader, brand_id, accounts_before, settings.ad_accounts, now),
            ],
            events=[reader.event(settings, entity=brand_id, version=version, time=now)],
        )

    await commands.execute(scope, work, dedup_key=uuid4())
    return stored[0]


def _kept(existing: Document | None, version: int, settings: BrandConfigured, created_at: datetime) -> list[Write]:
    """This version of the settings, and the one before: it may be from before versions were kept."""
    kept = [Write(KEPT_SETTINGS, str(version), row_of(settings, created_at))]
    if existing is not None:
        kept.append(Write(KEPT_SETTINGS, str(existing.version), row_of(settings_of(existing.data), created_at)))
    return kept


def _audit(person: Person, scope: TenantContext, action: str, settings: BrandConfigured, now: datetime) -> Write:
    row = {
        "brand_id": str(scope.brand_id),
        "actor": person.email,
        "action": action,
        "subject": settings.name,
        "detail": settings.model_dump(mode="json"),
        "occurred_at": now.isoformat(),
    }
    return Write("audit_log", str(uuid4()), row)
