"""One trace across spans: parents through messages, links through ticks, the ingress recorded by its first reader."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from pulsepoint.adapters.memory.clock import FixedClock
from pulsepoint.events.attributions import OrderAttributed
from pulsepoint.events.catalog import RAW_TOPIC
from pulsepoint.events.envelope import Event, RawPayload, encode, new_event, raw_message
from pulsepoint.events.observability import SpanRecord, SpansRecorded
from pulsepoint.events.orders import OrderDeleted
from pulsepoint.ports.document_store import StoredEffect
from pulsepoint.runtime.app import Runtime
from pulsepoint.runtime.outcome import NOTHING, Effect, EffectDefinition, Outcome, Reader
from pulsepoint.runtime.routes import Routes, on
from pulsepoint.tenancy import TenantContext
from tests.builders.runtime import deliver, published, run_effects, running

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
BRAND = TenantContext(UUID(int=7), UUID(int=8))
TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


async def spans_of(runtime: Runtime) -> list[SpanRecord]:
    await runtime.telemetry.flush()
    return [span for event in published(runtime, SpansRecorded) for span in event.payload.hops]


async def test_the_first_subscriber_records_the_webhook_and_continues_its_trace() -> None:
    async def handler(reader: Reader, event: Event[RawPayload]) -> Outcome:
        payload = OrderDeleted(order_id="1")
        return Outcome(events=[reader.event(payload, entity="1", version=1, scope=BRAND)])

    async with running("ingest-shopify", FixedClock(NOW), Routes(on(RawPayload, handler))) as runtime:
        headers = {"shop": "a.myshopify.com", "shopify-topic": "orders/delete"}
        message = raw_message(RAW_TOPIC, b"{}", headers, body_id="x", received_at=NOW, traceparent=TRACEPARENT)
        assert await deliver(runtime, RAW_TOPIC, message) == 204
        ingress, process = await spans_of(runtime)
        assert (ingress.name, ingress.span_id) == ("POST /webhooks/shopify", "b7ad6b7169203331")
        assert (process.trace_id, process.parent_span_id) == (ingress.trace_id, ingress.span_id)
        sent = published(runtime, OrderDeleted)[0]
        assert sent.traceparent == f"00-{ingress.trace_id}-{process.span_id}-01"


async def test_a_tick_is_a_trace_of_its_own_linked_to_its_cause() -> None:
    async def ask_for_tick(reader: Reader, event: Event) -> Outcome:
        return Outcome(effects=[Effect("assess", "1", {})])

    async def on_success(reader: Reader, effect: StoredEffect, result: object) -> Outcome:
        return NOTHING

    effects = {"assess": EffectDefinition(on_success=on_success)}
    handlers = Routes(on(OrderAttributed, ask_for_tick))
    async with running("inventory-intel", FixedClock(NOW), handlers, effects) as runtime:
        payload = OrderAttributed(order_id="1", currency="GBP", net_micros=0, credits=0, attributed_at=NOW)
        event = new_event(payload, source="attribution", entity="1", version=1, scope=BRAND, traceparent=TRACEPARENT)
        assert await deliver(runtime, "attributions", encode(event, "attributions")) == 204
        assert await run_effects(runtime) == 1
        process, tick = await spans_of(runtime)
        assert process.trace_id == "0af7651916cd43dd8448eb211c80319c"
        assert tick.trace_id != process.trace_id
        assert tick.links == ((process.trace_id, process.span_id),)


async def test_observability_handlers_emit_no_observability() -> None:
    async def handler(reader: Reader, event: Event) -> Outcome:
        return NOTHING

    async with running("gateway", FixedClock(NOW), Routes(on(SpansRecorded, handler))) as runtime:
        event = new_event(SpansRecorded(hops=()), source="alerting", entity="a", version=1, scope=BRAND)
        assert await deliver(runtime, "observability", event) == 204
        assert await spans_of(runtime) == []
