"""The `pulsepoint` command against a real instance."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from deploy.cli.replay_check import oracle
from deploy.local.instance_process import ROOT, InstanceProcess, running_instance
from tests.builders.transactions import Line, trading_days, write_transactions

SHOP = "command.myshopify.com"
pytestmark = pytest.mark.instance


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def instance(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[InstanceProcess]:
    async with running_instance(tmp_path_factory.mktemp("command") / "home") as started:
        yield started


async def pulsepoint(instance: InstanceProcess, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "PULSEPOINT_HOME": str(instance.home),
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
    }
    return await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "deploy.cli.main", *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
    )


async def test_token_prints_a_token_the_api_takes(instance: InstanceProcess) -> None:
    printed = await pulsepoint(instance, "token")
    assert printed.returncode == 0, printed.stderr
    async with httpx.AsyncClient(base_url=instance.access.address, trust_env=False) as http:
        allowed = await http.get("/api/brands", headers={"Authorization": f"Bearer {printed.stdout.strip()}"})
        refused = await http.get("/api/brands", headers={"Authorization": "Bearer nonsense"})
    assert (allowed.status_code, refused.status_code) == (200, 401)


async def test_replay_makes_the_brand_sends_the_file_and_reports_each_month(
    instance: InstanceProcess, tmp_path: Path
) -> None:
    path = write_transactions(tmp_path / "sales.csv", trading_days(seed=9, invoices=60))
    done = await pulsepoint(instance, "replay", str(path), "--shop", SHOP, "--wait", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    report = json.loads(done.stdout)
    assert report["brand"]["made"]
    assert report["processed"]
    assert report["acknowledged"] == report["total"]["orders"] + report["total"]["refunds"]
    months = {row["month"]: int(row["net_revenue"].replace(".", "")) for row in report["months"]}
    assert months == oracle(path)


async def test_a_second_replay_finds_the_brand(instance: InstanceProcess, tmp_path: Path) -> None:
    path = write_transactions(tmp_path / "sales.csv", [Line()])
    arguments = ("replay", str(path), "--shop", "twice.myshopify.com", "--json")
    first, second = [json.loads((await pulsepoint(instance, *arguments)).stdout) for _ in range(2)]
    assert (first["brand"]["made"], second["brand"]["made"]) == (True, False)
    assert first["brand"]["brand_id"] == second["brand"]["brand_id"]


async def test_another_currency_than_the_brands_is_refused(instance: InstanceProcess, tmp_path: Path) -> None:
    path = write_transactions(tmp_path / "sales.csv", [Line()])
    arguments = ("replay", str(path), "--shop", "pounds.myshopify.com")
    assert (await pulsepoint(instance, *arguments)).returncode == 0
    refused = await pulsepoint(instance, *arguments, "--currency", "EUR")
    assert refused.returncode == 1
    assert "GBP" in refused.stderr


async def test_a_brand_made_for_a_shopify_export_has_the_currency_of_its_orders(
    instance: InstanceProcess, tmp_path: Path
) -> None:
    path = tmp_path / "orders_export.csv"
    path.write_text(
        "Name,Currency,Subtotal,Created at,Lineitem quantity,Lineitem name,Lineitem price\n"
        "#1001,USD,20.00,2026-03-03 10:14:00 -0500,2,Fern print,10.00\n"
    )
    done = await pulsepoint(instance, "replay", str(path), "--shop", "dollars.myshopify.com", "--wait", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads(done.stdout)
    assert (report["brand"]["currency"], report["total"]["net_revenue"], report["left_out"]) == ("USD", "20.00", [])
