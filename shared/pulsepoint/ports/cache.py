"""Short-lived values and rate limits; losing them is harmless."""

from __future__ import annotations

from typing import Protocol

from pulsepoint.tenancy import TenantContext


class Cache(Protocol):
    """Values with a time to live and counters, under `tenant:{tenant}:…` keys."""

    async def get(self, scope: TenantContext, key: str) -> bytes | None:
        """The value, or None when absent or expired."""
        ...

    async def set(self, scope: TenantContext, key: str, value: bytes, *, ttl_seconds: float) -> None:
        """Store a value for `ttl_seconds`."""
        ...

    async def allow(self, key: str, *, limit: int, period_seconds: int) -> float:
        """Count one use of `key`: 0.0 when within `limit` a period, else the seconds to wait."""
        ...
