from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
import pytest_asyncio

from pulsepoint.adapters.local_objects import LocalObjectStore, StoredObject, open_local_objects
from pulsepoint.adapters.memory.clock import FixedClock
from pulsepoint.adapters.memory.secret_store import MemorySecretStore
from pulsepoint.errors import EngineUnavailable
from pulsepoint.tenancy import TenantContext
from tests.contract.suites.object_store import ObjectStoreSuite, Opened

URL = "https://tower.example"


@pytest.fixture
def secrets() -> MemorySecretStore:
    return MemorySecretStore()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "objects"


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


async def served(objects: LocalObjectStore, link: str) -> StoredObject | None:
    parts = urlsplit(link)
    assert f"{parts.scheme}://{parts.netloc}" == URL
    return await objects.opened(parts.path, parts.query)


class TestLocalObjectStore(ObjectStoreSuite):
    @pytest_asyncio.fixture
    async def objects(
        self, folder: Path, secrets: MemorySecretStore, clock: FixedClock
    ) -> AsyncIterator[LocalObjectStore]:
        async with open_local_objects(folder, secrets, clock, public_url=f"{URL}/") as objects:
            yield objects

    @pytest.fixture
    def opened(self, objects: LocalObjectStore) -> Opened:
        async def opened(link: str) -> bytes | None:
            answer = await served(objects, link)
            return answer.data if answer else None

        return opened

    async def test_nothing_expires_on_the_day_a_machine_was_switched_on_again(
        self,
        objects: LocalObjectStore,
        scope: TenantContext,
        clock: FixedClock,
        folder: Path,
        secrets: MemorySecretStore,
    ) -> None:
        await objects.put(scope, "1", b"waits", content_type="text/csv")
        clock.advance(days=400)
        async with open_local_objects(folder, secrets, clock, public_url=URL) as again:
            assert await again.expire(clock.now() - timedelta(days=32)) == 0
            clock.advance(days=1)
            assert await again.expire(clock.now() - timedelta(days=32)) == 1

    async def test_a_link_tells_type_and_name(
        self, objects: LocalObjectStore, scope: TenantContext, clock: FixedClock
    ) -> None:
        await objects.put(scope, "exports/may.csv", b"a,b\n1,2\n", content_type="text/csv")
        link = await objects.link(scope, "exports/may.csv", expires_at=clock.now() + timedelta(minutes=5))
        assert await served(objects, link) == StoredObject(b"a,b\n1,2\n", "text/csv", "may.csv")

    async def test_no_part_of_a_link_can_be_changed(
        self, objects: LocalObjectStore, scope: TenantContext, clock: FixedClock
    ) -> None:
        other = TenantContext(uuid4(), scope.brand_id)
        for owner in (scope, other):
            await objects.put(owner, "1", b"data", content_type="text/csv")
            await objects.put(owner, "2", b"data", content_type="text/csv")
        expires = int((clock.now() + timedelta(minutes=5)).timestamp())
        link = await objects.link(scope, "1", expires_at=clock.now() + timedelta(minutes=5))
        changes = {
            str(scope.tenant_id): str(other.tenant_id),
            "/1?": "/2?",
            f"expires={expires}": f"expires={expires + 60}",
            "signature=": "signature=0",
            "&signature": "&other",
        }
        assert await served(objects, link) is not None
        for part, change in changes.items():
            assert part in link
            assert await served(objects, link.replace(part, change)) is None

    async def test_a_link_outlives_the_process_but_not_the_key(
        self,
        objects: LocalObjectStore,
        folder: Path,
        secrets: MemorySecretStore,
        scope: TenantContext,
        clock: FixedClock,
    ) -> None:
        await objects.put(scope, "1", b"data", content_type="text/csv")
        link = await objects.link(scope, "1", expires_at=clock.now() + timedelta(minutes=5))
        async with open_local_objects(folder, secrets, clock, public_url=URL) as again:
            assert await served(again, link) is not None
        async with open_local_objects(folder, MemorySecretStore(), clock, public_url=URL) as unmatched:
            assert await served(unmatched, link) is None

    async def test_rival_writers_leave_one_of_their_values_whole_and_nothing_else(
        self, objects: LocalObjectStore, folder: Path, scope: TenantContext
    ) -> None:
        values = [bytes([number]) * 100_000 for number in range(8)]
        await asyncio.gather(*(objects.put(scope, "1", value, content_type="text/csv") for value in values))
        assert await objects.get(scope, "1") in values
        assert len(files(folder)) == 1

    async def test_a_folder_that_cannot_be_written_is_an_engine_unavailable(
        self, clock: FixedClock, scope: TenantContext
    ) -> None:
        objects = LocalObjectStore(Path(__file__), b"key", clock, public_url=URL)
        with pytest.raises(EngineUnavailable):
            await objects.put(scope, "1", b"data", content_type="text/csv")
        with pytest.raises(EngineUnavailable):
            await objects.get(scope, "1")
