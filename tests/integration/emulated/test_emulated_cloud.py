"""The emulated cloud as a whole, started once: a trace through all processes, kills, SIGTERM, and equal reports."""

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

import duckdb
import httpx
import pytest
import pytest_asyncio

from deploy.cli.home import NoInstance
from deploy.cli.instance_client import InstanceRefused, open_client
from deploy.cli.progress import Progress
from deploy.cli.replay_check import EMULATED_SCENARIOS, compare, dead_letters, net_revenue, oracle, part_of
from deploy.emulated.instance_process import EmulatedProcess
from deploy.emulated.kills import killing
from deploy.local.instance_process import ROOT, InstanceFailed, InstanceProcess, running, running_instance
from pulsepoint.events.catalog import SERVICES
from sandbox.ad_stubs.ads import app as ads_app
from tests.builders import slack_chain
from tests.builders.equal_reports import canonical
from tests.builders.length import by_length
from tests.builders.replays import deliveries_of, disturbed, make_brand, send
from tests.builders.stubs import SlackInbox, serving
from tests.builders.transactions import trading_days, write_transactions

SHOP = "emulated.myshopify.com"
SEED = 20110301
INVOICES = 160
FEW_INVOICES = 50
PATIENCE = 300.0
pytestmark = pytest.mark.instance


@dataclass(frozen=True, slots=True)
class Running:
    """The cloud, and what it reaches outside."""

    instance: EmulatedProcess
    inbox: SlackInbox
    slack: str


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def cloud(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    inbox = SlackInbox()
    async with serving(inbox.app) as slack, serving(ads_app()) as ads:
        instance = EmulatedProcess(tmp_path_factory.mktemp("cloud"), slack_chain.environment(ads))
        try:
            async with running(instance):
                yield Running(instance, inbox, slack)
        except InstanceFailed as failed:
            if "did not start: install" in str(failed):
                pytest.skip(str(failed))
            raise


@pytest.fixture(scope="module")
def sales(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A month or so of a small shop: orders, refunds, cancellations, two equal lines, rows without a price."""
    return write_transactions(tmp_path_factory.mktemp("sales") / "sales.csv", trading_days(SEED, INVOICES))


async def test_a_trace_crosses_all_processes(cloud: Running) -> None:
    await slack_chain.follow(cloud.instance, cloud.slack, cloud.inbox)


async def test_nobody_pushes_without_a_token(cloud: Running) -> None:
    async with httpx.AsyncClient(trust_env=False) as http:
        for name in SERVICES:
            address = f"http://127.0.0.1:{cloud.instance.service(name).port}"
            for path in (f"/push/{name}.orders", f"/push/{name}.dead-letters", "/tasks/sweep"):
                assert (await http.post(f"{address}{path}", content=b"{}")).status_code == 401
                assert (await http.post(f"{cloud.instance.access.address}{path}", content=b"{}")).status_code == 404


async def test_kills_lose_nothing_and_count_nothing_twice(cloud: Running, sales: Path) -> None:
    instance = cloud.instance
    await make_brand(instance, SHOP)
    deliveries = deliveries_of(sales, SHOP)
    stream = [*disturbed(deliveries, 11), *disturbed(deliveries, 12)]
    async with killing(instance, SEED) as killed:
        assert await send(instance, stream, SHOP) == len(stream)
        await counted(instance, sales)
    await instance.idle(PATIENCE)
    print(f"\n{len(stream)} deliveries of {len(deliveries)}; killed {len(killed)} times: {', '.join(killed)}")
    assert len(killed) >= 3
    assert await net_revenue(instance, sorted(oracle(sales)), SHOP) == oracle(sales)
    for letter in await dead_letters(instance):
        assert letter["explanation"] and letter["attempts"] > 0
        print("dead letter:", letter)


@pytest.mark.real_data
async def test_real_orders_add_up_while_services_die(cloud: Running, real_data: Path, tmp_path: Path) -> None:
    month = part_of(real_data / "transactions" / "uci_online_retail_2010-12_to_2011-08.parquet", "2011-02", tmp_path)
    part = first_days(month, 5, tmp_path)
    path, revenue = by_length((part, oracle(part)["2011-02"]), (month, 49806265))
    scenario = EMULATED_SCENARIOS[-1]
    assert scenario.kills
    compared = await compare(
        cloud.instance, path, scenario, Progress(quiet=True), seconds=PATIENCE, shop="february.myshopify.com"
    )
    assert [(each.month, each.counted) for each in compared] == [("2011-02", revenue)]
    assert all(letter["explanation"] for letter in await dead_letters(cloud.instance))


def first_days(month: Path, days: int, directory: Path) -> Path:
    """A copy in `directory` of the rows of a month's first days."""
    part = directory / "days.parquet"
    rows = "SELECT * FROM read_parquet(?) WHERE day(InvoiceDate) <= ?"
    duckdb.execute(f"COPY ({rows}) TO '{part}' (FORMAT parquet)", [str(month), days])
    return part


async def test_a_service_told_to_end_drains_and_loses_nothing(cloud: Running, tmp_path: Path) -> None:
    """SIGTERM to each service while orders of a second shop come in; Cloud Run would wait for ten seconds."""
    instance, shop = cloud.instance, "drained.myshopify.com"
    sales = write_transactions(tmp_path / "few.csv", trading_days(SEED, FEW_INVOICES))
    await make_brand(instance, shop)
    sending = asyncio.create_task(send(instance, disturbed(deliveries_of(sales, shop), 13), shop))
    await asyncio.gather(*(restarted(instance, name) for name in SERVICES))
    await sending
    await counted(instance, sales, shop)
    await instance.idle(PATIENCE)
    assert await net_revenue(instance, sorted(oracle(sales)), shop) == oracle(sales)
    assert drains(instance) >= set(SERVICES), "a service was cut off before its work was done"


async def restarted(instance: EmulatedProcess, name: str) -> None:
    before = instance.service(name)
    print(f"{name} ended {await instance.end_service(name):.1f} s after SIGTERM")
    await instance.up_again(name, before)


def drains(instance: EmulatedProcess) -> set[str]:
    """The services that said that they drained with nothing cut off."""
    drained = set()
    for name in SERVICES:
        for line in (instance.own_home / "logs" / f"{name}.log").read_text().splitlines():
            if '"service.drained"' in line and json.loads(line)["cut"] == []:
                drained.add(name)
    return drained


async def test_both_profiles_give_the_same_reports(cloud: Running, sales: Path, tmp_path: Path) -> None:
    async with running_instance(tmp_path / "single") as single:
        await make_brand(single, SHOP)
        await send(single, deliveries_of(sales, SHOP), SHOP)
        await counted(single, sales)
        await single.idle(PATIENCE)
        ours, theirs = await reports(cloud.instance), await reports(single)
    for name, report in theirs.items():
        assert ours[name] == report, name


async def test_the_command_line_verifies_the_cloud(cloud: Running) -> None:
    verified = await command(cloud.instance, "verify", "--shop", SHOP)
    assert verified["ok"], verified
    assert "findings" in await command(cloud.instance, "doctor")


async def counted(instance: InstanceProcess, sales: Path, shop: str = SHOP) -> None:
    """Wait until the instance's totals are the file's; while services die the API may not answer."""
    expected, revenue = oracle(sales), dict[str, int]()
    async with asyncio.timeout(PATIENCE):
        while revenue != expected:
            await asyncio.sleep(2)  # the API lets one address ask a hundred times a minute
            try:
                revenue = await net_revenue(instance, sorted(expected), shop)
            except (InstanceRefused, NoInstance, AssertionError):
                continue


DAYS = {"start_date": "2011-03-01", "end_date": "2011-04-30"}
REPORTS: dict[str, tuple[str, dict[str, str]]] = {
    "dashboard": ("dashboard", DAYS),
    "by month": ("performance", {**DAYS, "metrics": "net_revenue,orders", "by": "month"}),
    "by channel": (
        "performance",
        {**DAYS, "metrics": "attributed_revenue,attributed_orders,unattributed_revenue", "by": "channel"},
    ),
    "by day": ("performance", {**DAYS, "metrics": "net_revenue", "by": "day"}),
    "orders": ("orders", {"limit": "200"}),
    "alerts": ("alerts", {}),
    "recommendations": ("recommendations", {}),
    "books": ("books", {}),
    "verification": ("verify", {}),
}


async def reports(instance: InstanceProcess) -> dict[str, str]:
    """What people are shown about the shop, as comparable JSON by name."""
    async with open_client(instance.access) as client:
        await client.log_in()
        brand = await client.brand_of(SHOP)
        assert brand is not None
        path = f"/api/brands/{brand.brand_id}"
        return {
            name: canonical(await client.read(f"{path}/{part}", **params), brand.brand_id)
            for name, (part, params) in REPORTS.items()
        }


async def command(instance: InstanceProcess, *arguments: str) -> dict[str, Any]:
    """What `pulsepoint … --json` prints."""
    environment = {
        **os.environ,
        "PULSEPOINT_HOME": str(instance.own_home),
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
    }
    program = [sys.executable, "-m", "deploy.cli.main", *arguments, "--json"]
    done = await asyncio.to_thread(
        subprocess.run, program, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=PATIENCE
    )
    assert done.stderr == "", done.stdout + done.stderr
    payload: dict[str, Any] = json.loads(done.stdout)
    return payload
