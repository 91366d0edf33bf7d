"""`kill -9` at each crash hook and at seeded random moments while orders come in: nothing acknowledged is lost.

One home for all of it. The client sends slice after slice and repeats what was not acknowledged; the instance dies
in the middle of each slice and starts again over what it left.
"""

from __future__ import annotations

import asyncio
import signal
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from random import Random

import duckdb
import orjson
import pytest

from deploy.cli.replay_check import net_revenue, oracle
from deploy.local.instance_process import InstanceProcess
from file_import.webhooks import Delivery
from pulsepoint.runtime.crash import POINTS
from tests.builders.chaos_shop import PATIENCE, SHOP, Client, counted, deliveries_of, make_brand, tenant_tables
from tests.builders.length import by_length
from tests.builders.transactions import trading_days, write_transactions

SEED = 20110301
RANDOM_KILLS = by_length(6, 20)
KILLS_BEFORE_READY = by_length(2, 4)
INVOICES = by_length(260, 600)
FACT_TABLES = ("orders", "order_lines", "refunds", "refund_lines", "credits")
pytestmark = pytest.mark.instance


def test_every_crash_hook_is_killed_at() -> None:
    assert POINTS == ("after_verify", "after_publish_raw", "after_commit", "after_append", "before_acknowledge")


async def test_kills_lose_nothing_and_count_nothing_twice(tmp_path: Path) -> None:
    path = write_transactions(tmp_path / "sales.csv", trading_days(SEED, INVOICES))
    deliveries = list(deliveries_of(path))
    instance = InstanceProcess(tmp_path / "home")
    instance.start()
    try:
        await instance.ready()
        await make_brand(instance)
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


async def _check(instance: InstanceProcess, client: Client, path: Path, deliveries: list[Delivery]) -> None:
    await instance.idle(PATIENCE)
    assert Counter(client.acknowledged) >= Counter(deliveries)
    assert await net_revenue(instance, sorted(oracle(path)), SHOP) == oracle(path)
    assert await instance.stop() == 0
    assert counted(instance) == {orjson.loads(delivery.body)["id"] for delivery in client.acknowledged}


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


def _facts(instance: InstanceProcess) -> dict[str, list[tuple[object, ...]]]:
    """Every fact with when it was recorded, of an instance that is stopped."""
    with duckdb.connect(instance.home / "warehouse.duckdb", read_only=True) as warehouse:
        return {
            table: warehouse.execute(
                f"SELECT fact_id, version, recorded_at FROM {tenant_tables(warehouse, table)} ORDER BY ALL"
            ).fetchall()
            for table in FACT_TABLES
        }
