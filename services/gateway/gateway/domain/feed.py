"""A brand's feed for pages that are open: what happened, without anything about a person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from gateway.domain.dashboard import money
from pulsepoint.brand.facts import AlertFacts
from pulsepoint.brand.sentences import alert_text
from pulsepoint.brand.texts import Texts
from pulsepoint.brand.vocabulary import AlertType, Severity
from pulsepoint.events.envelope import Event
from pulsepoint.events.orders import OrderRecorded

COLLECTION = "feed"
ALERT_TRACES = "alert_traces"
ALERT_FIELDS = ("alert_id", "type", "severity", "subject", "channel", "product", "cause", "figures", "names", "title")
"""What an entry holds of an alert: kind and figures, from which its title is made; only old ones have a `title`."""
KEPT = 1000
"""Entries kept of each brand."""
RECENT = timedelta(hours=24)
"""How near the business clock an order must lie to enter the feed: a history that is filled in is no news."""


@dataclass(frozen=True, slots=True)
class FeedEntry:
    """One thing that happened to a brand; numbers of a brand have no gaps."""

    tenant_id: UUID
    brand_id: UUID
    number: int
    kind: str
    body: dict[str, Any]
    created_at: datetime


@dataclass(frozen=True, slots=True)
class FeedPlace:
    """The place up to which somebody has read a brand's feed."""

    tenant_id: UUID
    brand_id: UUID
    number: int


def is_news(order: OrderRecorded, business_now: datetime) -> bool:
    """True for an order that enters the feed: placed about now by the brand's own clock, and no test."""
    return not order.test and abs(business_now - order.processed_at) <= RECENT


def order_body(order: OrderRecorded) -> dict[str, object]:
    """An order as the feed tells it; money in the shop's currency, before returns."""
    return {
        "order_id": order.order_id,
        "name": order.name,
        "processed_at": order.processed_at.isoformat(),
        "cancelled_at": order.cancelled_at.isoformat() if order.cancelled_at else None,
        "net_revenue": money(order.net_micros),
        "currency": order.currency,
        "country": order.shipping_country,
        "units": sum(line.quantity for line in order.lines),
    }


def shown(entry: FeedEntry, texts: Texts) -> dict[str, object]:
    """An entry's body as people read it: an alert with its title in their language, None where nobody said what it was.

    Entries from before 2026-12 hold their title, and the names that types and severities had then.
    """
    body = entry.body
    if not entry.kind.startswith("alert."):
        return body
    kind, severity = body.get("type"), body.get("severity")
    return {
        "alert_id": body["alert_id"],
        "type": None if kind is None else AlertType(kind).value,
        "severity": None if severity is None else Severity(severity).value,
        "title": body.get("title") or (alert_text(AlertFacts.of_row(body), texts).title if kind else None),
    }


def trace_of(event: Event) -> str | None:
    """The trace an event travelled in (https://www.w3.org/TR/trace-context/#traceparent-header)."""
    parts = event.traceparent.split("-")
    return parts[1] if len(parts) == 4 else None
