"""Short-lived values and rate limits that all instances share, in Redis; without it everything goes on, uncached.

A Redis that does not answer costs a caller a quarter of a second at most, and then nothing: for `REST_SECONDS` it is
not asked again, values are absent and limits let pass.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import structlog
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from pulsepoint.adapters.system_clock import SystemClock
from pulsepoint.ports.clock import Clock
from pulsepoint.tenancy import TenantContext

if TYPE_CHECKING:
    from redis.commands.core import AsyncScript

ANSWER_SECONDS = 0.25
REST_SECONDS = 1.0
WARN_SECONDS = 60.0
HEALTH_SECONDS = 30
VENDOR_ERRORS = (RedisError, OSError, TimeoutError)
Answer = TypeVar("Answer")
log = structlog.get_logger(__name__)


@asynccontextmanager
async def open_redis(
    url: str,
    *,
    clock: Clock | None = None,
    answer_seconds: float = ANSWER_SECONDS,
    rest_seconds: float = REST_SECONDS,
) -> AsyncIterator[RedisCache]:
    """The cache in the Redis at `url` (REDIS_URL), which need not be there yet.

    Whatever takes longer than `answer_seconds` failed, and after a failure Redis is left alone for `rest_seconds`.
    """
    client = Redis.from_url(
        url,
        socket_timeout=answer_seconds,
        socket_connect_timeout=answer_seconds,
        health_check_interval=HEALTH_SECONDS,
        # Once more and at once: a connection that idled through a restart of Redis is found dead when it is used.
        retry=Retry(NoBackoff(), 1),
    )
    try:
        yield RedisCache(client, clock or SystemClock(), answer_seconds, rest_seconds)
    finally:
        await client.aclose()


class RedisCache:
    """Values expire by Redis's own clock; limits count over a sliding window by `clock`."""

    def __init__(self, client: Redis, clock: Clock, answer_seconds: float, rest_seconds: float) -> None:
        self._client = client
        self._clock = clock
        self._answer_seconds = answer_seconds
        self._rest_seconds = rest_seconds
        self._rests_until = 0.0
        self._warns_from = 0.0
        self._script: AsyncScript | None = None

    async def get(self, scope: TenantContext, key: str) -> bytes | None:
        """See `Cache.get`."""
        name = _name(scope, key)
        value = await self._call(lambda: self._client.get(name), None)
        assert not isinstance(value, str)  # the client does not decode
        return value

    async def set(self, scope: TenantContext, key: str, value: bytes, *, ttl_seconds: float) -> None:
        """See `Cache.set`."""
        name, lives_ms = _name(scope, key), max(1, round(ttl_seconds * 1000))
        await self._call(lambda: self._client.set(name, value, px=lives_ms), None)

    async def allow(self, key: str, *, limit: int, period_seconds: int) -> float:
        """See `Cache.allow`; the script is the one of throttled-py, which counts in memory on one machine."""
        # Imported here: it takes 0.1 s, which services without limits need not wait at start.
        from throttled.rate_limiter.sliding_window import RedisLimitAtomicActionSpec

        script = self._script = self._script or self._client.register_script(RedisLimitAtomicActionSpec.SCRIPTS)
        now_ms = int(self._clock.now().timestamp() * 1000)
        window = now_ms // (period_seconds * 1000)
        names = [f"limits:{key}:{limit}:{period_seconds}:{number}" for number in (window, window - 1)]
        arguments = [period_seconds, limit, 1, now_ms]
        answer: list[Any] | None = await self._call(lambda: script(keys=names, args=arguments), None)
        if answer is None:
            return 0.0
        limited, _used, wait = answer
        return max(float(wait), 0.001) if limited else 0.0

    async def _call(self, call: Callable[[], Awaitable[Answer]], otherwise: Answer) -> Answer:
        if time.monotonic() < self._rests_until:
            return otherwise
        try:
            async with asyncio.timeout(self._answer_seconds):
                return await call()
        except VENDOR_ERRORS as error:
            now = time.monotonic()
            self._rests_until = now + self._rest_seconds
            if now >= self._warns_from:
                self._warns_from = now + WARN_SECONDS
                log.warning("cache.unavailable", error=f"{type(error).__name__}: {error}", effect="limits let pass")
            return otherwise


def _name(scope: TenantContext, key: str) -> str:
    return f"tenant:{scope.tenant_id}:{scope.brand_id}:{key}"
