"""`pulsepoint backup` of an instance whose orders flow, `pulsepoint restore` into an empty home, and the same books."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
import pytest_asyncio

from deploy.cli.instance_client import open_client
from deploy.local.instance_process import ROOT, InstanceProcess, running, running_instance
from file_import.webhooks import Delivery
from tests.builders.chaos_shop import Client, counted, deliveries_of, make_brand
from tests.builders.small_disk import small_disk
from tests.builders.transactions import trading_days, write_transactions
from tests.upgrade.figures import without_fact_ids

SECONDS = 180.0
SEED = 20110302
DAYS = {"start_date": "2011-01-01", "end_date": "2011-04-30"}
pytestmark = pytest.mark.instance


def pulsepoint(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "deploy.cli.main", *arguments],
        cwd=ROOT,
        env={**os.environ, "PULSEPOINT_HOME": str(home), "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


async def report(home: Path, *arguments: str) -> dict[str, Any]:
    """The JSON of a command that must end well."""
    done = await asyncio.to_thread(pulsepoint, home, *arguments, "--json")
    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


async def figures(instance: InstanceProcess) -> dict[str, Any]:
    """What the dashboard shows of the brand, and the state that verifies."""
    await instance.idle(SECONDS)
    [brand] = (await report(instance.home, "verify"))["brands"]
    async with open_client(instance.access) as client:
        await client.log_in()
        dashboard = await client.read(f"/api/brands/{brand['brand']['brand_id']}/dashboard", **DAYS)
    shown = without_fact_ids([dashboard["summary"], dashboard["performance_snapshot"]])
    return {"state": brand["state"], "shown": shown}


@dataclass
class Backups:
    """One while orders flowed with what was acknowledged before it, one at rest with its figures, and of all orders."""

    early: Path
    acknowledged: list[Delivery]
    at_rest: Path
    then: dict[str, Any]
    deliveries: list[Delivery]
    later: dict[str, Any]
    home: Path


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def backups(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Backups]:
    folder = tmp_path_factory.mktemp("backups")
    early, at_rest = folder / "early.tar", folder / "rest.tar"
    deliveries = list(deliveries_of(write_transactions(folder / "sales.csv", trading_days(SEED, 80))))
    async with running_instance(folder / "home") as instance:
        await make_brand(instance)
        client = Client(instance)
        sending = client.send(deliveries[: len(deliveries) * 3 // 4])
        await client.reached(len(deliveries) // 4)
        acknowledged = list(client.acknowledged)
        await report(instance.home, "backup", str(early))
        await sending
        then = await figures(instance)
        await report(instance.home, "backup", str(at_rest))
        await client.send(deliveries)
        later = await figures(instance)
    yield Backups(early, acknowledged, at_rest, then, deliveries, later, folder / "home")


async def test_a_backup_at_rest_restores_to_the_same_figures(backups: Backups, tmp_path: Path) -> None:
    assert backups.then != backups.later
    assert backups.at_rest.stat().st_mode & 0o777 == 0o600
    await report(tmp_path / "home", "restore", str(backups.at_rest))
    async with running_instance(tmp_path / "home") as instance:
        assert await figures(instance) == backups.then


async def test_a_backup_under_way_holds_what_was_acknowledged_and_takes_the_rest_again(
    backups: Backups, tmp_path: Path
) -> None:
    await report(tmp_path / "home", "restore", str(backups.early))
    instance = InstanceProcess(tmp_path / "home")
    async with running(instance):
        await figures(instance)
    before = {orjson.loads(delivery.body)["id"] for delivery in backups.acknowledged}
    assert before <= counted(instance)
    async with running(instance):
        await Client(instance).send(backups.deliveries)
        assert await figures(instance) == backups.later


async def test_an_instance_that_is_down_is_backed_up_and_its_password_still_lets_in(
    backups: Backups, tmp_path: Path
) -> None:
    await report(backups.home, "backup", str(tmp_path / "down.tar"))
    await report(tmp_path / "home", "restore", str(tmp_path / "down.tar"))
    async with running_instance(tmp_path / "home") as instance:
        assert instance.access.password == json.loads((backups.home / "tower.json").read_bytes())["admin_password"]
        assert await figures(instance) == backups.later
        async with httpx.AsyncClient(trust_env=False) as http:
            assert (await http.get(f"{instance.access.address}/readyz")).json()["faults"] == []


def test_only_an_empty_home_takes_a_whole_file(backups: Backups, tmp_path: Path) -> None:
    refused = pulsepoint(backups.home, "restore", str(backups.at_rest))
    assert refused.returncode == 1
    assert "is not empty (archive, " in refused.stderr and "Set PULSEPOINT_HOME to another folder" in refused.stderr
    cut = tmp_path / "cut.tar"
    cut.write_bytes(backups.at_rest.read_bytes()[:-30_000])
    refused = pulsepoint(tmp_path / "home", "restore", str(cut))
    assert (refused.returncode, (tmp_path / "home").exists()) == (1, False)
    assert "is cut off or was changed" in refused.stderr
    taken = pulsepoint(backups.home, "backup", str(cut))
    assert (taken.returncode, "is there already" in taken.stderr) == (1, True)


def test_a_disk_that_is_too_small_is_said_and_nothing_half_made_stays(backups: Backups) -> None:
    with small_disk("300k") as disk:
        if disk is None:
            return  # this user may mount none
        for arguments in (("backup", str(disk / "copy.tar")), ("restore", str(backups.at_rest))):
            home = backups.home if arguments[0] == "backup" else disk / "home"
            refused = pulsepoint(home, *arguments)
            assert refused.returncode == 1
            assert "the disk is full" in refused.stderr or "make room" in refused.stderr
        assert {path.name for path in disk.rglob("*")} <= {"home", "tower.lock"}


def test_the_command_says_that_the_file_holds_secrets(backups: Backups, tmp_path: Path) -> None:
    done = pulsepoint(backups.home, "backup", str(tmp_path / "said.tar"))
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Backed up ")
    assert "It holds the instance's secrets" in done.stdout
