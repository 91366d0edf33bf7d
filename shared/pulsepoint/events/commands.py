"""Commands of people and schedules."""

from __future__ import annotations

from datetime import date, datetime
from typing import ClassVar

from pulsepoint.brand.vocabulary import Platform
from pulsepoint.events.envelope import Payload


class SyncRequested(Payload):
    """Pull the ad accounts of a brand for these days (account-local, both included; None: yesterday and today)."""

    TYPE: ClassVar[str] = "sync.requested"
    platform: Platform | None = None
    start_day: date | None = None
    end_day: date | None = None
    requested_at: datetime


class AnalysisRequested(Payload):
    """Judge a brand's stock, advice and alerts anew, though nothing happened: time alone changes what they say."""

    TYPE: ClassVar[str] = "analysis.requested"
    requested_at: datetime


class ReplayRequested(Payload):
    """Deliver one quarantined message again (`held_id`), to the service that holds it."""

    TYPE: ClassVar[str] = "replay.requested"
    service: str
    held_id: str
    requested_at: datetime
