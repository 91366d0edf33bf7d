"""An instance of one machine keeps the schedule itself: a task crosses into the gateway and on to who works."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from deploy.local.instance import Instance, open_instance
from deploy.local.settings import InstanceSettings
from pulsepoint.ports.document_store import Commit, Document, Transaction
from pulsepoint.tenancy import SYSTEM, TenantContext
from tests.builders.demo_instance import until
from tests.builders.identity_store import brand_body

DUE = datetime(2026, 3, 1, 2, tzinfo=UTC)


@pytest.fixture
async def instance(tmp_path: Path) -> AsyncIterator[Instance]:
    async with open_instance(InstanceSettings(home=tmp_path / "home", demo=False)) as instance:
        yield instance


async def new_brand(instance: Instance) -> TenantContext:
    async with instance.client() as client:
        email, password = instance.login
        token = (await client.post("/api/auth/token", json={"email": email, "password": password})).json()
        client.headers["authorization"] = f"Bearer {token['access_token']}"
        brand_id = UUID((await client.post("/api/brands", json=brand_body())).json()["brand_id"])
    runtime = instance.apps["gateway"].runtime
    assert runtime is not None
    scopes: list[TenantContext] = await runtime.ports.directory.active_brands(after=SYSTEM, limit=10)
    [scope] = scopes
    assert scope.brand_id == brand_id
    return scope


async def assessed(instance: Instance, scope: TenantContext, *, after: int) -> int:
    """The version of the brand's assessment, once it is above `after`."""
    store, documents = instance.engines.store("inventory-intel"), list[Document | None]()

    async def look(transaction: Transaction) -> Commit:
        documents.append(await transaction.get("assessments", "stock"))
        return Commit()

    async def newer() -> int | None:
        await store.transact(scope, look)
        last = documents[-1]
        return last.version if last is not None and last.version > after else None

    return int(await until(newer, f"an assessment after number {after}", 60))


async def test_the_instance_asks_and_stock_is_judged_though_nothing_happened(instance: Instance) -> None:
    assert "schedule" in {task.get_name() for task in asyncio.all_tasks()}
    scope = await new_brand(instance)
    first = await assessed(instance, scope, after=0)
    assert await instance.ask("analysis", DUE) == 204
    second = await assessed(instance, scope, after=first)
    assert await instance.ask("analysis", DUE + timedelta(hours=24)) == 204
    assert await assessed(instance, scope, after=second) > second
    assert await instance.ask("nothing", DUE) == 404


async def test_nobody_asks_the_instance_for_tasks_from_outside(instance: Instance) -> None:
    async with instance.client() as client:
        assert (await client.post("/tasks/analysis")).status_code == 404
