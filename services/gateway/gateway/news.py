"""Handlers that fill the feed: orders of the last day, alerts, pulls of ad accounts."""

from __future__ import annotations

from datetime import datetime, timedelta

from gateway.domain.feed import ALERT_FIELDS, ALERT_TRACES, COLLECTION, is_news, order_body, trace_of
from pulsepoint.events.ads import AdsSynced
from pulsepoint.events.alerts import AlertOpened, AlertResolved
from pulsepoint.events.envelope import Event
from pulsepoint.events.orders import OrderRecorded
from pulsepoint.ports.document_store import Write
from pulsepoint.runtime.outcome import NOTHING, Outcome, Reader


async def tell_order(reader: Reader, event: Event[OrderRecorded]) -> Outcome:
    """An order that was just placed; older ones are history, which the dashboard shows."""
    order = event.payload
    brand = await reader.get("brands", str(event.scope.brand_id))
    if brand is None:
        return NOTHING
    offset = timedelta(seconds=brand.data["settings"].get("clock_offset_seconds", 0))
    if not is_news(order, reader.now() + offset):
        return NOTHING
    return Outcome(writes=[entry(event, order_body(order), reader.now())])


async def tell_alert(reader: Reader, event: Event[AlertOpened | AlertResolved]) -> Outcome:
    """An alert that opened, with the trace it opened in, or one that resolved."""
    if await reader.get("brands", str(event.scope.brand_id)) is None:
        return NOTHING
    body: dict[str, object] = event.payload.model_dump(mode="json", include=set(ALERT_FIELDS), exclude_none=True)
    writes = [entry(event, body, reader.now())]
    trace_id = trace_of(event)
    if event.type == "alert.opened" and trace_id is not None:
        writes.append(Write(ALERT_TRACES, event.payload.alert_id, {"trace_id": trace_id}))
    return Outcome(writes=writes)


def sync_entry(reader: Reader, event: Event[AdsSynced]) -> Write:
    """A pull of an ad account that ended well."""
    body = event.payload.model_dump(mode="json", include={"platform", "account_id", "changed", "synced_at"})
    return entry(event, body, reader.now())


def entry(event: Event, body: dict[str, object], now: datetime) -> Write:
    """The write that appends to the feed of the event's brand."""
    return Write(COLLECTION, str(event.id), {"kind": event.type, "body": body, "created_at": now.isoformat()})
