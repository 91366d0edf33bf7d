"""What every `ObjectStore` does. Subclasses give a fixture `objects` and `opened(link) -> bytes | None`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from uuid import uuid4

import pytest

from pulsepoint.adapters.memory.clock import FixedClock
from pulsepoint.ports.object_store import ObjectStore
from pulsepoint.tenancy import TenantContext

Opened = Callable[[str], Awaitable[bytes | None]]


class ObjectStoreSuite:
    """Subclassed once for each adapter."""

    @pytest.fixture
    def clock(self) -> FixedClock:
        return FixedClock()

    @pytest.fixture
    def scope(self) -> TenantContext:
        return TenantContext(uuid4(), uuid4())

    async def test_an_object_is_read_as_stored(self, objects: ObjectStore, scope: TenantContext) -> None:
        assert await objects.get(scope, "exports/1.csv") is None
        await objects.put(scope, "exports/1.csv", b"old", content_type="text/csv")
        await objects.put(scope, "exports/1.csv", b"\x00new", content_type="text/csv")
        assert await objects.get(scope, "exports/1.csv") == b"\x00new"

    async def test_objects_of_others_are_absent(self, objects: ObjectStore, scope: TenantContext) -> None:
        await objects.put(scope, "1", b"mine", content_type="text/csv")
        assert await objects.get(TenantContext(scope.tenant_id, uuid4()), "1") is None
        assert await objects.get(TenantContext(uuid4(), scope.brand_id), "1") is None

    async def test_a_link_serves_until_it_expires(
        self, objects: ObjectStore, scope: TenantContext, clock: FixedClock, opened: Opened
    ) -> None:
        await objects.put(scope, "1", b"content", content_type="text/csv")
        link = await objects.link(scope, "1", expires_at=clock.now() + timedelta(minutes=5))
        clock.advance(minutes=4)
        assert await opened(link) == b"content"
        assert await opened(link[:-2]) is None
        clock.advance(minutes=1)
        assert await opened(link) is None
