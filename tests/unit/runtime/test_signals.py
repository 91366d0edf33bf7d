"""The log lines that alert policies count: what is told, how often, and that each policy has its line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from structlog.testing import capture_logs

from pulsepoint.adapters.memory.clock import FixedClock
from pulsepoint.events.alerts import AlertOpened
from pulsepoint.events.envelope import encode, new_event
from pulsepoint.events.observability import SpanRecord
from pulsepoint.events.orders import OrderDeleted
from pulsepoint.runtime.outcome import Outcome, Reader
from pulsepoint.runtime.routes import Routes
from pulsepoint.runtime.signals import SIGNALLED, TOKENS, signal_messages
from pulsepoint.tenancy import TenantContext
from tests.builders.runtime import deliver, running

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
BRAND = TenantContext(UUID(int=7), UUID(int=8))
MONITORING = Path(__file__).resolve().parents[3] / "infra" / "monitoring.tf"
NOT_WRITTEN_YET = {"ai.rated"}
"""Lines a policy waits for that no code writes yet: ratings of answers come with the assistant."""


def opened() -> AlertOpened:
    """A stock-out."""
    return AlertOpened(
        alert_id="a",
        type="stockout_risk",
        severity="critical",
        subject="v1",
        product="A lamp of Ada's",
        title="Runs out",
        explanation="…",
        recommended_action="Reorder",
        opened_at=NOW,
    )


def signals(lines: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The signals among captured log lines."""
    return [line for line in lines if line["event"] == "signal"]


async def test_an_opened_alert_is_told_once_with_its_kind_and_tenant() -> None:
    async def work(reader: Reader) -> Outcome:
        return Outcome(events=[reader.event(opened(), entity="a", version=1, scope=BRAND)])

    async with running("alerting", FixedClock(NOW), Routes()) as runtime:
        with capture_logs() as lines:
            for _ in range(2):
                await runtime.pipeline.execute(BRAND, work, dedup_key=UUID(int=1))
                await runtime.pipeline.mark_dispatched()
    assert signals(lines) == [
        {
            "event": "signal",
            "log_level": "warning",
            "type": "alert.opened",
            "kind": "stockout_risk",
            "severity": "critical",
            "tenant": str(BRAND.tenant_id),
        }
    ]
    assert "Ada" not in str(lines)


async def test_a_quarantined_message_is_told_with_its_reason() -> None:
    async with running("attribution", FixedClock(NOW), Routes()) as runtime:
        deleted = new_event(OrderDeleted(order_id="1"), source="s", entity="1", version=1, scope=BRAND)
        broken = encode(deleted, "orders")
        broken.attributes["ce-dataschema"] = "order.deleted/0"
        with capture_logs() as lines:
            assert await deliver(runtime, "orders", broken) == 204
    written_signals = signals(lines)
    assert [(line["type"], line["kind"], line["service"]) for line in written_signals] == [
        ("message.held", "quarantine", "attribution")
    ]


def test_other_events_are_not_told() -> None:
    deleted = new_event(OrderDeleted(order_id="1"), source="s", entity="1", version=1, scope=BRAND)
    with capture_logs() as lines:
        signal_messages([encode(deleted, "orders")])
    assert lines == []


def span_costing(cost: int) -> SpanRecord:
    """A model call that cost so many billionths of a dollar."""
    return SpanRecord(
        trace_id="1" * 32,
        span_id="2" * 16,
        service="ai-advisor",
        name="chat",
        kind="client",
        started_at=NOW,
        duration_us=5,
        tenant_id=str(BRAND.tenant_id),
        tokens_input=10,
        tokens_output=3,
        cost_nano_usd=cost,
    )


async def test_a_model_call_tells_its_cost_and_other_hops_nothing() -> None:
    async with running("ai-advisor", FixedClock(NOW), Routes()) as runtime:
        with capture_logs() as lines:
            runtime.telemetry.record(span_costing(0))
            runtime.telemetry.record(span_costing(1_500))
            await runtime.telemetry.flush()
    written_signals = signals(lines)
    assert [(line["type"], line["cost_nano_usd"], line["tenant"], line["tokens"]) for line in written_signals] == [
        (TOKENS, 1_500, str(BRAND.tenant_id), 13)
    ]


def test_every_line_that_is_counted_in_the_cloud_is_written_here() -> None:
    counted = set(re.findall(r'jsonPayload\.type=\\"([a-z._]+)\\"', MONITORING.read_text(encoding="utf-8")))
    assert counted == {*SIGNALLED, TOKENS} | NOT_WRITTEN_YET
    fields = set(re.findall(r"EXTRACT\(jsonPayload\.(\w+)\)", MONITORING.read_text(encoding="utf-8")))
    written = {"tenant", "cost_nano_usd"}.union(*SIGNALLED.values())
    assert fields - {"accuracy"} <= written
