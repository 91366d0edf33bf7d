"""Observability: spans of traces, quarantined messages and their release."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict

from pulsepoint.events.envelope import Payload


class SpanRecord(BaseModel):
    """One finished span. `links` are (trace_id, span_id) of causes outside its own trace; cost in nano-dollars."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    trace_id: str
    span_id: str
    parent_span_id: str | None = None
    links: tuple[tuple[str, str], ...] = ()
    service: str
    name: str
    kind: str
    started_at: datetime
    duration_us: int
    status: str = "ok"
    tenant_id: str | None = None
    brand_id: str | None = None
    tokens_input: int = 0
    tokens_output: int = 0
    cost_nano_usd: int = 0
    attributes: dict[str, str] = {}


class SpansRecorded(Payload):
    """A batch of finished spans of one service."""

    TYPE: ClassVar[str] = "hops.recorded"
    hops: tuple[SpanRecord, ...]


class MessageQuarantined(Payload):
    """A message could not be handled and is kept, encrypted, with its service until replayed or expired.

    `reason` with `names`, what its sentence names (untrusted), is what people are told; None where an earlier release
    held it. `explanation` is the same in technical English, told where a reason has no sentence.
    """

    TYPE: ClassVar[str] = "message.held"
    SCHEMA: ClassVar[int] = 2
    held_id: str
    kind: Literal["quarantine", "dead_letter"]
    service: str
    subscription: str
    event_type: str
    reason: str
    explanation: str
    shop: str | None = None
    shopify_topic: str | None = None
    size_bytes: int
    attempts: int
    held_at: datetime
    expires_at: datetime
    names: dict[str, str] | None = None


class MessageReleased(Payload):
    """A quarantined message was delivered again, or expired."""

    TYPE: ClassVar[str] = "message.released"
    held_id: str
    service: str
    outcome: Literal["replayed", "expired"]
    released_at: datetime
