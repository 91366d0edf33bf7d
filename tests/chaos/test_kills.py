"""`kill -9` at each crash hook and at twenty seeded random moments while orders come in: nothing acknowledged is lost.

One home for all of it. The client sends slice after slice and repeats what was not acknowledged; the instance dies
in the middle of each slice and starts again over what it left.
"""

from __future__ import annotations

import asyncio
import signal
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

import duckdb
import orjson
import pytest

from deploy.cli.instance_client import open_client
from deploy.cli.replay_check import net_revenue, oracle
from deploy.cli.sender import Pace, Target, send_all
from deploy.local.instance_process import InstanceProcess
from file_import.plan import clock_offset, open_plan
from file_import.webhooks import Delivery, first_delivery
from pulsepoint.runtime.crash import POINTS
from tests.builders.transactions import trading_days, write_transactions

SHOP = "chaos.myshopify.com"
SEED = 20110301
RANDOM_KILLS = 20
KILLS_BEFORE_READY = 4
INVOICES = 600
PATIENCE = 240.0
FACT_TABLES = ("orders", "order_lines", "refunds", "refund_lines", "credits")
pytestmark = pytest.mark.instance


class Client:
    """Sends slices to the instance and remembers what was acknowledged."""

    def __init__(self, instance: InstanceProcess) -> None:
        self.instance = instance
        self.acknowledged: list[Delivery] = []
        self._awaited = 0
        self._enough = asyncio.Event()

    def send(self, deliveries: list[Delivery]) -> asyncio.Task[object]:
        """Start sending a slice; each delivery is repeated until it is acknowledged."""
        access = self.instance.access
        target = Target(access.address, SHOP, access.shopify_secret)
        pace = Pace(concurrency=4, patience=PATIENCE)
        return asyncio.create_task(send_all(iter(deliveries), target, pace, on_acknowledged=self._remember))

    async def reached(self, count: int) -> None:
        """Wait until so many deliveries were acknowledged."""
        self._awaited = count
        if len(self.acknowledged) < count:
            self._enough.clear()
            await self._enough.wait()

    def _remember(self, delivery: Delivery) -> None:
        self.acknowledged.append(delivery)
        if len(self.acknowledged) >= self._awaited:
            self._enough.set()


def test_every_crash_hook_is_killed_at() -> None:
    assert POINTS == ("after_verify", "after_publish_raw", "after_commit", "after_append", "before_acknowledge")


async def test_twenty_five_kills_lose_nothing_and_count_nothing_twice(tmp_path: Path) -> None:
    path = write_transactions(tmp_path / "sales.csv", trading_days(SEED, INVOICES))
    deliveries = list(_deliveries(path))
    instance = InstanceProcess(tmp_path / "home")
    instance.start()
    try:
        await instance.ready()
        await _make_brand(instance)
        client = Client(instance)
        kills = _kills()
        for number, kill in enumerate(kills):
            part = deliveries[number :: len(kills)]
            await kill(client, part)
        await _check(instance, client, path, deliveries)
        await _second_pass_changes_nothing(instance, deliveries, path)
    finally:
        if not instance.running:
            instance.start()
            await instance.ready()
        await instance.stop()


Kill = Callable[[Client, list[Delivery]], Awaitable[None]]


def _kills() -> list[Kill]:
    chance = Random(SEED)
    kills: list[Kill] = [_at_hook(hook, chance.randrange(1, 12)) for hook in POINTS]
    kills += [_before_ready(chance.uniform(0.1, 3.0)) for _ in range(KILLS_BEFORE_READY)]
    kills += [_while_sending(chance.random(), chance.uniform(0, 0.4)) for _ in range(RANDOM_KILLS - KILLS_BEFORE_READY)]
    chance.shuffle(kills)
    return kills


def _at_hook(hook: str, passes: int) -> Kill:
    async def kill(client: Client, part: list[Delivery]) -> None:
        client.instance.kill()
        client.instance.start(PULSEPOINT_CRASH_AT=f"{hook}:{passes}")
        sending = client.send(part)
        assert await client.instance.ended(PATIENCE) == -signal.SIGKILL, f"{hook} was never passed"
        await _start_again(client.instance, sending)

    return kill


def _before_ready(delay: float) -> Kill:
    async def kill(client: Client, part: list[Delivery]) -> None:
        client.instance.kill()
        client.instance.start()
        sending = client.send(part)
        await asyncio.sleep(delay)
        client.instance.kill()
        await _start_again(client.instance, sending)

    return kill


def _while_sending(share: float, delay: float) -> Kill:
    async def kill(client: Client, part: list[Delivery]) -> None:
        before = len(client.acknowledged)
        sending = client.send(part)
        await client.reached(before + int(share * len(part)))
        await asyncio.sleep(delay)
        client.instance.kill()
        await _start_again(client.instance, sending)

    return kill


async def _start_again(instance: InstanceProcess, sending: asyncio.Task[object]) -> None:
    instance.start()
    await instance.ready()
    await sending


async def _make_brand(instance: InstanceProcess) -> None:
    async with open_client(instance.access) as client:
        await client.log_in()
        ends_at = datetime(2011, 5, 1, tzinfo=UTC)
        await client.make_brand(
            name="Chaos",
            shop=SHOP,
            currency="GBP",
            timezone="Europe/London",
            clock_offset_seconds=clock_offset(ends_at, datetime.now(UTC)),
        )


async def _check(instance: InstanceProcess, client: Client, path: Path, deliveries: list[Delivery]) -> None:
    await instance.idle(PATIENCE)
    assert Counter(client.acknowledged) >= Counter(deliveries)
    assert await net_revenue(instance, sorted(oracle(path)), SHOP) == oracle(path)
    assert await instance.stop() == 0
    assert _counted(instance) == {orjson.loads(delivery.body)["id"] for delivery in client.acknowledged}


async def _second_pass_changes_nothing(instance: InstanceProcess, deliveries: list[Delivery], path: Path) -> None:
    before = _facts(instance)
    instance.start()
    await instance.ready()
    again = Client(instance)
    await again.send(deliveries)
    await instance.idle(PATIENCE)
    assert len(again.acknowledged) == len(deliveries)
    assert await net_revenue(instance, sorted(oracle(path)), SHOP) == oracle(path)
    assert await instance.stop() == 0
    assert _facts(instance) == before


def _deliveries(path: Path) -> list[Delivery]:
    with open_plan(path, shop=SHOP, currency="GBP", zone=ZoneInfo("Europe/London")) as plan:
        return [first_delivery(webhook, SHOP) for webhook in plan.webhooks()]


def _tenant_tables(warehouse: duckdb.DuckDBPyConnection, table: str) -> str:
    [schema] = warehouse.execute(
        "SELECT table_schema FROM information_schema.tables"
        " WHERE table_name = ? AND table_schema LIKE 'pulsepoint_tenant_%'",
        [table],
    ).fetchall()
    return f'"{schema[0]}"."{table}"'


def _counted(instance: InstanceProcess) -> set[int]:
    """The ids of all orders and refunds in the warehouse of an instance that is stopped."""
    with duckdb.connect(instance.home / "warehouse.duckdb", read_only=True) as warehouse:
        orders = warehouse.execute(f"SELECT order_id FROM {_tenant_tables(warehouse, 'orders')}").fetchall()
        refunds = warehouse.execute(f"SELECT refund_id FROM {_tenant_tables(warehouse, 'refunds')}").fetchall()
    return {int(identity) for (identity,) in orders + refunds}


def _facts(instance: InstanceProcess) -> dict[str, list[tuple[object, ...]]]:
    """Every fact with when it was recorded, of an instance that is stopped."""
    with duckdb.connect(instance.home / "warehouse.duckdb", read_only=True) as warehouse:
        return {
            table: warehouse.execute(
                f"SELECT fact_id, version, recorded_at FROM {_tenant_tables(warehouse, table)} ORDER BY ALL"
            ).fetchall()
            for table in FACT_TABLES
        }
