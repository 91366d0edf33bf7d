from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from pulsepoint.adapters.memory.clock import FixedClock
from pulsepoint.adapters.pubsub import PubSubMessageBus, open_pubsub
from pulsepoint.adapters.pubsub.provision import provision
from pulsepoint.errors import EngineUnavailable
from pulsepoint.events.catalog import BY_NAME
from pulsepoint.events.commands import ReplayRequested
from pulsepoint.events.envelope import Event, Payload, encode, new_event
from pulsepoint.events.observability import MessageQuarantined, MessageReleased
from pulsepoint.events.orders import OrderRecorded
from pulsepoint.ports.document_store import Commit, Document, Transaction, Write
from pulsepoint.runtime.app import Runtime, answer, read_body, start_runtime
from pulsepoint.runtime.outcome import NOTHING, Outcome, Reader
from pulsepoint.runtime.routes import Routes, on
from pulsepoint.runtime.service import Service
from pulsepoint.runtime.settings import ServiceSettings
from tests.builders.orders import SCOPE, order_event
from tests.builders.pubsub import fresh_project
from tests.builders.runtime import memory_ports
from tests.builders.stubs import serving

CLOCK = FixedClock(datetime(2026, 3, 10, 12, tzinfo=UTC))
ATTEMPTS = 5
SUBSCRIPTIONS = [
    replace(BY_NAME["attribution.orders"], max_attempts=ATTEMPTS, min_backoff=0.1, max_backoff=0.2),
    BY_NAME["attribution.commands"],
    BY_NAME["gateway.held-messages"],
]


class Shop:
    """A service that counts orders but cannot while it is `broken`, and a gateway that notes what is held."""

    def __init__(self) -> None:
        self.broken = True
        self.tries = 0
        self.quarantined: list[MessageQuarantined] = []
        self.done: Counter[str] = Counter()
        self.runtimes: dict[str, Runtime] = {}
        self._changed = asyncio.Condition()

    async def count(self, reader: Reader, event: Event) -> Outcome:
        """Handler of `order.recorded`."""
        self.tries += 1
        if self.broken:
            raise EngineUnavailable("the counting house is closed")
        before = await reader.get("totals", "orders")
        return Outcome(writes=[Write("totals", "orders", {"count": before.data["count"] + 1 if before else 1})])

    async def note(self, reader: Reader, event: Event[MessageQuarantined]) -> Outcome:
        """Handler of `message.held`."""
        self.quarantined.append(event.payload)
        return NOTHING

    async def counted(self) -> int:
        """Orders in the service's books."""

        documents: list[Document | None] = []

        async def work(transaction: Transaction) -> Commit:
            documents.append(await transaction.get("totals", "orders"))
            return Commit()

        await self.runtimes["attribution"].ports.store.transact(SCOPE, work)
        totals = documents[-1]
        return int(totals.data["count"]) if totals else 0

    async def until(self, subscription: str, pushes: int) -> None:
        """Wait until so many pushes of a subscription were acknowledged."""
        async with asyncio.timeout(90), self._changed:
            await self._changed.wait_for(lambda: self.done[subscription] >= pushes)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Take one push for either service."""
        subscription = scope["path"].removeprefix("/push/")
        body = await read_body(receive)
        status = await self.runtimes[subscription.partition(".")[0]].receiver.receive(subscription, body)
        await answer(send, status)
        async with self._changed:
            self.done[subscription] += status == 204
            self._changed.notify_all()


@asynccontextmanager
async def open_shop() -> AsyncIterator[tuple[Shop, PubSubMessageBus]]:
    shop, project = Shop(), fresh_project()
    handlers = {
        "attribution": Routes(on(OrderRecorded, shop.count)),
        "gateway": Routes(on(MessageQuarantined, shop.note), on(MessageReleased, nothing)),
    }
    async with AsyncExitStack() as stack:
        address = await stack.enter_async_context(serving(shop))
        await provision(project, {"attribution": address, "gateway": address}, subscriptions=SUBSCRIPTIONS)
        bus = await stack.enter_async_context(open_pubsub(project, deadline=20.0))
        for name, handled in handlers.items():
            memory = await stack.enter_async_context(memory_ports(name, CLOCK))
            ports = replace(memory, bus=bus)  # type: ignore[arg-type]
            settings = ServiceSettings(traced=False)
            shop.runtimes[name] = await start_runtime(Service(name, handled), ports, settings)
        yield shop, bus


async def nothing(reader: Reader, event: Event) -> Outcome:
    return NOTHING


def replay_of(quarantined: MessageQuarantined, number: int) -> Event:
    command = ReplayRequested(service=quarantined.service, held_id=quarantined.held_id, requested_at=CLOCK.now())
    return event_of(command, number)


def event_of(payload: Payload, version: int) -> Event:
    return new_event(payload, source="gateway", entity="test", version=version, scope=SCOPE)


@pytest.mark.rule("SEC-10")
async def test_what_always_fails_ends_in_the_dead_letters_and_a_replay_twice_counts_once(
    pubsub_emulator: str,
) -> None:
    async with open_shop() as (shop, bus):
        order = encode(order_event(), "orders")
        await bus.publish([order])
        await shop.until("gateway.held-messages", 1)
        (quarantined,) = shop.quarantined
        assert (quarantined.kind, quarantined.reason, quarantined.subscription) == (
            "dead_letter",
            "attempts_exhausted",
            "attribution.orders",
        )
        assert (quarantined.service, quarantined.event_type, quarantined.attempts) == (
            "attribution",
            "order.recorded",
            ATTEMPTS,
        )
        assert "given up after 5 attempts" in quarantined.explanation
        assert (shop.tries, await shop.counted()) == (ATTEMPTS, 0)

        shop.broken = False
        commands = [encode(replay_of(quarantined, number), "commands") for number in (1, 2)]
        await bus.publish([commands[0], commands[0], commands[1]])
        await shop.until("attribution.commands", 3)
        await shop.until("attribution.orders", 1)
        await bus.publish([order])
        await shop.until("attribution.orders", 2)
        assert (await shop.counted(), shop.done["attribution.orders"]) == (1, 2)
        assert len(shop.quarantined) == 1
