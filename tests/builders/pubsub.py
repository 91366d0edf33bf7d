"""Pub/Sub's pushes as a bus under test: subscriptions on the emulator that push to a receiver in this process."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import replace
from typing import Any
from uuid import uuid4

from pulsepoint.adapters.delivery_rules import by_topic, routes
from pulsepoint.adapters.pubsub import PubSubMessageBus, open_pubsub
from pulsepoint.adapters.pubsub.clients import publisher_client
from pulsepoint.adapters.pubsub.provision import provision
from pulsepoint.events.catalog import Subscription
from pulsepoint.events.envelope import Message
from pulsepoint.ports.message_bus import Delivery, Push
from pulsepoint.runtime.app import answer, read_body
from pulsepoint.runtime.push import read_push
from tests.builders.stubs import serving


def fresh_project() -> str:
    """A project nobody else uses: that is how tests keep apart on one emulator."""
    return f"test-{uuid4()}"


class PushedBus:
    """A `DeliveringBus` on the emulator, in a project of its own; `close` ends the receiver.

    What the emulator leaves out happens here: it ignores filters, as the runtime's push endpoint does again, and
    does not number attempts. Pushes are held back until `run` says where they go.
    """

    def __init__(self, subscriptions: Iterable[Subscription]) -> None:
        self.project = fresh_project()
        self._subscriptions = tuple(subscriptions)
        self._routes = routes(self._subscriptions)
        self._topics = by_topic(self._routes)
        self._topics_made: set[str] = set()
        self._stack = AsyncExitStack()
        self._bus: PubSubMessageBus | None = None
        self._push: asyncio.Future[Push] | None = None
        self._attempts: Counter[tuple[str, str]] = Counter()
        self._unsettled: Counter[str] = Counter()
        self._pushes: set[asyncio.Task[int]] = set()
        self._settled = asyncio.Condition()
        self._opening = asyncio.Lock()

    async def publish(self, messages: Sequence[Message]) -> None:
        """See `MessageBus.publish`."""
        bus = await self._open({message.topic for message in messages})
        await bus.publish(messages)
        for message in messages:
            self._unsettled.update(route.name for route in self._topics.get(message.topic, ()) if route.wants(message))

    async def run(self, push: Push) -> None:
        """See `PushEngine.run`."""
        await self._open(set())
        assert self._push is not None
        self._push.set_result(push)
        try:
            await asyncio.Event().wait()
        finally:
            self._push = asyncio.get_running_loop().create_future()
            for task in self._pushes:
                task.cancel()

    async def drain(self, timeout: float) -> bool:
        """See `PushEngine.drain`."""
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                async with self._settled:
                    await self._settled.wait_for(lambda: not self._unsettled.total())
        return not self._unsettled.total()

    async def close(self) -> None:
        """End the receiver and the clients; pushes still held back are turned away."""
        if self._push is not None:
            self._push.set_result(_turned_away)
        await self._stack.aclose()

    async def _open(self, topics: set[str]) -> PubSubMessageBus:
        async with self._opening:
            if self._bus is None:
                self._bus = await self._start()
            for topic in topics - self._topics_made:
                await self._client.create_topic(name=f"projects/{self.project}/topics/{topic}")
                self._topics_made.add(topic)
            return self._bus

    async def _start(self) -> PubSubMessageBus:
        self._push = asyncio.get_running_loop().create_future()
        address = await self._stack.enter_async_context(serving(self))
        services = {route.name.partition(".")[0] for route in self._routes.values()}
        await provision(self.project, dict.fromkeys(services, address), subscriptions=self._subscriptions, topics=())
        self._client = await self._stack.enter_async_context(publisher_client())
        self._topics_made = {route.topic for route in self._routes.values()}
        return await self._stack.enter_async_context(open_pubsub(self.project, deadline=20.0))

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Take one push."""
        if scope["type"] != "http":
            return
        body = await read_body(receive)
        route = self._routes[scope["path"].removeprefix("/push/")]
        delivery = read_push(route.name, body)
        message = delivery.message._replace(topic=route.topic)
        key = (route.name, delivery.message_id)
        assert self._push is not None
        push = await asyncio.shield(self._push)
        if not route.wants(message):
            await answer(send, 204)
            return
        self._attempts[key] += 1
        task = asyncio.create_task(_pushed(push, replace(delivery, message=message, attempt=self._attempts[key])))
        self._pushes.add(task)
        task.add_done_callback(self._pushes.discard)
        await asyncio.wait({task})
        status = 503 if task.cancelled() else task.result()
        if 200 <= status < 300:
            self._unsettled[route.name] -= 1
        elif route.is_last(self._attempts[key]):
            self._unsettled[route.name] -= 1
            self._unsettled.update(dead.name for dead in self._topics[str(route.dead_letter_topic)])
        async with self._settled:
            self._settled.notify_all()
        await answer(send, status)


async def _turned_away(delivery: Delivery) -> int:
    return 503


async def _pushed(push: Push, delivery: Delivery) -> int:
    try:
        return await push(delivery)
    except Exception:  # a service that breaks answers 500
        return 500
