"""Publishes to Google Pub/Sub: all messages of a topic that wait go in one request.

A future of the vendor's batching client costs four times as much as a delivery may (see `make bench`), and encoding
a request of many messages at once three times what encoding each as it comes does: encodings of a message put
one after the other are the encoding of all in one (https://protobuf.dev/programming-guides/encoding/#last-one-wins).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from google.api_core.gapic_v1.routing_header import to_grpc_metadata
from google.api_core.retry_async import AsyncRetry, if_exception_type
from google.pubsub_v1.types import PublishRequest

from pulsepoint.adapters.delivery_rules import check_message
from pulsepoint.adapters.pubsub.clients import PublishCall, publish_call
from pulsepoint.adapters.pubsub.errors import WORTH_ANOTHER_TRY, pubsub_errors
from pulsepoint.errors import EngineUnavailable, PermanentError, PulsepointError
from pulsepoint.events.envelope import Message

# Of one request: https://cloud.google.com/pubsub/quotas#resource_limits
MAX_REQUEST_MESSAGES = 1_000
MAX_REQUEST_BYTES = 10_000_000
REQUEST_ROOM = 1_000
"""Bytes kept free for the topic's name."""
DEADLINE_SECONDS = 4.0
"""A platform hangs up after five: https://shopify.dev/docs/apps/build/webhooks/subscribe/https#timeout"""
RawRequest: Any = PublishRequest.pb()


class _Waiting(NamedTuple):
    """A `number` of encoded messages of one publish that fit one request; `until` by the event loop's clock."""

    encoded: bytes
    number: int
    until: float
    stored: asyncio.Future[None]


@dataclass(slots=True)
class _Batcher:
    """The messages that wait for one topic, and their sending task: one request is on its way while the next fills.

    `head` is a request without messages, encoded; `metadata` names the topic to Google's front end.
    """

    head: bytes
    metadata: tuple[tuple[str, str], ...]
    waiting: list[_Waiting] = field(default_factory=list)
    sender: asyncio.Task[None] | None = None


class PubSubMessageBus:
    """A publish returns once Pub/Sub confirmed, or raises `EngineUnavailable` after `deadline` seconds."""

    def __init__(self, call: PublishCall, project: str, *, deadline: float = DEADLINE_SECONDS) -> None:
        self._call = AsyncRetry(if_exception_type(*WORTH_ANOTHER_TRY), 0.05, 1.0, 2.0, timeout=deadline)(call)
        self._project = project
        self._deadline = deadline
        self._loop = asyncio.get_running_loop()
        self._batchers: dict[str, _Batcher] = {}

    async def publish(self, messages: Sequence[Message]) -> None:
        """See `MessageBus.publish`."""
        for message in messages:
            check_message(message)
        if len(messages) == 1:
            await self._enqueue(messages[0].topic, _encoded(messages[0]), 1)
            return
        stored = [self._enqueue(*group) for group in _groups(messages)]
        try:
            await asyncio.gather(*stored)
        finally:
            for publishing in stored:
                publishing.cancel()

    async def close(self) -> None:
        """Let what waits be stored; those who publish wait no longer than their deadline."""
        senders = [batcher.sender for batcher in self._batchers.values() if batcher.sender]
        await asyncio.gather(*senders, return_exceptions=True)

    def _enqueue(self, topic: str, encoded: bytes, count: int) -> asyncio.Future[None]:
        batcher = self._batchers.get(topic)
        if batcher is None:
            batcher = self._batchers[topic] = self._batcher(topic)
        stored: asyncio.Future[None] = self._loop.create_future()
        batcher.waiting.append(_Waiting(encoded, count, self._loop.time() + self._deadline, stored))
        if batcher.sender is None:
            # The task starts after everything that publishes in this round of the loop.
            batcher.sender = self._loop.create_task(self._send(batcher), name=f"publish {topic}")
        return stored

    def _batcher(self, topic: str) -> _Batcher:
        path = f"projects/{self._project}/topics/{topic}"
        names_topic: tuple[str, str] = to_grpc_metadata((("topic", path),))  # type: ignore[no-untyped-call]
        return _Batcher(RawRequest(topic=path).SerializeToString(), (names_topic,))

    async def _send(self, batcher: _Batcher) -> None:
        try:
            while batcher.waiting:
                self._give_up_late(batcher)
                if batch := _take(batcher):
                    await self._store(batcher, batch)
        finally:
            # Here and not when the task is done, which is later: what came in between would wait for nobody.
            batcher.sender = None

    def _give_up_late(self, batcher: _Batcher) -> None:
        """Fail those whose deadline has passed: seen between requests, which end in time, as a timer for each costs."""
        now = self._loop.time()
        for waiting in batcher.waiting:
            if waiting.until > now:
                return
            if not waiting.stored.done():
                waiting.stored.set_exception(self._too_late())

    def _too_late(self) -> EngineUnavailable:
        return EngineUnavailable(f"Pub/Sub did not confirm within {self._deadline:g} s")

    async def _store(self, batcher: _Batcher, batch: list[_Waiting]) -> None:
        error = await self._request(batcher, batch)
        if isinstance(error, PermanentError) and len(batch) > 1:
            # One refused message must not fail those that happened to travel with it.
            for waiting in batch:
                await self._store(batcher, [waiting])
            return
        for waiting in batch:
            if not waiting.stored.done():
                waiting.stored.set_result(None) if error is None else waiting.stored.set_exception(_copy(error))

    async def _request(self, batcher: _Batcher, batch: list[_Waiting]) -> PulsepointError | None:
        request = b"".join([batcher.head, *(waiting.encoded for waiting in batch)])
        try:
            async with asyncio.timeout_at(batch[0].until):  # who came first is late first
                with pubsub_errors():
                    await self._call(request, timeout=self._deadline, metadata=batcher.metadata)
        except TimeoutError:
            return self._too_late()
        except PulsepointError as error:
            return error
        except Exception as error:  # a fault of ours fails those who wait: it must not leave them waiting
            return EngineUnavailable(f"the request to Pub/Sub failed: {type(error).__name__}: {error}")
        return None


@asynccontextmanager
async def open_pubsub(project: str, *, deadline: float = DEADLINE_SECONDS) -> AsyncIterator[PubSubMessageBus]:
    """A bus on the topics of a Google Cloud project, or of the emulator PUBSUB_EMULATOR_HOST names.

    `deadline` is how many seconds a publish may take. Raises `EngineUnavailable` without credentials.
    """
    async with publish_call() as call:
        bus = PubSubMessageBus(call, project, deadline=deadline)
        try:
            yield bus
        finally:
            await bus.close()


def _encoded(message: Message) -> bytes:
    """A request with this message only."""
    request = RawRequest()
    request.messages.add(data=message.data, attributes=message.attributes)
    encoded: bytes = request.SerializeToString()
    return encoded


def _groups(messages: Sequence[Message]) -> list[tuple[str, bytes, int]]:
    """The messages by topic, encoded, in groups that fit one request: (topic, bytes, count)."""
    groups_by_topic: dict[str, list[list[bytes]]] = {}
    sizes: dict[str, int] = {}
    for message in messages:
        topic, encoded = message.topic, _encoded(message)
        groups = groups_by_topic.setdefault(topic, [[]])
        sizes[topic] = sizes.get(topic, 0) + len(encoded)
        if groups[-1] and not _fits(len(groups[-1]) + 1, sizes[topic]):
            groups.append([])
            sizes[topic] = len(encoded)
        groups[-1].append(encoded)
    return [(topic, b"".join(group), len(group)) for topic, groups in groups_by_topic.items() for group in groups]


def _copy(error: PulsepointError) -> PulsepointError:
    """Each who waits gets one of its own: raising adds a traceback."""
    return type(error)(str(error))


def _fits(count: int, size: int) -> bool:
    return count <= MAX_REQUEST_MESSAGES and size <= MAX_REQUEST_BYTES - REQUEST_ROOM


def _take(batcher: _Batcher) -> list[_Waiting]:
    """The messages that wait and fit one request, without those nobody waits for any more."""
    waiting = [publishing for publishing in batcher.waiting if not publishing.stored.done()]
    taken = count = size = 0
    for publishing in waiting:
        count += publishing.number
        size += len(publishing.encoded)
        if taken and not _fits(count, size):
            break
        taken += 1
    batcher.waiting = waiting[taken:]
    return waiting[:taken]
