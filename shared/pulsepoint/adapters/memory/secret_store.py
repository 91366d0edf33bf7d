"""Secrets in memory."""

from __future__ import annotations

from collections.abc import Callable

from pulsepoint.adapters.secret_rules import check_value
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
        check_value(value)
        self._values[scope, name] = value

    async def once(self, scope: TenantContext, name: str, make: Callable[[], bytes]) -> bytes:
        """See `SecretStore.once`."""
        if (scope, name) not in self._values:
            await self.put(scope, name, make())
        return self._values[scope, name]

    async def delete(self, scope: TenantContext, name: str) -> None:
        """See `SecretStore.delete`."""
        self._values.pop((scope, name), None)
