"""Alerts: opened once, resolved by themselves."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Literal

from pulsepoint.events.envelope import Payload


class AlertOpened(Payload):
    """A condition that people should know of began to hold."""

    TYPE: ClassVar[str] = "alert.opened"
    alert_id: str
    type: Literal["stock_out_risk", "roas_drop", "sync_failure"]
    severity: Literal["critical", "warning", "info"]
    subject: str
    channel: str | None = None
    product: str | None = None
    title: str
    explanation: str
    recommended_action: str
    opened_at: datetime
    facts: tuple[str, ...] = ()


class AlertResolved(Payload):
    """The condition no longer holds."""

    TYPE: ClassVar[str] = "alert.resolved"
    alert_id: str
    resolved_at: datetime
    explanation: str


class NotificationSent(Payload):
    """An alert reached a person's channel; `trace_id` is the one named in the message."""

    TYPE: ClassVar[str] = "notification.sent"
    alert_id: str
    target: Literal["slack"]
    trace_id: str
    sent_at: datetime
