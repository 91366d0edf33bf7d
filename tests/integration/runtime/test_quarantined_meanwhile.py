"""A cure may come while a message is being quarantined: it is never kept for good then."""

from __future__ import annotations

from datetime import UTC, datetime

from pulsepoint.adapters.memory.clock import FixedClock
from pulsepoint.errors import UnknownShop
from pulsepoint.events.catalog import RAW_TOPIC
from pulsepoint.events.envelope import Event, Message, RawPayload, raw_message
from pulsepoint.events.observability import MessageQuarantined
from pulsepoint.ports.document_store import Write
from pulsepoint.runtime.outcome import Outcome, Reader
from pulsepoint.runtime.routes import Routes, on
from tests.builders.runtime import deliver, published, running

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def delivery() -> Message:
    headers = {"shop": "a.myshopify.com", "shopify-topic": "orders/create"}
    return raw_message(RAW_TOPIC, b"{}", headers, body_id="x", received_at=NOW, traceparent=TRACEPARENT)


async def test_a_brand_made_while_its_message_is_held_gets_the_message() -> None:
    looks = 0

    async def handler(reader: Reader, event: Event[RawPayload]) -> Outcome:
        nonlocal looks
        looks += 1
        if looks == 1:
            raise UnknownShop("no brand owns it")
        return Outcome(writes=[Write("seen", "1", {})])

    async with running("ingest-shopify", FixedClock(NOW), Routes(on(RawPayload, handler))) as runtime:
        assert await deliver(runtime, RAW_TOPIC, delivery()) == 503
        assert published(runtime, MessageQuarantined) == []
        assert await deliver(runtime, RAW_TOPIC, delivery()) == 204
        assert (published(runtime, MessageQuarantined), looks) == ([], 3)


async def test_a_message_that_fails_still_is_held() -> None:
    async def handler(reader: Reader, event: Event[RawPayload]) -> Outcome:
        raise UnknownShop("no brand owns it")

    async with running("ingest-shopify", FixedClock(NOW), Routes(on(RawPayload, handler))) as runtime:
        assert await deliver(runtime, RAW_TOPIC, delivery()) == 204
        [quarantined] = published(runtime, MessageQuarantined)
        assert quarantined.payload.reason == "unknown_shop"
