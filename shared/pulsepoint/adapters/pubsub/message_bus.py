"""Publishes to Google Pub/Sub: all messages of a topic that wait go in one request.

A future of the vendor's batching client costs four times as much as a delivery may (see `make bench`).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from google.api_core.retry_async import AsyncRetry, if_exception_type
from google.pubsub_v1.services.publisher import PublisherAsyncClient
from google.pubsub_v1.types import PublishRequest, PubsubMessage

from pulsepoint.adapters.delivery_rules import check_message
from pulsepoint.adapters.pubsub.clients import publisher_client
from pulsepoint.adapters.pubsub.errors import WORTH_ANOTHER_TRY, pubsub_errors
from pulsepoint.errors import EngineUnavailable, PermanentError, PulsepointError
from pulsepoint.events.envelope import Message

# Of one request: https://cloud.google.com/pubsub/quotas#resource_limits
MAX_REQUEST_MESSAGES = 1_000
MAX_REQUEST_BYTES = 10_000_000
REQUEST_ROOM = 1_000
"""Bytes kept free for the topic's name."""
TAG_BYTES = 8
"""Of each message: its tag and length."""
DEADLINE_SECONDS = 4.0
"""A platform hangs up after five: https://shopify.dev/docs/apps/build/webhooks/subscribe/https#timeout"""
RawMessage: Any = PubsubMessage.pb()
RawRequest: Any = PublishRequest.pb()


@dataclass(frozen=True, slots=True)
class _Waiting:
    """Messages of one publish that fit one request; `size` in bytes on the wire, `until` by the event loop's clock."""

    messages: list[Any]
    size: int
    until: float
    stored: asyncio.Future[None]


@dataclass(slots=True)
class _Lane:
    """What waits for one topic, and the task that sends it: one request is on its way while the next fills."""

    path: str
    waiting: list[_Waiting] = field(default_factory=list)
    sender: asyncio.Task[None] | None = None


class PubSubMessageBus:
    """A publish returns once Pub/Sub confirmed, or raises `EngineUnavailable` after `deadline` seconds."""

    def __init__(self, client: PublisherAsyncClient, project: str, *, deadline: float = DEADLINE_SECONDS) -> None:
        self._client = client
        self._project = project
        self._deadline = deadline
        self._retry = AsyncRetry(if_exception_type(*WORTH_ANOTHER_TRY), 0.05, 1.0, 2.0, timeout=deadline)
        self._lanes: dict[str, _Lane] = {}

    async def publish(self, messages: Sequence[Message]) -> None:
        """See `MessageBus.publish`."""
        for message in messages:
            check_message(message)
        stored = [self._enqueue(topic, group) for topic, group in _requests(messages)]
        if len(stored) == 1:
            await stored[0]
            return
        try:
            await asyncio.gather(*stored)
        finally:
            for one in stored:
                one.cancel()

    async def close(self) -> None:
        """Let what waits be stored; those who publish wait no longer than their deadline."""
        senders = [lane.sender for lane in self._lanes.values() if lane.sender]
        await asyncio.gather(*senders, return_exceptions=True)

    def _enqueue(self, topic: str, group: tuple[list[Any], int]) -> asyncio.Future[None]:
        lane = self._lanes.get(topic)
        if lane is None:
            lane = self._lanes[topic] = _Lane(f"projects/{self._project}/topics/{topic}")
        loop = asyncio.get_running_loop()
        stored: asyncio.Future[None] = loop.create_future()
        lane.waiting.append(_Waiting(*group, loop.time() + self._deadline, stored))
        if lane.sender is None:
            # The task starts after everything that publishes in this round of the loop.
            lane.sender = asyncio.create_task(self._send(lane), name=f"publish {topic}")
        return stored

    async def _send(self, lane: _Lane) -> None:
        try:
            while lane.waiting:
                self._give_up_late(lane)
                if batch := _take(lane):
                    await self._store(lane.path, batch)
        finally:
            # Here and not when the task is done, which is later: what came in between would wait for nobody.
            lane.sender = None

    def _give_up_late(self, lane: _Lane) -> None:
        """Fail those whose deadline has passed: seen between requests, which end in time, as a timer for each costs."""
        now = asyncio.get_running_loop().time()
        for waiting in lane.waiting:
            if waiting.until > now:
                return
            if not waiting.stored.done():
                waiting.stored.set_exception(self._too_late())

    def _too_late(self) -> EngineUnavailable:
        return EngineUnavailable(f"Pub/Sub did not confirm within {self._deadline:g} s")

    async def _store(self, path: str, batch: list[_Waiting]) -> None:
        messages = [message for waiting in batch for message in waiting.messages]
        error = await self._request(path, messages, min(waiting.until for waiting in batch))
        if isinstance(error, PermanentError) and len(batch) > 1:
            # One refused message must not fail those that happened to travel with it.
            for waiting in batch:
                await self._store(path, [waiting])
            return
        for waiting in batch:
            if not waiting.stored.done():
                waiting.stored.set_result(None) if error is None else waiting.stored.set_exception(_copy(error))

    async def _request(self, path: str, messages: list[Any], until: float) -> PulsepointError | None:
        request = PublishRequest.wrap(RawRequest(topic=path, messages=messages))
        try:
            async with asyncio.timeout_at(until):
                with pubsub_errors():
                    await self._client.publish(request, retry=self._retry, timeout=self._deadline)
        except TimeoutError:
            return self._too_late()
        except PulsepointError as error:
            return error
        return None


@asynccontextmanager
async def open_pubsub(project: str, *, deadline: float = DEADLINE_SECONDS) -> AsyncIterator[PubSubMessageBus]:
    """A bus on the topics of a Google Cloud project, or of the emulator PUBSUB_EMULATOR_HOST names.

    `deadline` is how many seconds a publish may take. Raises `EngineUnavailable` without credentials.
    """
    async with publisher_client() as client:
        bus = PubSubMessageBus(client, project, deadline=deadline)
        try:
            yield bus
        finally:
            await bus.close()


def _requests(messages: Sequence[Message]) -> list[tuple[str, tuple[list[Any], int]]]:
    """The messages by topic, in groups that fit one request."""
    if len(messages) == 1:
        topic, data, attributes = messages[0]
        raw = RawMessage(data=data, attributes=attributes)
        return [(topic, ([raw], raw.ByteSize() + TAG_BYTES))]
    groups: dict[str, list[tuple[list[Any], int]]] = {}
    for message in messages:
        raw = RawMessage(data=message.data, attributes=message.attributes)
        size = raw.ByteSize() + TAG_BYTES
        found = groups.setdefault(message.topic, [])
        if not found or not _fits(len(found[-1][0]) + 1, found[-1][1] + size):
            found.append(([], 0))
        group, before = found[-1]
        group.append(raw)
        found[-1] = (group, before + size)
    return [(topic, group) for topic, found in groups.items() for group in found]


def _copy(error: PulsepointError) -> PulsepointError:
    """Each who waits gets one of its own: raising adds a traceback."""
    return type(error)(str(error))


def _fits(count: int, size: int) -> bool:
    return count <= MAX_REQUEST_MESSAGES and size <= MAX_REQUEST_BYTES - REQUEST_ROOM


def _take(lane: _Lane) -> list[_Waiting]:
    """What waits and fits one request, without what nobody waits for any more."""
    waiting = [one for one in lane.waiting if not one.stored.done()]
    taken = count = size = 0
    for one in waiting:
        count += len(one.messages)
        size += one.size
        if taken and not _fits(count, size):
            break
        taken += 1
    lane.waiting = waiting[taken:]
    return waiting[:taken]
