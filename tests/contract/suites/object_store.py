"""The suite of every `ObjectStore`. Subclasses give a fixture `objects` and `opened(link) -> bytes | None`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from uuid import uuid4

import pytest

from pulsepoint.adapters.memory.clock import FixedClock
from pulsepoint.errors import LimitExceeded, MalformedInput
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

    async def test_of_a_brand_those_are_erased_whose_bytes_say_so(
        self, objects: ObjectStore, scope: TenantContext
    ) -> None:
        other = TenantContext(scope.tenant_id, uuid4())
        for owner in (scope, other):
            for name in ("payloads/ada", "payloads/bo"):
                await objects.put(owner, name, name.encode(), content_type="text/csv")
        assert await objects.erase(scope, lambda data: b"ada" in data) == 1
        assert await objects.get(scope, "payloads/ada") is None
        assert await objects.get(scope, "payloads/bo") == b"payloads/bo"
        assert await objects.get(other, "payloads/ada") == b"payloads/ada"
        assert await objects.erase(scope, lambda data: True) == 1
        assert await objects.erase(scope, lambda data: True) == 0

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

    async def test_a_link_is_for_one_object_and_one_time(
        self, objects: ObjectStore, scope: TenantContext, clock: FixedClock, opened: Opened
    ) -> None:
        for name in ("exports/1.csv", "exports/2.csv"):
            await objects.put(scope, name, name.encode(), content_type="text/csv")
        first = await objects.link(scope, "exports/1.csv", expires_at=clock.now() + timedelta(minutes=5))
        second = await objects.link(scope, "exports/2.csv", expires_at=clock.now() + timedelta(minutes=5))
        assert [await opened(first), await opened(second)] == [b"exports/1.csv", b"exports/2.csv"]
        assert await opened(await objects.link(scope, "3.csv", expires_at=clock.now() + timedelta(days=1))) is None
        with pytest.raises(MalformedInput):
            await objects.link(scope, "exports/1.csv", expires_at=clock.now())
        with pytest.raises(LimitExceeded):
            await objects.link(scope, "exports/1.csv", expires_at=clock.now() + timedelta(days=7, minutes=1))

    async def test_what_is_old_expires_for_every_tenant_and_what_is_new_stays(
        self, objects: ObjectStore, scope: TenantContext, clock: FixedClock
    ) -> None:
        other = TenantContext(uuid4(), uuid4())
        for owner in (scope, other):
            await objects.put(owner, "old", b"1", content_type="text/csv")
        clock.advance(days=40)
        await objects.put(scope, "new", b"2", content_type="text/csv")
        dropped = await objects.expire(clock.now() - timedelta(days=32))
        assert dropped == self.expired(2)
        assert [await objects.get(owner, "old") is None for owner in (scope, other)] == [bool(dropped)] * 2
        assert await objects.get(scope, "new") == b"2"

    def expired(self, old: int) -> int:
        """How many of the old objects the engine is expected to drop when it is asked to."""
        return old

    async def test_an_object_may_be_large_and_lie_below_another(
        self, objects: ObjectStore, scope: TenantContext
    ) -> None:
        large = bytes(range(256)) * 40_000
        await objects.put(scope, "a", b"", content_type="text/csv")
        await objects.put(scope, "a/b", large, content_type="application/octet-stream")
        assert await objects.get(scope, "a") == b""
        assert await objects.get(scope, "a/b") == large

    @pytest.mark.parametrize(
        "name", ["", "/a", "a/", "../a", "a/../b", "a//b", ".hidden", "a b", "a\n", "ä", "a" * 501]
    )
    async def test_a_name_that_could_leave_its_place_is_refused(
        self, objects: ObjectStore, scope: TenantContext, clock: FixedClock, name: str
    ) -> None:
        with pytest.raises(MalformedInput):
            await objects.put(scope, name, b"data", content_type="text/csv")
        with pytest.raises(MalformedInput):
            await objects.get(scope, name)
        with pytest.raises(MalformedInput):
            await objects.link(scope, name, expires_at=clock.now() + timedelta(minutes=5))
