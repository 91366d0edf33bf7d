"""Secrets that come with a change of a brand: taken back where the change is refused."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from pulsepoint.errors import PermanentError
from pulsepoint.ports.secret_store import SecretStore
from pulsepoint.tenancy import TenantContext


class SecretChanges:
    """Stores and destroys secrets of one scope, and remembers what was there before."""

    def __init__(self, secrets: SecretStore, scope: TenantContext) -> None:
        self._secrets = secrets
        self._scope = scope
        self._before: dict[str, bytes | None] = {}

    async def put(self, name: str, value: bytes) -> None:
        """See `SecretStore.put`."""
        await self._note(name)
        await self._secrets.put(self._scope, name, value)

    async def delete(self, name: str) -> None:
        """See `SecretStore.delete`."""
        await self._note(name)
        await self._secrets.delete(self._scope, name)

    async def undo(self) -> None:
        """Store again what was there before, and destroy what was not."""
        for name, value in self._before.items():
            if value is None:
                await self._secrets.delete(self._scope, name)
            else:
                await self._secrets.put(self._scope, name, value)

    async def _note(self, name: str) -> None:
        if name not in self._before:
            self._before[name] = await self._secrets.get(self._scope, name)


@asynccontextmanager
async def secret_changes(secrets: SecretStore, scope: TenantContext) -> AsyncIterator[SecretChanges]:
    """Changes of a scope's secrets that a refusal of the block undoes.

    Not where an engine failed: what was committed before it did needs its secrets.
    """
    changes = SecretChanges(secrets, scope)
    try:
        yield changes
    except (PermanentError, ValueError):
        await changes.undo()
        raise
