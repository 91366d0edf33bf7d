"""Delivers what the PostgreSQL queue holds: claims under a lease, pushes, acknowledges, tries again.

A lease lasts as long as its owner's connection holds an advisory lock, so what a killed process had claimed is
free at once; leases that run out are free as well.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from secrets import randbelow

import asyncpg
import orjson
import structlog

from pulsepoint.adapters.delivery_rules import Route, dead_letter
from pulsepoint.adapters.postgres.errors import postgres_errors
from pulsepoint.errors import PulsepointError
from pulsepoint.events.envelope import Message
from pulsepoint.faults import Faults
from pulsepoint.ports.message_bus import Delivery, Push

log = structlog.get_logger(__name__)
POLL_SECONDS = 0.5
RETRY_SECONDS = 0.5
OWNER_LOCK = 1_347_375_697
# A commit may become visible this much after later ones were delivered; beyond it a full look finds it.
FLOOR_MARGIN = timedelta(seconds=0.2)
FULL_LOOK_SECONDS = 5.0
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
CLAIM = "SELECT * FROM kernel.claim_messages($1, $2, $3, $4, $5)"
RELEASE_DEAD = """
UPDATE kernel.leases AS l SET until = '-infinity' WHERE l.until > clock_timestamp() AND NOT EXISTS (
    SELECT FROM pg_locks AS held JOIN pg_database AS d ON d.oid = held.database
    WHERE held.locktype = 'advisory' AND held.classid = $1::bigint::oid AND held.objid = l.owner::bigint::oid
        AND held.granted AND d.datname = current_database())
"""


@dataclass(frozen=True, slots=True)
class _Claimed:
    """A leased row; `due_at` is part of its key."""

    due_at: datetime
    id: int
    delivery: Delivery


@dataclass(slots=True)
class _SubscriptionWorker:
    """One subscription's deliveries."""

    route: Route
    slots: asyncio.Semaphore
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    claimed: deque[_Claimed] = field(default_factory=deque)
    lease_ends: float = 0.0
    floor: datetime = BEGINNING
    full_look: float = 0.0


class Deliverer:
    """One run of the push engine."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        routes: Mapping[str, Route],
        push: Push,
        publish: Callable[[Sequence[Message]], Awaitable[None]],
        *,
        in_flight: int,
        faults: Faults,
    ) -> None:
        self._pool = pool
        self._push = push
        self._publish = publish
        self._batch = max(in_flight * 2, 32)
        self._faults = faults
        self._owner = _new_owner()
        self._workers = {
            name: _SubscriptionWorker(route, asyncio.Semaphore(in_flight)) for name, route in routes.items()
        }
        self._pushes: dict[asyncio.Task[None], _Claimed] = {}
        self._done: list[_Claimed] = []
        self._failed: list[tuple[_Claimed, float]] = []
        self._put_off: list[tuple[_Claimed, float]] = []
        self._settle = asyncio.Event()
        self._owned = asyncio.Event()

    def wake(self, subscriptions: Iterable[str]) -> None:
        """Look at these subscriptions now."""
        for name in set(subscriptions):
            if (worker := self._workers.get(name)) is not None:
                worker.wake.set()

    async def run(self, grace: float) -> None:
        """Deliver until cancelled, then let pushes end within `grace` seconds and give back the rest."""
        loops = [asyncio.create_task(self._serve(worker), name=name) for name, worker in self._workers.items()]
        loops += [asyncio.create_task(loop) for loop in (self._own(), self._look(), self._settle_loop())]
        try:
            await asyncio.gather(*loops)
        finally:
            for task in loops:
                task.cancel()
            await asyncio.wait(loops)
            await self._finish(grace)

    async def _finish(self, grace: float) -> None:
        unfinished = [claimed for worker in self._workers.values() for claimed in worker.claimed]
        if self._pushes:
            _, late = await asyncio.wait(set(self._pushes), timeout=grace)
            unfinished += [self._pushes[task] for task in late]
            for task in late:
                task.cancel()
            if late:
                await asyncio.wait(late)
        try:
            await self._settle_once()
            await self._later([(claimed, 0.0) for claimed in unfinished], uncounted=True)
        except PulsepointError as error:
            # Their leases end with this process.
            log.warning("queue.not_released", error=str(error), messages=len(unfinished))

    async def _own(self) -> None:
        """Hold the lock that says this engine is alive, and free the leases of those that are not."""
        while True:
            try:
                async with self._owner_connection() as connection:
                    while True:
                        with postgres_errors():
                            await connection.execute(RELEASE_DEAD, OWNER_LOCK)
                        await asyncio.sleep(FULL_LOOK_SECONDS)
            except PulsepointError as error:
                # Under a new number: what was claimed in an answer that never came is then free at once.
                self._owner = _new_owner()
                await _pause("queue.owner_lost", error)

    @asynccontextmanager
    async def _owner_connection(self) -> AsyncIterator[asyncpg.pool.PoolConnectionProxy]:
        with postgres_errors():
            connection = await self._pool.acquire()
        try:
            with postgres_errors():
                await connection.execute("SELECT pg_advisory_lock($1, $2)", OWNER_LOCK, self._owner)
            self._owned.set()
            yield connection
        finally:
            self._owned.clear()
            # Closed, not handed back: the lock must go with it. One that was lost has gone back already.
            with suppress(asyncpg.InterfaceError):
                connection.terminate()
            await self._pool.release(connection)

    async def _look(self) -> None:
        """Wake the subscriptions that have something due: retries, expired leases, other processes' publishes."""
        names = list(self._workers)
        while True:
            await self._faults.delivery_possible()
            try:
                with postgres_errors():
                    rows = await self._pool.fetch("SELECT kernel.subscriptions_due($1)", names)
                self.wake(row[0] for row in rows)
                await asyncio.sleep(POLL_SECONDS)
            except PulsepointError as error:
                await _pause("queue.not_looked", error)

    async def _serve(self, worker: _SubscriptionWorker) -> None:
        while True:
            worker.wake.clear()
            await self._faults.delivery_possible()
            # What is claimed without the lock looks to others like a dead engine's.
            await self._owned.wait()
            try:
                count = await self._claim(worker)
            except PulsepointError as error:
                await _pause("queue.not_claimed", error)
                continue
            while worker.claimed:
                await worker.slots.acquire()
                self._start(worker, worker.claimed.popleft())
            if count < self._batch:
                await worker.wake.wait()

    async def _claim(self, worker: _SubscriptionWorker) -> int:
        now = asyncio.get_running_loop().time()
        full = now >= worker.full_look
        floor = BEGINNING if full else worker.floor
        lease = timedelta(seconds=worker.route.ack_deadline)
        with postgres_errors():
            rows = await self._pool.fetch(CLAIM, worker.route.name, floor, self._owner, lease, self._batch)
        worker.lease_ends = now + worker.route.ack_deadline
        if full:
            worker.full_look = now + FULL_LOOK_SECONDS
        claimed = sorted((_claimed(worker.route, row) for row in rows), key=lambda row: (row.due_at, row.id))
        if claimed:
            worker.floor = max(worker.floor, claimed[-1].due_at - FLOOR_MARGIN)
        worker.claimed.extend(claimed)
        return len(claimed)

    def _start(self, worker: _SubscriptionWorker, claimed: _Claimed) -> None:
        left = worker.lease_ends - asyncio.get_running_loop().time()
        if left <= worker.route.ack_deadline / 2:
            # It waited so long for a place that its lease could end under way; it is claimed again.
            self._failed.append((claimed, 0.0))
            self._settle.set()
            worker.slots.release()
            return
        task = asyncio.create_task(self._deliver(worker, claimed, left))
        self._pushes[task] = claimed
        task.add_done_callback(lambda ended: self._pushes.pop(ended, None))

    async def _deliver(self, worker: _SubscriptionWorker, claimed: _Claimed, seconds: float) -> None:
        status = 503
        try:
            async with asyncio.timeout(seconds):
                status = await self._push(claimed.delivery)
        except Exception as error:  # a push that raises was not acknowledged: it is delivered again
            log.warning("queue.push_failed", subscription=worker.route.name, error=f"{type(error).__name__}: {error}")
        finally:
            worker.slots.release()
        if 200 <= status < 300:
            self._done.append(claimed)
        else:
            await self._fail(worker, claimed)
        self._settle.set()

    async def _fail(self, worker: _SubscriptionWorker, claimed: _Claimed) -> None:
        if self._faults.stop_delivery:
            # It failed for want of an engine, whatever it is: that is no attempt of its own.
            self._put_off.append((claimed, 0.0))
            return
        attempt = claimed.delivery.attempt
        if worker.route.is_last(attempt):
            try:
                await self._publish([dead_letter(worker.route, claimed.delivery)])
                self._done.append(claimed)
                return
            except PulsepointError as error:
                log.warning("queue.dead_letter_waits", subscription=worker.route.name, error=str(error))
        pause = worker.route.backoff(attempt)
        self._failed.append((claimed, pause))
        if pause < POLL_SECONDS:  # longer ones are found by looking
            asyncio.get_running_loop().call_later(pause + 0.01, worker.wake.set)

    async def _settle_loop(self) -> None:
        while True:
            await self._settle.wait()
            self._settle.clear()
            try:
                await self._settle_once()
            except PulsepointError as error:
                self._settle.set()
                await _pause("queue.not_settled", error)

    async def _settle_once(self) -> None:
        done, self._done = self._done, []
        failed, self._failed = self._failed, []
        put_off, self._put_off = self._put_off, []
        try:
            if done:
                with postgres_errors():
                    await self._pool.execute("SELECT kernel.acknowledge($1, $2, $3)", *_keys(done))
                done = []
            await self._later(put_off, uncounted=True)
            put_off = []
            await self._later(failed, uncounted=False)
        except BaseException:
            self._done += done
            self._failed += failed
            self._put_off += put_off
            raise

    async def _later(self, failed: Sequence[tuple[_Claimed, float]], *, uncounted: bool) -> None:
        if not failed:
            return
        pauses = [pause for _, pause in failed]
        with postgres_errors():
            await self._pool.execute(
                "SELECT kernel.deliver_later($1, $2, $3, $4, $5)",
                *(*_keys([claimed for claimed, _ in failed]), pauses, uncounted),
            )


def _new_owner() -> int:
    return randbelow(2**31 - 1) + 1


def _keys(rows: Sequence[_Claimed]) -> tuple[list[str], list[datetime], list[int]]:
    return [row.delivery.subscription for row in rows], [row.due_at for row in rows], [row.id for row in rows]


def _claimed(route: Route, row: asyncpg.Record) -> _Claimed:
    message = Message(route.topic, row["data"], orjson.loads(row["attributes"]))
    delivery = Delivery(route.name, str(row["id"]), message, row["attempt"], row["published_at"].isoformat())
    return _Claimed(row["due_at"], row["id"], delivery)


async def _pause(event: str, error: PulsepointError) -> None:
    log.warning(event, error=str(error))
    await asyncio.sleep(RETRY_SECONDS)
