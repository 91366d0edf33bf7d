"""Secrets by name; the newest version wins, old ones are destroyed."""

from __future__ import annotations

from typing import Protocol

from pulsepoint.tenancy import TenantContext


class SecretStore(Protocol):
    """Named secrets of a tenant (the system tenant holds the deployment's own)."""

    async def get(self, scope: TenantContext, name: str) -> bytes | None:
        """The current value, or None."""
        ...

    async def put(self, scope: TenantContext, name: str, value: bytes) -> None:
        """Store a new current value and destroy the one before."""
        ...

    async def delete(self, scope: TenantContext, name: str) -> None:
        """Destroy the secret; absent ones are no error."""
        ...
