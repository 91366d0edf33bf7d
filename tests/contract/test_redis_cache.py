from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest
import pytest_asyncio
from redis.asyncio import Redis
from structlog.testing import capture_logs

from deploy.emulated.engines import start_redis, stop
from pulsepoint.adapters.memory.cache import MemoryCache
from pulsepoint.adapters.memory.clock import FixedClock
from pulsepoint.adapters.redis import RedisCache, open_redis
from pulsepoint.tenancy import TenantContext
from tests.contract.suites.cache import CacheSuite, Elapse

NOBODY = "redis://127.0.0.1:1/0"
HOUR = 3600
PATIENT = 30.0
"""Seconds: what is judged here is not how busy the machine is."""


class TestRedisCache(CacheSuite):
    @pytest_asyncio.fixture
    async def cache(self, redis_server: str) -> AsyncIterator[RedisCache]:
        async with open_redis(redis_server, answer_seconds=PATIENT) as cache:
            yield cache

    @pytest.fixture
    def elapse(self, redis_server: str) -> Elapse:
        """Takes the seconds from what every value has left, as Redis's own clock would."""

        async def elapse(seconds: float) -> None:
            async with Redis.from_url(redis_server) as client:
                for key in await client.keys("tenant:*"):
                    await client.pexpire(key, await client.pttl(key) - round(seconds * 1000))

        return elapse

    async def test_its_keys_tell_whose_they_are_and_all_of_them_expire(
        self, cache: RedisCache, redis_server: str, scope: TenantContext
    ) -> None:
        use = f"address:{uuid4()}"
        await cache.set(scope, "key", b"value", ttl_seconds=HOUR)
        await cache.allow(use, limit=5, period_seconds=HOUR)
        async with Redis.from_url(redis_server) as client:
            (value,) = await client.keys(f"tenant:{scope.tenant_id}:*")
            (counter,) = await client.keys(f"limits:{use}:*")
            assert 0 < await client.ttl(value) <= HOUR
            assert 0 < await client.ttl(counter) <= 3 * HOUR

    async def test_instances_count_together_and_wait_as_long_as_in_memory(
        self, cache: RedisCache, redis_server: str
    ) -> None:
        key, memory = f"address:{uuid4()}", MemoryCache()
        async with open_redis(redis_server, answer_seconds=PATIENT) as other:
            for turn in range(12):
                shared = await (cache, other)[turn % 2].allow(key, limit=7, period_seconds=HOUR)
                alone = await memory.allow(key, limit=7, period_seconds=HOUR)
                assert shared == pytest.approx(alone, abs=30.0)
                assert (shared == 0.0) == (alone == 0.0) == (turn < 7)

    async def test_the_window_slides(self, redis_server: str) -> None:
        """A quarter into the next window three quarters of the last one's uses still count."""
        key, clock = f"address:{uuid4()}", FixedClock(datetime(2026, 1, 1, tzinfo=UTC))
        async with open_redis(redis_server, clock=clock, answer_seconds=PATIENT) as cache:
            for _ in range(8):
                assert await cache.allow(key, limit=8, period_seconds=HOUR) == 0.0
            clock.advance(minutes=75)
            waits = [await cache.allow(key, limit=8, period_seconds=HOUR) for _ in range(3)]
            assert waits[:2] == [0.0, 0.0]
            assert 0.0 < waits[2] <= HOUR


async def everything(cache: RedisCache, scope: TenantContext) -> tuple[bytes | None, float]:
    await cache.set(scope, "key", b"value", ttl_seconds=HOUR)
    return await cache.get(scope, "key"), await cache.allow("key", limit=1, period_seconds=HOUR)


@asynccontextmanager
async def silence() -> AsyncIterator[tuple[str, list[str]]]:
    """A server that accepts and never answers; yields its URL and who came."""
    came: list[str] = []
    over = asyncio.Event()

    async def hold(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        came.append(str(writer.get_extra_info("peername")))
        await over.wait()
        writer.close()

    server = await asyncio.start_server(hold, "127.0.0.1", 0)
    try:
        yield f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}/0", came
    finally:
        over.set()
        server.close()
        await server.wait_closed()


@pytest.fixture
def scope() -> TenantContext:
    return TenantContext(uuid4(), uuid4())


async def test_without_redis_values_are_absent_and_limits_let_pass_with_one_warning(scope: TenantContext) -> None:
    with capture_logs() as logs:
        async with open_redis(NOBODY, rest_seconds=0.0) as cache:
            for _ in range(5):
                assert await everything(cache, scope) == (None, 0.0)
    assert [(line["event"], line["log_level"]) for line in logs] == [("cache.unavailable", "warning")]


async def test_a_silent_redis_is_asked_once_and_then_left_alone(scope: TenantContext) -> None:
    async with silence() as (url, came), open_redis(url, rest_seconds=HOUR) as cache:
        for _ in range(20):
            assert await everything(cache, scope) == (None, 0.0)
    # Sixty calls were made; left to itself the client would have come four times for the first one alone.
    assert 1 <= len(came) <= 2


async def test_it_is_used_again_once_it_is_back(redis_server: str, scope: TenantContext, tmp_path: Path) -> None:
    engine = start_redis(tmp_path / "redis.log")
    port = int(engine.address.rpartition(":")[2])
    try:
        async with open_redis(f"redis://{engine.address}/0", answer_seconds=PATIENT, rest_seconds=0.0) as cache:
            assert await everything(cache, scope) == (b"value", 0.0)
            stop(engine)
            assert await everything(cache, scope) == (None, 0.0)
            engine = start_redis(tmp_path / "redis.log", port)
            assert await everything(cache, scope) == (b"value", 0.0)
            assert await cache.allow("key", limit=1, period_seconds=HOUR) > 0.0
    finally:
        stop(engine)
