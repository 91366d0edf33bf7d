"""Keeps the brand's ad accounts, orders pulls, and turns what a pull saw into facts and events."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from ingest_ads.domain import AccountFacts, CampaignDay, Pull, PulledDay, settle_day, spans
from ingest_ads.pull import EPOCH, PullOrder, pull_account
from pulsepoint.brand.failures import PullFailure
from pulsepoint.brand.settings import AdAccount, BrandSettings
from pulsepoint.errors import MalformedInput, RetryableError, VendorError, VendorRefused
from pulsepoint.events.ads import AdDayQuarantined, AdDayRecorded, AdsSynced, AdsSyncFailed
from pulsepoint.events.brands import BrandConfigured
from pulsepoint.events.commands import SyncRequested
from pulsepoint.events.envelope import Event
from pulsepoint.events.precedence import Origin, precedence_of
from pulsepoint.ports.document_store import FactRow, StoredEffect, Write
from pulsepoint.runtime.brand_projection import BRANDS, brand_write, is_stale
from pulsepoint.runtime.outcome import NOTHING, Effect, EffectDefinition, Outcome, Reader
from pulsepoint.runtime.routes import Routes, on

PULL = "ads.pull"
READER_VERSION = 2
"""Counts corrections of what is read in a platform's reports."""
PRECEDENCE = precedence_of(Origin.ADMIN_API, READER_VERSION)


async def keep_brand(reader: Reader, event: Event[BrandConfigured]) -> Outcome:
    """Keeps the newest settings of the brand, and the version under which its ad accounts were set up last."""
    stored = await reader.get(BRANDS, str(event.scope.brand_id))
    if is_stale(stored, event):
        return NOTHING
    configured = event.version
    if stored is not None and _only_the_clock_moved(stored.data, event.payload):
        configured = _configured(stored.data)
    return Outcome(writes=[brand_write(reader, event, configured=configured)])


def _only_the_clock_moved(stored: Mapping[str, object], settings: BrandSettings) -> bool:
    """True where a business clock is being followed, which mends no account."""
    return stored["clock_offset_seconds"] != settings.clock_offset_seconds and _accounts(stored) == settings.ad_accounts


def _accounts(brand: Mapping[str, Any]) -> tuple[AdAccount, ...]:
    """The ad accounts of a kept brand; earlier releases kept nothing else of it but the clock."""
    return tuple(AdAccount.model_validate(account) for account in brand["ad_accounts"])


def _configured(brand: Mapping[str, Any]) -> int:
    """The version of the settings under which the brand's accounts were set up last."""
    return int(brand.get("configured", brand["version"]))


async def order_pulls(reader: Reader, event: Event[SyncRequested]) -> Outcome:
    """Orders one pull for each connected account of the requested platform (None: all).

    Raises `RetryableError` while this service has not heard of the brand: the command may have overtaken it.
    """
    request = event.payload
    if request.start_day and request.end_day and request.end_day < request.start_day:
        raise MalformedInput("sync.requested: end_day lies before start_day")
    brand = await reader.get(BRANDS, str(event.scope.brand_id))
    if brand is None:
        raise RetryableError("this brand's settings have not arrived yet")
    offset = int(brand.data["clock_offset_seconds"])
    return Outcome(
        effects=[
            effect
            for account in _accounts(brand.data)
            if request.platform in (None, account.platform)
            for effect in _pulls(account, request, offset, _configured(brand.data), reader.now())
        ]
    )


def _pulls(account: AdAccount, request: SyncRequested, offset: int, configured: int, now: datetime) -> Iterator[Effect]:
    """The standing pull has one key, so requests that come while it waits add nothing; a range asked for has its own,
    so that a waiting pull of other days never swallows it. Settings of another version (`configured`) have theirs: who
    mends an account need not wait until the pull that failed is due again."""
    order = PullOrder(**account.model_dump(), clock_offset_seconds=offset)
    key = f"{account_key(account.platform, account.account_id)}@{configured}"
    if request.start_day is None and request.end_day is None:
        yield Effect(PULL, key, order.model_dump(mode="json"))
        return
    for start, end in _requested_spans(request, offset, now):
        span = order.model_copy(update={"start_day": start, "end_day": end})
        yield Effect(PULL, f"{key}:{start}:{end}", span.model_dump(mode="json"))


def _requested_spans(request: SyncRequested, offset: int, now: datetime) -> Iterator[tuple[date, date]]:
    # No timezone is more than a day ahead of UTC; the pull itself stops at the account's own today.
    latest = (now + timedelta(seconds=offset)).date() + timedelta(days=1)
    start = request.start_day or request.end_day or latest
    return spans(start, min(request.end_day or latest, latest))


async def record_pull(reader: Reader, effect: StoredEffect, result: object) -> Outcome:
    """Appends the ad-days that changed since the last pull, quarantine days that do not add up, and say that it ended.

    What arrives for an account disconnected or set up anew meanwhile is dropped.
    """
    order = PullOrder.model_validate(effect.data)
    if not await _still_configured(reader, order):
        return NOTHING
    pull = Pull.model_validate(result)
    account = pull.account
    key = account_key(order.platform, order.account_id)
    stored = await reader.get_many([("ad_days", f"{key}:{day.day}") for day in pull.days])
    facts: list[FactRow] = []
    events: list[Event] = []
    writes = [Write("accounts", key, _account_document(pull, reader.now()))]
    changed = 0
    for day, document in zip(pull.days, stored, strict=True):
        settled = settle_day(document.data if document else None, day, account, pull.version)
        if settled.document is not None:
            writes.append(Write("ad_days", f"{key}:{day.day}", settled.document))
        if settled.quarantine is not None:
            facts.append(_quarantine_fact(reader, key, pull, day, settled.quarantine))
        if settled.quarantine:
            events.append(_quarantined(reader, key, pull, day))
        for row in settled.rows:
            fact, recorded = _recorded(reader, key, pull, row)
            facts.append(fact)
            events.append(recorded)
        changed += len(settled.rows)
    events.append(_synced(reader, key, pull, changed))
    return Outcome(facts=facts, writes=writes, events=events)


async def report_failure(reader: Reader, effect: StoredEffect, error: Exception) -> Outcome:
    """Publishes `ads.sync_failed` with the kind of failure and whether a person must act; the pull stays due."""
    order = PullOrder.model_validate(effect.data)
    if not await _still_configured(reader, order):
        return NOTHING
    failed_at = reader.now()
    payload = AdsSyncFailed(
        platform=order.platform,
        account_id=order.account_id,
        reason=_reason(error),
        refused=isinstance(error, VendorRefused),
        attempts=effect.attempts + 1,
        failed_at=failed_at,
        failure=PullFailure.of(error),
        names=dict(error.names) if isinstance(error, VendorError) else {},
    )
    version = (failed_at - EPOCH) // timedelta(microseconds=1)
    return Outcome(
        events=[reader.event(payload, entity=account_key(order.platform, order.account_id), version=version)]
    )


def account_key(platform: str, account_id: str) -> str:
    """The account's key in documents, entities and effects: `meta:1234`, by platform and account id."""
    return f"{platform}:{account_id}"


async def _still_configured(reader: Reader, order: PullOrder) -> bool:
    brand = await reader.get(BRANDS, str(reader.scope.brand_id))
    pulled = order.model_dump(include=set(AdAccount.model_fields))
    return brand is not None and pulled in brand.data["ad_accounts"]


def names_of_pull(effect: StoredEffect, error: Exception) -> dict[str, str]:
    """The names that people are told a pull's failure with."""
    return {**PullFailure.names_of(error), "platform": str(effect.data["platform"])}


def _reason(error: Exception) -> str:
    """The error in technical English, for the log and for readers of before."""
    return (str(error) or type(error).__name__)[:500]


def _account_document(pull: Pull, now: datetime) -> dict[str, object]:
    return {**pull.account.model_dump(mode="json"), "version": pull.version, "synced_at": now.isoformat()}


def _recorded(reader: Reader, key: str, pull: Pull, row: CampaignDay) -> tuple[FactRow, Event]:
    entity = f"{key}:{row.campaign_id}:{row.day}"
    columns = {**_account_columns(pull.account), **row.model_dump()}
    payload = AdDayRecorded(**columns, pulled_at=EPOCH + timedelta(microseconds=pull.version))
    return (
        reader.fact("ad_performance", entity, pull.version, columns, precedence=PRECEDENCE),
        reader.event(payload, entity=entity, version=pull.version, precedence=PRECEDENCE),
    )


def _account_columns(account: AccountFacts) -> dict[str, object]:
    return {
        "platform": account.platform,
        "account_id": account.account_id,
        "account_currency": account.currency,
        "account_timezone": account.timezone,
        "click_window_days": account.click_window_days,
        "view_window_days": account.view_window_days,
    }


def _quarantine_columns(pull: Pull, day: PulledDay) -> dict[str, object]:
    return {
        "platform": pull.account.platform,
        "account_id": pull.account.account_id,
        "day": day.day,
        "account_spend_micros": day.account_spend_micros,
        "campaign_spend_micros": day.campaign_spend_micros,
    }


def _quarantine_fact(reader: Reader, key: str, pull: Pull, day: PulledDay, quarantined: bool) -> FactRow:
    columns = {
        **_quarantine_columns(pull, day),
        "quarantined": quarantined,
        "account_currency": pull.account.currency,
    }
    return reader.fact("ad_days_quarantined", f"{key}:{day.day}", pull.version, columns, precedence=PRECEDENCE)


def _quarantined(reader: Reader, key: str, pull: Pull, day: PulledDay) -> Event:
    payload = AdDayQuarantined(**_quarantine_columns(pull, day))
    return reader.event(payload, entity=f"{key}:{day.day}", version=pull.version)


def _synced(reader: Reader, key: str, pull: Pull, changed: int) -> Event:
    payload = AdsSynced(
        platform=pull.account.platform,
        account_id=pull.account.account_id,
        start_day=pull.start,
        end_day=pull.end,
        rows=sum(len(day.rows) for day in pull.days),
        changed=changed,
        synced_at=reader.now(),
    )
    return reader.event(payload, entity=key, version=pull.version)


HANDLERS = Routes(on(BrandConfigured, keep_brand), on(SyncRequested, order_pulls))

EFFECTS: dict[str, EffectDefinition] = {
    PULL: EffectDefinition(
        run=pull_account,
        on_success=record_pull,
        on_failure=report_failure,
        names_of_failure=names_of_pull,
        timeout=120.0,
        first_retry=10.0,
        last_retry=900.0,
    ),
}
