"""The queue of the one-machine profile: a table in PostgreSQL that delivers as Pub/Sub pushes.

All publishes that wait go to the server in one statement; deliveries are claimed and acknowledged many at a time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence

import asyncpg
import orjson

from pulsepoint.adapters.delivery_rules import by_topic, check_message, routes
from pulsepoint.adapters.postgres.delivery import Deliverer
from pulsepoint.adapters.postgres.errors import postgres_errors, translated
from pulsepoint.adapters.system_clock import SystemClock
from pulsepoint.errors import EngineUnavailable, PulsepointError
from pulsepoint.events.catalog import SUBSCRIPTIONS, Subscription
from pulsepoint.events.envelope import Message
from pulsepoint.faults import Faults
from pulsepoint.ports.clock import Clock
from pulsepoint.ports.message_bus import Push

BATCH_ROWS = 1_000
BATCH_BYTES = 16_000_000
INSERT = """
INSERT INTO kernel.queue (subscription, attributes, data)
SELECT * FROM unnest($1::text[], $2::text[], $3::bytea[])
"""
WAITING = "SELECT EXISTS (SELECT FROM kernel.queue WHERE subscription = ANY($1::text[]))"
DEPTH = """
SELECT q.subscription, count(*) AS waiting, extract(epoch FROM clock_timestamp() - min(q.due_at))::float8 AS oldest,
    (SELECT count(*) FROM kernel.leases AS l WHERE l.subscription = q.subscription AND l.until > clock_timestamp())
        AS in_flight
FROM kernel.queue AS q GROUP BY q.subscription
"""


class PostgresMessageBus:
    """Publishes return once committed to disk; `run` pushes what waits, while no fault of an engine forbids it.

    `in_flight` is how many pushes of one subscription are under way at once, `grace` how many seconds they get
    to finish when `run` is cancelled.
    """

    def __init__(
        self,
        pool: asyncpg.Pool,
        clock: Clock | None = None,
        in_flight: int = 32,
        *,
        grace: float = 5.0,
        subscriptions: Iterable[Subscription] = SUBSCRIPTIONS,
        faults: Faults | None = None,
    ) -> None:
        self._pool = pool
        self._clock = clock or SystemClock()
        self._routes = routes(subscriptions)
        self._topics = by_topic(self._routes)
        self._in_flight = in_flight
        self._grace = grace
        self._faults = faults or Faults(self._clock)
        self._waiting: list[tuple[list[tuple[str, str, bytes]], asyncio.Future[None]]] = []
        self._flusher: asyncio.Task[None] | None = None
        self._deliverer: Deliverer | None = None

    async def publish(self, messages: Sequence[Message]) -> None:
        """See `MessageBus.publish`."""
        if self._faults.stop_intake:
            # Known before the server is asked: nobody waits for a time-out, and the last room stays for its log.
            raise EngineUnavailable("nothing can be stored for now")
        rows: list[tuple[str, str, bytes]] = []
        for message in messages:
            check_message(message)
            subscribers = [route.name for route in self._topics.get(message.topic, ()) if route.wants(message)]
            if subscribers:
                attributes = orjson.dumps(message.attributes).decode()
                rows.extend((name, attributes, message.data) for name in subscribers)
        if not rows:
            return
        stored = asyncio.get_running_loop().create_future()
        self._waiting.append((rows, stored))
        if self._flusher is None:
            self._flusher = asyncio.create_task(self._flush(), name="publish")
        await stored

    async def _flush(self) -> None:
        """Store what waits, and what came meanwhile, until nothing does."""
        try:
            while self._waiting:
                batch = self._take_batch()
                rows = [row for group, _ in batch for row in group]
                error = await self._store(rows)
                for _, stored in batch:
                    if not stored.done():
                        stored.set_result(None) if error is None else stored.set_exception(type(error)(str(error)))
                if self._deliverer is not None:
                    self._deliverer.wake(subscription for subscription, _, _ in rows)
        finally:
            self._flusher = None
            for _, stored in self._waiting:
                stored.cancel()
            self._waiting = []

    def _take_batch(self) -> list[tuple[list[tuple[str, str, bytes]], asyncio.Future[None]]]:
        taken = size = count = 0
        for rows, _ in self._waiting:
            count += len(rows)
            size += sum(len(data) for _, _, data in rows)
            if taken and (count > BATCH_ROWS or size > BATCH_BYTES):
                break
            taken += 1
        batch, self._waiting = self._waiting[:taken], self._waiting[taken:]
        return batch

    async def _store(self, rows: list[tuple[str, str, bytes]]) -> PulsepointError | None:
        subscriptions, attributes, data = zip(*rows, strict=True)
        try:
            await self._pool.execute(INSERT, subscriptions, attributes, data)
        except Exception as error:
            return translated(error)
        return None

    async def run(self, push: Push) -> None:
        """See `PushEngine.run`."""
        deliverer = Deliverer(
            self._pool, self._routes, push, self.publish, in_flight=self._in_flight, faults=self._faults
        )
        self._deliverer = deliverer
        try:
            await deliverer.run(self._grace)
        finally:
            self._deliverer = None

    async def drain(self, timeout: float) -> bool:
        """See `PushEngine.drain`; messages that wait for another attempt count."""
        deadline = asyncio.get_running_loop().time() + timeout
        while self._waiting or await self._holds_messages():
            if asyncio.get_running_loop().time() >= deadline:
                return False
            await asyncio.sleep(0.02)
        return True

    async def depth(self) -> dict[str, dict[str, float]]:
        """For each subscription with messages: `waiting`, `in_flight`, `oldest_age_seconds` (since it was due)."""
        with postgres_errors():
            rows = await self._pool.fetch(DEPTH)
        return {
            row["subscription"]: {
                "waiting": row["waiting"] - row["in_flight"],
                "in_flight": row["in_flight"],
                "oldest_age_seconds": max(row["oldest"], 0.0),
            }
            for row in rows
        }

    async def _holds_messages(self) -> bool:
        with postgres_errors():
            return bool(await self._pool.fetchval(WAITING, list(self._routes)))
