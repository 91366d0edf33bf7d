"""Secrets by name; the newest version wins, old ones are destroyed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from pulsepoint.tenancy import TenantContext


class SecretStore(Protocol):
    """Named secrets of a tenant (the system tenant holds the deployment's own).

    Values have at most 64 KiB; larger ones raise `LimitExceeded`.
    """

    async def get(self, scope: TenantContext, name: str) -> bytes | None:
        """The current value, or None."""
        ...

    async def put(self, scope: TenantContext, name: str, value: bytes) -> None:
        """Store a new current value and destroy the one before."""
        ...

    async def once(self, scope: TenantContext, name: str, make: Callable[[], bytes]) -> bytes:
        """The current value, made where there is none; of many who ask at once, all get the same."""
        ...

    async def delete(self, scope: TenantContext, name: str) -> None:
        """Destroy the secret; absent ones are no error."""
        ...
