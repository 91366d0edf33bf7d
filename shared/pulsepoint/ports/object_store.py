"""Objects of any size: payloads too large for a message."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from pulsepoint.tenancy import TenantContext


class ObjectStore(Protocol):
    """Objects of a tenant, handed out by signed links that expire.

    Names are letters, digits, `.`, `_` and `-` between slashes, at most 500 characters; others raise `MalformedInput`.
    """

    async def put(self, scope: TenantContext, name: str, data: bytes, *, content_type: str) -> None:
        """Store an object in place of the one of that name; raises `MalformedInput` for a name that is none."""
        ...

    async def get(self, scope: TenantContext, name: str) -> bytes | None:
        """An object's bytes, or None."""
        ...

    async def expire(self, before: datetime) -> int:
        """Drop objects of every tenant stored before a moment, where the engine does not by itself; how many.

        An engine that was away itself waits a day first: whoever needs them may have been away as well.
        """
        ...

    async def erase(self, scope: TenantContext, concerns: Callable[[bytes], bool]) -> int:
        """Drop the objects of a brand whose bytes `concerns` is true of; how many. Raises `EngineUnavailable`."""
        ...

    async def link(self, scope: TenantContext, name: str, *, expires_at: datetime) -> str:
        """A URL that serves the object until `expires_at`.

        Raises `MalformedInput` when that has passed, `LimitExceeded` when it is more than seven days ahead.
        """
        ...
