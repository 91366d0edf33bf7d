from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import uuid4

import asyncpg
import pytest

from pulsepoint.adapters.postgres.delivery import OWNER_LOCK
from pulsepoint.adapters.postgres.message_bus import PostgresMessageBus
from pulsepoint.adapters.postgres.pool import open_pool, prepare
from pulsepoint.errors import EngineUnavailable
from tests.contract.suites.embedded_bus import EmbeddedBusSuite, OpenBus
from tests.contract.suites.message_bus import SOON, Receiver, message, running, subscribe

CLAIM = "SELECT id FROM kernel.claim_messages($1, '-infinity', $2, $3, 10)"
OWNER = 4711
TERMINATE = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1"


class TestPostgresMessageBus(EmbeddedBusSuite):
    @pytest.fixture
    def open_bus(self, postgres_pool: asyncpg.Pool) -> OpenBus:
        return lambda subscriptions, **options: PostgresMessageBus(
            postgres_pool, subscriptions=subscriptions, **options
        )

    async def test_what_a_killed_process_had_claimed_is_delivered_at_once(
        self, open_bus: OpenBus, postgres_dsn: str, topic: str
    ) -> None:
        subscription = subscribe(topic)
        bus, receiver = open_bus([subscription]), Receiver()
        await bus.publish([message(topic)])
        other = await asyncpg.connect(postgres_dsn)
        await other.execute("SELECT pg_advisory_lock($1, $2)", OWNER_LOCK, OWNER)
        assert len(await other.fetch(CLAIM, subscription.name, OWNER, timedelta(hours=1))) == 1
        async with running(bus, receiver.push):
            assert not await bus.drain(0.7)
        assert receiver.got == []
        await other.close()
        async with running(bus, receiver.push):
            assert await bus.drain(SOON)
        assert [delivery.attempt for delivery in receiver.got] == [2]

    async def test_two_engines_share_one_queue(self, open_bus: OpenBus, topic: str) -> None:
        subscription = subscribe(topic)
        buses = [open_bus([subscription], in_flight=2), open_bus([subscription], in_flight=2)]
        receiver = Receiver()
        await buses[0].publish([message(topic, str(number).encode()) for number in range(300)])
        async with running(buses[0], receiver.push), running(buses[1], receiver.push):
            assert await buses[0].drain(SOON)
        assert sorted(int(delivery.message.data) for delivery in receiver.got) == list(range(300))

    async def test_a_message_published_elsewhere_is_found(self, open_bus: OpenBus, topic: str) -> None:
        subscription = subscribe(topic)
        here, elsewhere, receiver = open_bus([subscription]), open_bus([subscription]), Receiver()
        async with running(here, receiver.push):
            assert await here.drain(SOON)
            await elsewhere.publish([message(topic)])
            await receiver.until_got(1)

    async def test_a_row_that_became_visible_late_is_delivered(
        self, open_bus: OpenBus, postgres_pool: asyncpg.Pool, topic: str
    ) -> None:
        subscription = subscribe(topic)
        bus, receiver = open_bus([subscription]), Receiver()
        async with running(bus, receiver.push):
            await bus.publish([message(topic)])
            await receiver.until_got(1)
            await postgres_pool.execute(
                "INSERT INTO kernel.queue (subscription, due_at, attributes, data) VALUES ($1, $2, '{}', '')",
                *(subscription.name, await postgres_pool.fetchval("SELECT now() - interval '1 hour'")),
            )
            await receiver.until_got(2)

    async def test_publishing_without_the_server_is_unavailable(self, postgres_dsn: str, topic: str) -> None:
        async with open_pool(postgres_dsn, min=1, max=2) as pool:
            bus = PostgresMessageBus(pool, subscriptions=[subscribe(topic)])
            await pool.close()
            done = await asyncio.gather(*(bus.publish([message(topic)]) for _ in range(3)), return_exceptions=True)
        assert [type(error) for error in done] == [EngineUnavailable] * 3

    async def test_delivery_goes_on_after_connections_were_lost(
        self, postgres_dsn: str, postgres_pool: asyncpg.Pool, topic: str
    ) -> None:
        name = f"cut-{uuid4()}"
        async with open_pool(f"{await prepare(postgres_dsn)}&application_name={name}", min=1, max=8) as pool:
            bus, receiver = PostgresMessageBus(pool, subscriptions=[subscribe(topic)]), Receiver()
            async with running(bus, receiver.push):
                await bus.publish([message(topic)])
                await receiver.until_got(1)
                await postgres_pool.fetch(TERMINATE, name)
                await _publish_until_stored(bus, topic)
                await receiver.until(lambda: any(got.message.data == b"after" for got in receiver.got))
                assert await bus.drain(SOON)


async def _publish_until_stored(bus: PostgresMessageBus, topic: str) -> None:
    async with asyncio.timeout(SOON):
        while True:
            try:
                return await bus.publish([message(topic, b"after")])
            except EngineUnavailable:
                continue
