"""Engines that go away under a running instance: it says so, takes no harm, and goes on without a person.

Each time the shop goes on sending; what was acknowledged is counted once at the end.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from deploy.local.instance_process import InstanceProcess, running
from file_import.webhooks import Delivery, headers
from tests.builders.chaos_shop import SHOP, Client, counted, deliveries_of, make_brand
from tests.builders.small_disk import small_disk
from tests.builders.transactions import trading_days, write_transactions

SEED = 20110302
INVOICES = 60
SOON = 50.0
DISK = "400m"
pytestmark = pytest.mark.instance


async def readyz(instance: InstanceProcess) -> tuple[int, list[str]]:
    """The status of `/readyz` and the reasons it names."""
    async with httpx.AsyncClient(trust_env=False) as http:
        response = await http.get(f"{instance.access.address}/readyz", timeout=10)
    return response.status_code, [fault["reason"] for fault in response.json()["faults"]]


async def until_said(instance: InstanceProcess, *expected: str) -> None:
    """Wait until `/readyz` is 503 for one of these reasons."""
    async with asyncio.timeout(SOON):
        while True:
            with suppress(httpx.ConnectError):  # it does not listen yet
                status, reasons = await readyz(instance)
                if status == 503 and set(expected) & set(reasons):
                    return
            await asyncio.sleep(0.02)


async def refusal(instance: InstanceProcess, delivery: Delivery) -> httpx.Response:
    """The first answer to a delivery that is no acknowledgement."""
    signed = headers(delivery, SHOP, instance.access.shopify_secret)
    async with asyncio.timeout(SOON), httpx.AsyncClient(base_url=instance.access.address, trust_env=False) as http:
        while True:
            response = await http.post("/webhooks/shopify", content=delivery.body, headers=signed, timeout=10)
            if not response.is_success:
                return response


async def command(instance: InstanceProcess, name: str) -> tuple[int, dict[str, Any]]:
    """The exit code and the answer of `pulsepoint NAME --json`."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "deploy.cli.main", name, "--json"),
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PULSEPOINT_HOME": str(instance.home)},
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, orjson.loads(output)


@asynccontextmanager
async def trading(home: Path, folder: Path) -> AsyncIterator[tuple[InstanceProcess, Client, list[Delivery]]]:
    """A running instance with the shop's brand, and the deliveries there are; at the end each is counted once."""
    deliveries = list(deliveries_of(write_transactions(folder / "sales.csv", trading_days(SEED, INVOICES))))
    instance = InstanceProcess(home)
    async with running(instance):
        await make_brand(instance)
        client = Client(instance)
        yield instance, client, deliveries
        await instance.ready()
        await instance.idle(SOON)
        assert (await readyz(instance)) == (200, [])
        assert Counter(client.acknowledged) == Counter(deliveries)
    assert counted(instance) == {orjson.loads(delivery.body)["id"] for delivery in deliveries}


async def test_postgresql_killed_is_said_and_started_again(tmp_path: Path) -> None:
    async with trading(tmp_path / "home", tmp_path) as (instance, client, deliveries):
        sending = client.send(deliveries)
        await client.reached(len(deliveries) // 3)
        os.kill(int((instance.home / "postgres" / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)
        refused, _ = await asyncio.gather(refusal(instance, deliveries[0]), until_said(instance, "postgresql_gone"))
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
        await sending


def fill(path: Path) -> None:
    """Write until nothing more fits."""
    with path.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(65_536))


async def test_a_full_disk_is_said_and_work_goes_on_when_there_is_room(tmp_path: Path) -> None:
    with small_disk(DISK) as disk:
        if disk is None:
            return  # what can be seen without a disk of one's own is in tests/integration/postgres/test_supervision.py
        async with trading(disk / "home", tmp_path) as (instance, client, deliveries):
            sending = client.send(deliveries)
            await client.reached(len(deliveries) // 3)
            fill(disk / "filler")
            await until_said(instance, "disk_full")
            refused = await refusal(instance, deliveries[0])
            assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
            code, said = await command(instance, "doctor")
            assert code == 1
            assert "disk full" in {finding["subject"] for finding in said["findings"]}
            (disk / "filler").unlink()
            await sending


WAREHOUSE = "warehouse.duckdb"
LOSSES: dict[str, Callable[[Path], None]] = {
    "deleted": lambda home: (home / WAREHOUSE).unlink(),
    "truncated": lambda home: os.truncate(home / WAREHOUSE, (home / WAREHOUSE).stat().st_size // 2),
    "without its log": lambda home: (home / f"{WAREHOUSE}.wal").unlink(),
    "with half of its log": lambda home: os.truncate(
        home / f"{WAREHOUSE}.wal", (home / f"{WAREHOUSE}.wal").stat().st_size // 2
    ),
}


@pytest.mark.parametrize("loss", LOSSES)
async def test_a_warehouse_lost_between_two_starts_is_made_anew(tmp_path: Path, loss: str) -> None:
    async with trading(tmp_path / "home", tmp_path) as (instance, client, deliveries):
        await client.send(deliveries[::2])
        await instance.idle(SOON)
        instance.kill()
        LOSSES[loss](instance.home)
        instance.start()
        await instance.ready()
        await client.send(deliveries[1::2])


async def test_a_warehouse_lost_under_a_running_instance_is_made_anew_to_the_same_state(tmp_path: Path) -> None:
    async with trading(tmp_path / "home", tmp_path) as (instance, client, deliveries):
        await client.send(deliveries)
        await instance.idle(SOON)
        before = await state(instance)
        (instance.home / WAREHOUSE).unlink()
        await until_said(instance, "warehouse_rebuilding", "warehouse_failed")
        await instance.ready()
        assert await state(instance) == before


async def test_a_warehouse_lost_with_its_archive_is_said_and_never_begun_empty(tmp_path: Path) -> None:
    async with trading(tmp_path / "home", tmp_path) as (instance, client, deliveries):
        await client.send(deliveries[::2])
        await instance.idle(SOON)
        instance.kill()
        kept = tmp_path / "kept"
        (instance.home / "archive").rename(kept)
        for name in (WAREHOUSE, f"{WAREHOUSE}.wal"):
            (instance.home / name).unlink(missing_ok=True)
        instance.start()
        await until_said(instance, "warehouse_lost")
        _, report = await command(instance, "doctor")
        assert "warehouse lost" in {finding["subject"] for finding in report["findings"]}
        shutil.rmtree(instance.home / "archive")
        kept.rename(instance.home / "archive")
        await instance.ready()
        await client.send(deliveries[1::2])


async def state(instance: InstanceProcess) -> str:
    """The hash that `pulsepoint verify` prints, once it has found nothing wrong."""
    _, report = await command(instance, "verify")
    assert report["ok"]
    [brand] = report["brands"]
    return str(brand["state"]["sha256"])
