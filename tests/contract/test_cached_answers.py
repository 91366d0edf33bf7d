"""Answers of the warehouse in both caches, and what the gateway keeps of them."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from pulsepoint.adapters.cached_warehouse import CachedWarehouse
from pulsepoint.adapters.memory import cache as memory
from pulsepoint.adapters.memory.cache import MemoryCache
from pulsepoint.adapters.memory.clock import FixedClock
from pulsepoint.adapters.redis import RedisCache, open_redis
from pulsepoint.tenancy import TenantContext
from tests.builders.warehouse import SCOPE
from tests.contract.suites.answers import SQL, AnswersSuite, Below

NOBODY = "redis://127.0.0.1:1/0"


class TestAnswersInMemory(AnswersSuite):
    @pytest.fixture
    def cache(self, clock: FixedClock) -> MemoryCache:
        return MemoryCache(clock)

    async def test_an_answer_lives_for_its_time(
        self, warehouse: CachedWarehouse, below: Below, scope: TenantContext, clock: FixedClock
    ) -> None:
        await warehouse.query(scope, SQL)
        clock.advance(seconds=61)
        await warehouse.query(scope, SQL)
        assert len(below.calls) == 2


class TestAnswersInRedis(AnswersSuite):
    @pytest_asyncio.fixture
    async def cache(self, redis_server: str) -> AsyncIterator[RedisCache]:
        async with open_redis(redis_server, answer_seconds=30) as cache:
            yield cache


async def test_without_the_cache_every_question_is_asked() -> None:
    below = Below()
    async with open_redis(NOBODY) as cache:
        warehouse = CachedWarehouse(below, cache, FixedClock(), seconds=60)
        for _ in range(3):
            assert await warehouse.query(SCOPE, SQL)
    assert len(below.calls) == 3


async def test_memory_holds_no_more_than_its_bytes() -> None:
    cache, part = MemoryCache(FixedClock()), memory.MAX_BYTES // 4
    for number in range(9):
        await cache.set(SCOPE, f"key:{number % 5}", bytes(part), ttl_seconds=60)
    kept = [number for number in range(5) if await cache.get(SCOPE, f"key:{number}") is not None]
    assert kept == [0, 1, 2, 3]
    await cache.set(SCOPE, "key:3", b"small", ttl_seconds=60)
    await cache.set(SCOPE, "key:4", bytes(part - 5), ttl_seconds=60)
    assert await cache.get(SCOPE, "key:0") is not None
