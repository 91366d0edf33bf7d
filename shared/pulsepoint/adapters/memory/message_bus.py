"""A bus in memory: publishes fan out to the catalog's subscriptions and are pushed until acknowledged."""

from __future__ import annotations

import asyncio
import heapq
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count

from pulsepoint.adapters.delivery_rules import Route, by_topic, check_message, dead_letter, routes
from pulsepoint.adapters.system_clock import SystemClock
from pulsepoint.events.catalog import SUBSCRIPTIONS, Subscription
from pulsepoint.events.envelope import Message
from pulsepoint.ports.clock import Clock
from pulsepoint.ports.message_bus import Delivery, Push


@dataclass(slots=True)
class _Waiting:
    """A message of one subscription, published at `published` (UTC)."""

    number: int
    message: Message
    published: datetime
    attempts: int = 0


@dataclass(slots=True)
class _Queue:
    """New messages in their order, and failed ones by when they are due (seconds of the event loop's clock)."""

    route: Route
    numbers: Iterator[int]
    fresh: deque[tuple[Message, datetime]] = field(default_factory=deque)
    later: list[tuple[float, int, _Waiting]] = field(default_factory=list)
    in_flight: int = 0

    def __len__(self) -> int:
        return len(self.fresh) + len(self.later)

    def take(self, now: float) -> _Waiting | None:
        """The next message that is due, or None."""
        if self.later and self.later[0][0] <= now:
            return heapq.heappop(self.later)[2]
        return _Waiting(next(self.numbers), *self.fresh.popleft()) if self.fresh else None

    def oldest(self) -> datetime:
        """When the longest-waiting message was published; there must be one."""
        waiting = [entry[2].published for entry in self.later]
        return min([*waiting, self.fresh[0][1]] if self.fresh else waiting)

    def due(self, now: float) -> float | None:
        """When the next message is due, or None."""
        if self.fresh:
            return now
        return self.later[0][0] if self.later else None


class MemoryMessageBus:
    """Delivers as the PostgreSQL queue does; everything is lost with the object.

    `published` lists every message ever published here, for tests. `in_flight` limits the pushes under way
    per subscription; `grace` is how many seconds pushes get to finish when `run` is cancelled.
    """

    def __init__(
        self,
        clock: Clock | None = None,
        *,
        in_flight: int = 16,
        grace: float = 5.0,
        subscriptions: Iterable[Subscription] = SUBSCRIPTIONS,
    ) -> None:
        self.published: list[Message] = []
        self._clock = clock or SystemClock()
        self._limit = in_flight
        self._grace = grace
        numbers = count(1)
        self._queues = {name: _Queue(route, numbers) for name, route in routes(subscriptions).items()}
        fan_out = by_topic({name: queue.route for name, queue in self._queues.items()})
        # As publishing needs them: what puts a message into the queue, and the types it takes.
        self._topics = {
            topic: tuple((self._queues[route.name].fresh.append, route.types) for route in matching_routes)
            for topic, matching_routes in fan_out.items()
        }
        self._changed = asyncio.Event()

    async def publish(self, messages: Sequence[Message]) -> None:
        """See `MessageBus.publish`."""
        for message in messages:
            check_message(message)
        self.published += messages
        now = self._clock.now()
        for message in messages:
            topic, _, attributes = message
            for put, types in self._topics.get(topic, ()):
                if types is None or attributes.get("ce-type") in types:
                    put((message, now))
        self._changed.set()

    async def run(self, push: Push) -> None:
        """See `PushEngine.run`."""
        pushes: set[asyncio.Task[None]] = set()
        try:
            while True:
                self._changed.clear()
                for queue, waiting in self._take_due():
                    task = asyncio.create_task(self._deliver(push, queue, waiting))
                    pushes.add(task)
                    task.add_done_callback(pushes.discard)
                await self._until_due()
        finally:
            await _finish(pushes, self._grace)

    def _take_due(self) -> list[tuple[_Queue, _Waiting]]:
        now = asyncio.get_running_loop().time()
        taken: list[tuple[_Queue, _Waiting]] = []
        for queue in self._queues.values():
            while queue.in_flight < self._limit and (waiting := queue.take(now)) is not None:
                queue.in_flight += 1
                taken.append((queue, waiting))
        return taken

    async def _until_due(self) -> None:
        now = asyncio.get_running_loop().time()
        free = [queue.due(now) for queue in self._queues.values() if queue.in_flight < self._limit]
        due = min((timestamp for timestamp in free if timestamp is not None), default=None)
        pause = None if due is None else max(due - now, 0.0)
        with suppress(TimeoutError):
            await asyncio.wait_for(self._changed.wait(), pause)

    async def _deliver(self, push: Push, queue: _Queue, waiting: _Waiting) -> None:
        attempt = waiting.attempts + 1
        published = waiting.published.isoformat()
        delivery = Delivery(queue.route.name, str(waiting.number), waiting.message, attempt, published)
        status = 503
        try:
            status = await asyncio.wait_for(push(delivery), queue.route.ack_deadline)
        except asyncio.CancelledError:
            attempt -= 1  # the engine stopped, the message did not fail
            raise
        except Exception:  # a push that raises was not acknowledged: it is delivered again
            status = 503
        finally:
            if not 200 <= status < 300:
                await self._again(queue, waiting, delivery, attempt)
            queue.in_flight -= 1
            self._changed.set()

    async def _again(self, queue: _Queue, waiting: _Waiting, delivery: Delivery, attempt: int) -> None:
        if attempt and queue.route.is_last(attempt):
            await self.publish([dead_letter(queue.route, delivery)])
            return
        waiting.attempts = attempt
        due = asyncio.get_running_loop().time() + (queue.route.backoff(attempt) if attempt else 0.0)
        heapq.heappush(queue.later, (due, waiting.number, waiting))

    async def drain(self, timeout: float) -> bool:
        """See `PushEngine.drain`."""
        deadline = asyncio.get_running_loop().time() + timeout
        while any(len(queue) or queue.in_flight for queue in self._queues.values()):
            if asyncio.get_running_loop().time() >= deadline:
                return False
            await asyncio.sleep(0.002)
        return True

    async def depth(self) -> dict[str, dict[str, float]]:
        """For each subscription with messages: `waiting`, `in_flight`, `oldest_age_seconds` since publishing."""
        now = self._clock.now()
        return {
            name: {
                "waiting": len(queue),
                "in_flight": queue.in_flight,
                "oldest_age_seconds": (now - queue.oldest()).total_seconds() if len(queue) else 0.0,
            }
            for name, queue in self._queues.items()
            if len(queue) or queue.in_flight
        }


async def _finish(pushes: set[asyncio.Task[None]], grace: float) -> None:
    """Let pushes under way end within `grace` seconds, then cancel the rest."""
    if not pushes:
        return
    _, late = await asyncio.wait(set(pushes), timeout=grace)
    for task in late:
        task.cancel()
    if late:
        await asyncio.wait(late)
