"""Secrets in memory."""

from __future__ import annotations

from pulsepoint.tenancy import TenantContext


class MemorySecretStore:
    """Forgets everything with the process."""

    def __init__(self) -> None:
        self._values: dict[tuple[TenantContext, str], bytes] = {}

    async def get(self, scope: TenantContext, name: str) -> bytes | None:
        """See `SecretStore.get`."""
        return self._values.get((scope, name))

    async def put(self, scope: TenantContext, name: str, value: bytes) -> None:
        """See `SecretStore.put`."""
        self._values[scope, name] = value

    async def delete(self, scope: TenantContext, name: str) -> None:
        """See `SecretStore.delete`."""
        self._values.pop((scope, name), None)
