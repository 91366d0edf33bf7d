"""The gateway's handlers: they keep what people are shown about quarantined messages, connections and requests.

Facts about tenants the identity store does not know are dropped: keeping them would take a tenant's row, and
quarantining the message would only publish another message about the same tenant.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeAlias

import orjson

from gateway.news import sync_entry, tell_alert, tell_order
from gateway.scrubbing import scrubbing
from gateway.use_cases.connections import NO_FAILURE, failure_columns, integration_id
from gateway.use_cases.suspended_brands import suspend_brand
from pulsepoint.events.ads import AdsSynced, AdsSyncFailed
from pulsepoint.events.alerts import AlertOpened, AlertResolved, NotificationSent
from pulsepoint.events.envelope import Event
from pulsepoint.events.observability import MessageQuarantined, MessageReleased, SpanRecord, SpansRecorded
from pulsepoint.events.orders import OrderRecorded
from pulsepoint.events.privacy import AppUninstalled, ShopErasureRequested, SubjectDataRequested, SubjectErased
from pulsepoint.ports.document_store import Document, FactRow, Write
from pulsepoint.runtime.forgetting import forgets_brand
from pulsepoint.runtime.outcome import NOTHING, Outcome, Reader
from pulsepoint.runtime.quarantine import erases_quarantined
from pulsepoint.runtime.routes import Routes, on
from pulsepoint.tenancy import SYSTEM

PullEnded: TypeAlias = AdsSynced | AdsSyncFailed
PrivacyRequest: TypeAlias = SubjectErased | SubjectDataRequested | ShopErasureRequested | AppUninstalled
RELEASES = "releases"
"""Documents of released messages, for releases that arrive before their quarantine."""


async def list_quarantined(reader: Reader, event: Event[MessageQuarantined]) -> Outcome:
    """List a quarantined message, unless it was released since."""
    quarantined = event.payload
    tenant, listed, released = await reader.get_many(
        [
            ("tenants", str(event.scope.tenant_id)),
            ("held_messages", quarantined.held_id),
            (RELEASES, quarantined.held_id),
        ]
    )
    if tenant is None or (listed is not None and _instant(listed.data["held_at"]) > quarantined.held_at):
        return NOTHING
    row = {
        **quarantined.model_dump(mode="json", exclude={"held_id"}),
        "brand_id": str(event.scope.brand_id),
        "outcome": None,
        "released_at": None,
    }
    for earlier in (listed, released):
        row |= _release_after(quarantined.held_at, earlier)
    return Outcome(writes=[Write("held_messages", quarantined.held_id, row)])


def _release_after(held_at: datetime, document: Document | None) -> dict[str, object]:
    if document is None or not document.data["released_at"] or _instant(document.data["released_at"]) < held_at:
        return {}
    return {"outcome": document.data["outcome"], "released_at": document.data["released_at"]}


async def unlist_released(reader: Reader, event: Event[MessageReleased]) -> Outcome:
    """Take a message off the list; where it is not on it yet, remember that it need not be."""
    released = event.payload
    release = {"outcome": released.outcome, "released_at": released.released_at.isoformat()}
    listed = await reader.get("held_messages", released.held_id)
    writes = [Write(RELEASES, released.held_id, release, expires_at=reader.now() + timedelta(days=32))]
    if listed is not None and _instant(listed.data["held_at"]) <= released.released_at:
        # What was said of it may quote the body.
        silent = {"explanation": "", "names": {}}
        writes.append(Write("held_messages", released.held_id, {**listed.data, **release, **silent}))
    return Outcome(writes=writes)


async def note_synced(reader: Reader, event: Event[AdsSynced]) -> Outcome:
    """A pull of an ad account ended well; it enters the feed where it changed anything."""
    synced = event.payload
    noted = await _note_sync(
        reader,
        event,
        synced.synced_at,
        {"status": "connected", "last_synced_at": synced.synced_at.isoformat(), **NO_FAILURE},
    )
    if not noted.writes or not synced.changed:
        return noted
    return Outcome(writes=[*noted.writes, sync_entry(reader, event)])


async def note_sync_failed(reader: Reader, event: Event[AdsSyncFailed]) -> Outcome:
    """A pull of an ad account failed."""
    failed = event.payload
    status = "needs_attention" if failed.refused else "failed"
    return await _note_sync(reader, event, failed.failed_at, {"status": status, **failure_columns(failed)})


async def _note_sync(reader: Reader, event: Event[PullEnded], at: datetime, change: dict[str, object]) -> Outcome:
    platform, account_id = event.payload.platform, event.payload.account_id
    id = integration_id(str(event.scope.brand_id), platform, account_id)
    brand, existing = await reader.get_many([("brands", str(event.scope.brand_id)), ("integrations", id)])
    if brand is None or (existing is not None and _instant(existing.data["updated_at"]) > at):
        return NOTHING
    row = {
        "last_synced_at": None,
        **(existing.data if existing is not None else {}),
        "brand_id": str(event.scope.brand_id),
        "platform": platform,
        "account_id": account_id,
        **change,
        "updated_at": at.isoformat(),
    }
    return Outcome(writes=[Write("integrations", id, row)])


async def keep_spans(reader: Reader, event: Event[SpansRecorded]) -> Outcome:
    """Finished spans become facts of the deployment."""
    recorded = event.payload
    return Outcome(facts=[_fact_of(reader, span) for span in recorded.hops])


def _fact_of(reader: Reader, span: SpanRecord) -> FactRow:
    version = int(span.started_at.timestamp() * 1_000_000)
    columns = span.model_dump(exclude={"links", "attributes", "brand_id"})
    columns |= {
        "links": orjson.dumps(span.links).decode(),
        "attributes": orjson.dumps(span.attributes, option=orjson.OPT_SORT_KEYS).decode(),
    }
    return reader.fact("observability_events", f"{span.trace_id}:{span.span_id}", version, columns, scope=SYSTEM)


async def note_erasure(reader: Reader, event: Event[SubjectErased]) -> Outcome:
    """An erased buyer, where people can see it; what is held here of their orders goes."""
    audited = await audit_request(reader, event)
    order_ids = event.payload.order_ids
    dropping = [erases_quarantined(order_ids, str(event.id))] if order_ids else []
    return replace(audited, effects=[*dropping, scrubbing(reader.now())])


async def note_shop_erasure(reader: Reader, event: Event[ShopErasureRequested]) -> Outcome:
    """A shop that left, where people can see it; the audit log alone stays of its brand."""
    audited = await audit_request(reader, event)
    return replace(audited, effects=[forgets_brand(str(event.id)), scrubbing(reader.now())])


async def note_uninstalled(reader: Reader, event: Event[AppUninstalled]) -> Outcome:
    """A shop that removed the app, where people can see it; its brand is suspended until an operator brings it back."""
    audited, suspended = await audit_request(reader, event), await suspend_brand(reader, True)
    return replace(suspended, writes=[*audited.writes, *suspended.writes])


async def audit_request(reader: Reader, event: Event[PrivacyRequest]) -> Outcome:
    """A platform's request about people's data, or a shop that left, where people can see it."""
    payload = event.payload
    about = payload.shop if isinstance(payload, ShopErasureRequested | AppUninstalled) else payload.subject
    return await _audit(reader, event, "shopify", about or "unknown")


async def audit_notification(reader: Reader, event: Event[NotificationSent]) -> Outcome:
    """A message that reached a person's channel, with the trace it names."""
    return await _audit(reader, event, "pulsepoint", event.payload.alert_id)


async def _audit(reader: Reader, event: Event, actor: str, subject: str) -> Outcome:
    if await reader.get("tenants", str(event.scope.tenant_id)) is None:
        return NOTHING
    row = {
        "brand_id": str(event.scope.brand_id),
        "actor": actor,
        "action": event.type,
        "subject": subject,
        "detail": event.payload.model_dump(mode="json"),
        "occurred_at": event.time.isoformat(),
    }
    return Outcome(writes=[Write("audit_log", str(event.id), row)])


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


HANDLERS = Routes(
    on(MessageQuarantined, list_quarantined),
    on(MessageReleased, unlist_released),
    on(AdsSynced, note_synced),
    on(AdsSyncFailed, note_sync_failed),
    on(SpansRecorded, keep_spans),
    on(SubjectErased, note_erasure),
    on(SubjectDataRequested, audit_request),
    on(ShopErasureRequested, note_shop_erasure),
    on(AppUninstalled, note_uninstalled),
    on(NotificationSent, audit_notification),
    on(OrderRecorded, tell_order),
    on(AlertOpened, tell_alert),
    on(AlertResolved, tell_alert),
)
