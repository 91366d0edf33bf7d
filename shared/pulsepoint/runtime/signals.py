"""Log lines that somebody who runs Pulsepoint is called by: one for each event of a few types, one for each model call.

Each is a JSON object with `event` = `signal` and a `type`; `infra/monitoring.tf` counts them. They name tenants and
kinds, never people or amounts of money of a shop.
"""

from __future__ import annotations

from collections.abc import Iterable

import orjson
import structlog

from pulsepoint.events.envelope import Message
from pulsepoint.events.observability import SpanRecord

log = structlog.get_logger(__name__)
SIGNALLED = {
    "alert.opened": {"kind": "type", "severity": "severity"},
    "message.held": {"kind": "kind", "reason": "reason", "service": "service"},
}
"""Fields of a line by event type, and the payload's field each is taken from."""
TOKENS = "ai.tokens"


def signal_messages(messages: Iterable[Message]) -> None:
    """One line for each message of a type that is told; others are only looked at."""
    for message in messages:
        fields = SIGNALLED.get(message.attributes.get("ce-type", ""))
        if fields is not None:
            payload = orjson.loads(message.data or b"{}")  # a payload too large for a message is not fetched for a line
            values = {name: payload.get(source, "unknown") for name, source in fields.items()}
            attributes = message.attributes
            log.warning("signal", type=attributes["ce-type"], tenant=attributes.get("tenant", ""), **values)


def signal_cost(span: SpanRecord) -> None:
    """One line for a span that cost tokens; others cost nothing."""
    if span.cost_nano_usd:
        tokens = span.tokens_input + span.tokens_output
        log.info("signal", type=TOKENS, tenant=span.tenant_id or "", cost_nano_usd=span.cost_nano_usd, tokens=tokens)
