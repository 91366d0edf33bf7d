"""Objects in memory; their links are opened with `open`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from secrets import token_urlsafe

from pulsepoint.adapters.object_rules import check_expiry, folder_path, object_path
from pulsepoint.adapters.system_clock import SystemClock
from pulsepoint.ports.clock import Clock
from pulsepoint.tenancy import TenantContext


class MemoryObjectStore:
    """Forgets everything with the process; a link is an unguessable `memory:` address."""

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._objects: dict[str, tuple[bytes, datetime]] = {}
        self._links: dict[str, tuple[str, datetime]] = {}

    async def put(self, scope: TenantContext, name: str, data: bytes, *, content_type: str) -> None:
        """See `ObjectStore.put`."""
        self._objects[object_path(scope, name)] = (data, self._clock.now())

    async def get(self, scope: TenantContext, name: str) -> bytes | None:
        """See `ObjectStore.get`."""
        stored = self._objects.get(object_path(scope, name))
        return stored[0] if stored else None

    async def expire(self, before: datetime) -> int:
        """See `ObjectStore.expire`."""
        old = [path for path, (_, stored_at) in self._objects.items() if stored_at < before]
        for path in old:
            del self._objects[path]
        return len(old)

    async def erase(self, scope: TenantContext, concerns: Callable[[bytes], bool]) -> int:
        """See `ObjectStore.erase`."""
        folder = folder_path(scope)
        gone = [path for path, (data, _) in self._objects.items() if path.startswith(folder) and concerns(data)]
        for path in gone:
            del self._objects[path]
        return len(gone)

    async def link(self, scope: TenantContext, name: str, *, expires_at: datetime) -> str:
        """See `ObjectStore.link`."""
        check_expiry(self._clock.now(), expires_at)
        address = f"memory:{token_urlsafe(16)}"
        self._links[address] = (object_path(scope, name), expires_at)
        return address

    async def open(self, address: str) -> bytes | None:
        """The object a link serves until it expires, then None."""
        path, expires_at = self._links.get(address, ("", self._clock.now()))
        if self._clock.now() >= expires_at or path not in self._objects:
            return None
        return self._objects[path][0]
