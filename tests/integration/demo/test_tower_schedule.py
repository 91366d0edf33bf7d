"""The tower of one machine keeps the schedule itself: a task crosses into the gateway and from there to who works."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from deploy.single_node.settings import TowerSettings
from deploy.single_node.tower import Tower, open_tower
from pulsepoint.ports.document_store import Commit, Document, Transaction
from pulsepoint.tenancy import SYSTEM, TenantContext
from tests.builders.demo_tower import until
from tests.builders.ledger import brand_body

DUE = datetime(2026, 3, 1, 2, tzinfo=UTC)


@pytest.fixture
async def tower(tmp_path: Path) -> AsyncIterator[Tower]:
    async with open_tower(TowerSettings(home=tmp_path / "home", demo=False)) as tower:
        yield tower


async def new_brand(tower: Tower) -> TenantContext:
    async with tower.client() as client:
        email, password = tower.login
        told = (await client.post("/api/auth/token", json={"email": email, "password": password})).json()
        client.headers["authorization"] = f"Bearer {told['access_token']}"
        brand_id = UUID((await client.post("/api/brands", json=brand_body())).json()["brand_id"])
    runtime = tower.apps["gateway"].runtime
    assert runtime is not None
    scopes: list[TenantContext] = await runtime.ports.directory.active_brands(after=SYSTEM, limit=10)
    [scope] = scopes
    assert scope.brand_id == brand_id
    return scope


async def assessed(tower: Tower, scope: TenantContext, *, after: int) -> int:
    """The version of the brand's assessment, once it is above `after`."""
    store, found = tower.engines.store("inventory-intel"), list[Document | None]()

    async def look(transaction: Transaction) -> Commit:
        found.append(await transaction.get("assessments", "stock"))
        return Commit()

    async def newer() -> int | None:
        await store.transact(scope, look)
        last = found[-1]
        return last.version if last is not None and last.version > after else None

    return int(await until(newer, f"an assessment after number {after}", 60))


async def test_the_tower_asks_and_stock_is_judged_though_nothing_happened(tower: Tower) -> None:
    assert "schedule" in {task.get_name() for task in asyncio.all_tasks()}
    scope = await new_brand(tower)
    first = await assessed(tower, scope, after=0)
    assert await tower.ask("analysis", DUE) == 204
    second = await assessed(tower, scope, after=first)
    assert await tower.ask("analysis", DUE + timedelta(hours=24)) == 204
    assert await assessed(tower, scope, after=second) > second
    assert await tower.ask("nothing", DUE) == 404


async def test_nobody_asks_the_tower_for_tasks_from_outside(tower: Tower) -> None:
    async with tower.client() as client:
        assert (await client.post("/tasks/analysis")).status_code == 404
