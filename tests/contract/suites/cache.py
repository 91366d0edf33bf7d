"""The suite of every `Cache`. Subclasses give a fixture `cache`, whose values expire by `clock` or as `elapse` says."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from uuid import uuid4

import pytest

from pulsepoint.adapters.memory.clock import FixedClock
from pulsepoint.ports.cache import Cache
from pulsepoint.tenancy import TenantContext

Elapse = Callable[[float], Awaitable[None]]


class CacheSuite:
    """Subclassed once for each adapter."""

    @pytest.fixture
    def clock(self) -> FixedClock:
        return FixedClock()

    @pytest.fixture
    def scope(self) -> TenantContext:
        return TenantContext(uuid4(), uuid4())

    @pytest.fixture
    def elapse(self, clock: FixedClock) -> Elapse:
        """Lets so many seconds of the values' lives pass."""

        async def elapse(seconds: float) -> None:
            clock.advance(seconds=seconds)

        return elapse

    async def test_a_value_lives_for_its_time(self, cache: Cache, scope: TenantContext, elapse: Elapse) -> None:
        assert await cache.get(scope, "key") is None
        await cache.set(scope, "key", b"\x00value", ttl_seconds=1000)
        await elapse(900)
        assert await cache.get(scope, "key") == b"\x00value"
        await elapse(100)
        assert await cache.get(scope, "key") is None

    async def test_a_new_value_replaces_the_old_and_its_time(
        self, cache: Cache, scope: TenantContext, elapse: Elapse
    ) -> None:
        await cache.set(scope, "key", b"old", ttl_seconds=100)
        await cache.set(scope, "key", b"new", ttl_seconds=1000)
        await elapse(500)
        assert await cache.get(scope, "key") == b"new"

    async def test_values_of_others_are_absent(self, cache: Cache, scope: TenantContext) -> None:
        await cache.set(scope, "key", b"mine", ttl_seconds=10)
        assert await cache.get(TenantContext(scope.tenant_id, uuid4()), "key") is None
        assert await cache.get(TenantContext(uuid4(), scope.brand_id), "key") is None

    async def test_uses_within_the_limit_pass_and_the_next_must_wait(self, cache: Cache) -> None:
        key = f"address:{uuid4()}"
        waits = [await cache.allow(key, limit=5, period_seconds=3600) for _ in range(5)]
        assert waits == [0.0] * 5
        assert 0.0 < await cache.allow(key, limit=5, period_seconds=3600) <= 3600.0
        assert await cache.allow(f"address:{uuid4()}", limit=5, period_seconds=3600) == 0.0

    async def test_uses_at_once_are_counted_each(self, cache: Cache) -> None:
        key = f"address:{uuid4()}"
        waits = await asyncio.gather(*(cache.allow(key, limit=5, period_seconds=3600) for _ in range(20)))
        assert sorted(waits)[:6].count(0.0) == 5
