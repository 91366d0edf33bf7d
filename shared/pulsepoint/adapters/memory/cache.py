"""Short-lived values and rate limits of one process."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from pulsepoint.adapters.system_clock import SystemClock
from pulsepoint.ports.clock import Clock
from pulsepoint.tenancy import TenantContext

if TYPE_CHECKING:
    from throttled.asyncio import MemoryStore

MAX_COUNTERS = 100_000
MAX_VALUES = 100_000
MAX_BYTES = 64_000_000


class MemoryCache:
    """Values expire by `clock`; rate limits count by the machine's clock, over a sliding window."""

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._values: dict[str, tuple[datetime, bytes]] = {}
        self._bytes = 0
        self._counters: MemoryStore | None = None

    async def get(self, scope: TenantContext, key: str) -> bytes | None:
        """See `Cache.get`."""
        name = _name(scope, key)
        expires_at, value = self._values.get(name, (None, b""))
        if expires_at is None:
            return None
        if expires_at <= self._clock.now():
            self._drop(name)
            return None
        return value

    async def set(self, scope: TenantContext, key: str, value: bytes, *, ttl_seconds: float) -> None:
        """See `Cache.set`; past `MAX_VALUES` and `MAX_BYTES` the oldest go."""
        name = _name(scope, key)
        self._drop(name)
        while self._values and (len(self._values) >= MAX_VALUES or self._bytes + len(value) > MAX_BYTES):
            self._drop(next(iter(self._values)))
        self._values[name] = (self._clock.now() + timedelta(seconds=ttl_seconds), value)
        self._bytes += len(value)

    def _drop(self, name: str) -> None:
        _, value = self._values.pop(name, (None, b""))
        self._bytes -= len(value)

    async def allow(self, key: str, *, limit: int, period_seconds: int) -> float:
        """See `Cache.allow`."""
        # Imported here: it takes 0.1 s, which services without limits need not wait at start.
        from throttled.asyncio import MemoryStore, Throttled, rate_limiter

        if self._counters is None:
            self._counters = MemoryStore(options={"MAX_SIZE": MAX_COUNTERS})
        quota = rate_limiter.per_duration(timedelta(seconds=period_seconds), limit)
        counter = Throttled(using="sliding_window", quota=quota, store=self._counters)
        result = await counter.limit(f"{key}:{limit}:{period_seconds}")
        return max(result.state.retry_after, 0.001) if result.limited else 0.0


def _name(scope: TenantContext, key: str) -> str:
    return f"tenant:{scope.tenant_id}:{scope.brand_id}:{key}"
