"""A running ingest-shopify whose deliveries come as to its first subscriber."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

from ingest_shopify.erasure import without_person
from ingest_shopify.handlers import EFFECTS, HANDLERS
from pulsepoint.adapters.memory.clock import FixedClock
from pulsepoint.events.commands import ReplayRequested
from pulsepoint.events.envelope import Message, Payload, new_event
from pulsepoint.events.observability import MessageQuarantined
from pulsepoint.ports.document_store import Commit, Document, Transaction, Write
from pulsepoint.runtime.app import Runtime
from pulsepoint.tenancy import SYSTEM, TenantContext
from tests.builders.runtime import deliver, published, running
from tests.builders.shopify import RECEIVED_AT, SHOP, delivered_message, shop_configured

BRAND = TenantContext(uuid4(), uuid4())


class Ingest:
    """A running ingest-shopify."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime

    async def configure(self, scope: TenantContext = BRAND, shop: str = SHOP, **fields: Any) -> int:
        """Give the shop to a brand; the status."""
        return await deliver(self.runtime, "brands", shop_configured(scope, shop, **fields))

    async def deliver(self, body: object, topic: str = "orders/create", shop: str = SHOP, **headers: Any) -> int:
        """Deliver a body as its first subscriber gets it; the status."""
        return await deliver(self.runtime, "shopify-deliveries", delivered_message(body, topic, shop, **headers))

    def payloads(self, kind: type[Payload], scope: TenantContext | None = None) -> list[Any]:
        """Published payloads of a kind."""
        return [event.payload for event in published(self.runtime, kind, scope)]

    def quarantined(self) -> list[str]:
        """Reasons of what was quarantined."""
        return [entry.reason for entry in self.payloads(MessageQuarantined)]

    async def rows(self, table: str, scope: TenantContext = BRAND) -> list[dict[str, Any]]:
        """A table's rows of a brand."""
        sql = f"SELECT * FROM {table} WHERE brand_id = @brand_id"
        rows: list[dict[str, Any]] = await self.runtime.ports.warehouse.query(scope, sql)
        return rows

    async def document(self, collection: str, id: str, scope: TenantContext = SYSTEM) -> Document | None:
        """A document as stored."""
        documents: list[Document | None] = []

        async def look(transaction: Transaction) -> Commit:
            documents.append(await transaction.get(collection, id, scope=scope))
            return Commit()

        await self.runtime.ports.store.transact(SYSTEM, look)
        return documents[-1]

    async def put(self, collection: str, id: str, data: dict[str, Any]) -> None:
        """Store a document."""

        async def write(transaction: Transaction) -> Commit:
            return Commit(writes=[Write(collection, id, data)])

        await self.runtime.ports.store.transact(SYSTEM, write)


@asynccontextmanager
async def running_ingest(clock: FixedClock | None = None) -> AsyncIterator[Ingest]:
    """A running ingest-shopify that knows of one brand and its shop."""
    clock = clock or FixedClock(RECEIVED_AT)
    async with running("ingest-shopify", clock, HANDLERS, EFFECTS, without_person=without_person) as runtime:
        service = Ingest(runtime)
        assert await service.configure() == 204
        yield service


async def release(ingest: Ingest) -> Message:
    """Replay what was quarantined last, as the gateway commands it and the bus delivers it; what was delivered."""
    *before, waiting = ingest.payloads(MessageQuarantined)
    command = ReplayRequested(service="ingest-shopify", held_id=waiting.held_id, requested_at=RECEIVED_AT)
    event = new_event(command, source="gateway", entity=waiting.held_id, version=len(before), scope=BRAND)
    assert await deliver(ingest.runtime, "commands", event) == 204
    again: Message
    [*_, again] = [m for m in ingest.runtime.ports.bus.published if m.topic == "shopify-deliveries"]
    assert await deliver(ingest.runtime, "shopify-deliveries", again) == 204
    return again
