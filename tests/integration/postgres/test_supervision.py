"""The embedded server under watch: killed it is started again, without disk it waits, and meanwhile both are said."""

from __future__ import annotations

import asyncio
import os
import signal
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pulsepoint.adapters.memory.clock import FixedClock
from pulsepoint.adapters.postgres.message_bus import PostgresMessageBus
from pulsepoint.adapters.postgres.pool import open_pool, prepare
from pulsepoint.adapters.postgres.server import PostgresServer
from pulsepoint.adapters.postgres.supervision import LEAST_ROOM, ROOM_AGAIN, Supervisor, has_room, supervised_server
from pulsepoint.errors import EngineUnavailable
from pulsepoint.faults import Faults, Reason
from pulsepoint.ports.message_bus import Delivery, Push
from tests.builders.postgres import SETTINGS
from tests.contract.suites.message_bus import SOON, Receiver, message, running, subscribe

CLOCK = FixedClock(datetime(2026, 1, 1, tzinfo=UTC))


@pytest.fixture
def home() -> Iterator[Path]:
    # Not pytest's directory: the server runs as another user when the tests run as root.
    with tempfile.TemporaryDirectory(prefix="pulsepoint-home-") as directory:
        yield Path(directory)


@pytest.fixture
def faults() -> Faults:
    return Faults(CLOCK)


class Server:
    """Starts nothing, or fails as often as told."""

    def __init__(self, data: Path, failures: int = 0) -> None:
        self.data = data
        self.failures = failures
        self.starts = 0

    def start(self) -> PostgresServer:
        self.starts += 1
        if self.failures:
            self.failures -= 1
            raise EngineUnavailable("no")
        return PostgresServer(self.data, self.data, self.data)


def reasons(faults: Faults) -> list[Reason]:
    return [fault.reason for fault in faults.current()]


def kill_postmaster(data: Path) -> None:
    os.kill(int((data / "postmaster.pid").read_text().splitlines()[0]), signal.SIGKILL)


@asynccontextmanager
async def delivering(
    home: Path, faults: Faults, topic: str, push: Push | None = None
) -> AsyncIterator[tuple[PostgresMessageBus, Receiver]]:
    async with (
        supervised_server(home / "postgres", faults, SETTINGS) as dsn,
        open_pool(await prepare(dsn), min=1, max=8) as pool,
    ):
        bus, receiver = PostgresMessageBus(pool, subscriptions=[subscribe(topic)], faults=faults), Receiver()
        async with running(bus, push or receiver.push):
            yield bus, receiver


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(SOON):
        while not condition():  # noqa: ASYNC110 - the fault is reported by a thread of its own
            await asyncio.sleep(0.01)


async def until_stored(bus: PostgresMessageBus, topic: str, body: bytes) -> int:
    """Publishes as a sender that comes again; how often it was refused."""
    refusals = 0
    async with asyncio.timeout(SOON):
        while True:
            try:
                await bus.publish([message(topic, body)])
                return refusals
            except EngineUnavailable:
                refusals += 1
                await asyncio.sleep(0.01)


@pytest.mark.slow
async def test_a_killed_server_is_started_again_and_everything_stored_is_delivered(home: Path, faults: Faults) -> None:
    topic = "killed"
    async with delivering(home, faults, topic) as (bus, receiver):
        await bus.publish([message(topic, b"before")])
        kill_postmaster(home / "postgres")
        await until(lambda: Reason.POSTGRESQL_GONE in reasons(faults))
        with pytest.raises(EngineUnavailable, match="nothing can be stored"):
            await bus.publish([message(topic, b"meanwhile")])
        assert await until_stored(bus, topic, b"after") > 0
        assert await bus.drain(SOON)
        assert {got.message.data for got in receiver.got} == {b"before", b"after"}
        await until(lambda: not faults.current())


@pytest.mark.slow
async def test_a_disk_without_room_stops_the_intake_and_uses_no_attempts_up(home: Path, faults: Faults) -> None:
    topic = "full"
    async with delivering(home, faults, topic) as (bus, receiver):
        faults.report(Reason.WAREHOUSE_FAILED)
        await bus.publish([message(topic, b"first")])
        faults.report(Reason.DISK_FULL)
        with pytest.raises(EngineUnavailable):
            await bus.publish([message(topic, b"second")])
        assert not await bus.drain(0.5)
        assert receiver.got == []
        faults.clear("disk")
        faults.clear("warehouse")
        assert await bus.drain(SOON)
        assert [delivery.attempt for delivery in receiver.got] == [1]


@pytest.mark.slow
async def test_what_fails_while_an_engine_is_away_is_no_attempt(home: Path, faults: Faults) -> None:
    attempts: list[int] = []

    async def push(delivery: Delivery) -> int:
        attempts.append(delivery.attempt)
        if len(attempts) > 3:
            return 204
        faults.report(Reason.WAREHOUSE_FAILED)
        asyncio.get_running_loop().call_later(0.05, faults.clear, "warehouse")
        return 503

    async with delivering(home, faults, "away", push) as (bus, _receiver):
        await bus.publish([message("away")])
        assert await bus.drain(SOON)
    assert attempts == [1, 1, 1, 1]


async def test_a_server_that_does_not_start_is_said_and_tried_again(home: Path, faults: Faults) -> None:
    server = Server(home / "postgres")
    supervisor = Supervisor(home / "postgres", faults, server.start, room=lambda _folder, _count: True)
    await supervisor.begin()
    server.failures = 1
    await supervisor.look()
    assert reasons(faults) == [Reason.POSTGRESQL_NOT_STARTED]
    await supervisor.look()
    assert server.starts == 2, "there is a pause between attempts"


async def test_a_full_disk_is_over_once_there_is_more_room_than_it_takes_to_be_full(home: Path, faults: Faults) -> None:
    free = LEAST_ROOM - 1
    server = Server(home / "postgres")
    supervisor = Supervisor(home / "postgres", faults, server.start, room=lambda _folder, count: count <= free)
    await supervisor.begin()
    await supervisor.look()
    assert Reason.DISK_FULL in reasons(faults)
    free = ROOM_AGAIN - 1
    await supervisor.look()
    assert Reason.DISK_FULL in reasons(faults)
    free = ROOM_AGAIN
    await supervisor.look()
    assert Reason.DISK_FULL not in reasons(faults)


def test_room_is_asked_of_the_disk_itself(home: Path) -> None:
    assert has_room(home, 4096)
    assert not has_room(home, 2**60)
    assert list(home.iterdir()) == []


async def test_a_look_that_fails_does_not_end_the_watching(home: Path, faults: Faults) -> None:
    looks: list[Path] = []

    def unreadable_at_first(folder: Path, count: int) -> bool:
        looks.append(folder)
        if len(looks) == 1:
            raise PermissionError(folder)
        return True

    server = Server(home / "data")
    supervisor = Supervisor(home / "postgres", faults, server.start, room=unreadable_at_first)
    watching = asyncio.create_task(supervisor.watch())
    try:
        await until(lambda: server.starts > 0)
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
