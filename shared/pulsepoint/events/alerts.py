"""Alerts: opened once, resolved by themselves."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Literal

from pulsepoint.brand.facts import AlertFacts, Stated
from pulsepoint.brand.vocabulary import AlertType, Severity
from pulsepoint.events.envelope import Payload


class AlertOpened(AlertFacts, Payload):
    """A condition that people should know of began to hold; sentences are set in events stored before 2026-12."""

    TYPE: ClassVar[str] = "alert.opened"
    SCHEMA: ClassVar[int] = 2
    alert_id: str
    opened_at: datetime
    facts: tuple[str, ...] = ()


class AlertResolved(Stated, Payload):
    """The condition no longer holds; what it was is not told in events stored before 2026-12."""

    TYPE: ClassVar[str] = "alert.resolved"
    SCHEMA: ClassVar[int] = 2
    alert_id: str
    resolved_at: datetime
    type: AlertType | None = None
    severity: Severity | None = None
    subject: str | None = None
    channel: str | None = None
    product: str | None = None
    title: str | None = None
    explanation: str | None = None


class NotificationSent(Payload):
    """An alert reached a person's channel; `trace_id` is the one named in the message."""

    TYPE: ClassVar[str] = "notification.sent"
    alert_id: str
    target: Literal["slack"]
    trace_id: str
    sent_at: datetime
