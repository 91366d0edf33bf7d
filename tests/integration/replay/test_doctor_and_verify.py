"""`pulsepoint verify` and `pulsepoint doctor` on a real instance: the same input twice, and a stray webhook."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import httpx
import pytest

from deploy.local.instance_process import ROOT, InstanceProcess, running_instance
from tests.builders.shopify import sign
from tests.builders.transactions import trading_days, write_transactions

SHOP = "whole.myshopify.com"
SECONDS = 180.0
pytestmark = pytest.mark.instance


async def report(instance: InstanceProcess, *arguments: str, code: int = 0) -> dict[str, Any]:
    environment = {
        **os.environ,
        "PULSEPOINT_HOME": str(instance.home),
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
    }
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "deploy.cli.main", *arguments, "--json"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    assert (done.returncode, done.stderr) == (code, ""), done.stdout + done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


async def send_stray_webhook(instance: InstanceProcess) -> None:
    """A signed order of a shop nobody owns."""
    body = b'{"id": 1}'
    headers = {
        "X-Shopify-Topic": "orders/create",
        "X-Shopify-Shop-Domain": "stray.myshopify.com",
        "X-Shopify-Hmac-Sha256": sign(body, instance.access.shopify_secret),
    }
    async with httpx.AsyncClient(base_url=instance.access.address, trust_env=False) as http:
        assert (await http.post("/webhooks/shopify", content=body, headers=headers)).is_success


async def disconnect(instance: InstanceProcess, number: int) -> None:
    """The same body without a clock, as the delivery of this number."""
    body = b'{"inventory_item_id": 9001, "location_id": 600}'
    headers = {
        "X-Shopify-Topic": "inventory_levels/disconnect",
        "X-Shopify-Shop-Domain": SHOP,
        "X-Shopify-Hmac-Sha256": sign(body, instance.access.shopify_secret),
        "X-Shopify-Webhook-Id": f"webhook-{number}",
        "X-Shopify-Triggered-At": f"2026-01-0{number}T00:00:00Z",
    }
    async with httpx.AsyncClient(base_url=instance.access.address, trust_env=False) as http:
        assert (await http.post("/webhooks/shopify", content=body, headers=headers)).is_success


async def verified(instance: InstanceProcess, path: Path, *how: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """What `replay` and then `verify` told of the file's brand."""
    replayed = await report(instance, "replay", str(path), "--shop", SHOP, "--wait", *how)
    await instance.idle(SECONDS)
    result = await report(instance, "verify", "--shop", SHOP)
    [brand] = result["brands"]
    assert result["ok"] and len(brand["checks"]) > 15
    return replayed["total"], brand


def move_a_credit(home: Path) -> None:
    """Books one credit under another channel, in the file of an instance that is down."""
    with duckdb.connect(str(home / "warehouse.duckdb")) as connection:
        [schema] = connection.execute("SELECT name FROM made_schemas WHERE name LIKE 'pulsepoint_tenant_%'").fetchall()
        moved = f"UPDATE {schema[0]}.credits_keyed SET channel = 'push' WHERE fact_id = (SELECT min(fact_id) FROM"
        assert connection.execute(f"{moved} {schema[0]}.credits_keyed)").fetchone() == (1,)


async def test_a_credit_moved_while_the_instance_is_down_is_seen(tmp_path: Path) -> None:
    path = write_transactions(tmp_path / "sales.csv", trading_days(seed=12, invoices=20))
    async with running_instance(tmp_path / "home") as instance:
        await verified(instance, path)
    move_a_credit(tmp_path / "home")
    async with running_instance(tmp_path / "home") as instance:
        [brand] = (await report(instance, "verify", "--shop", SHOP, "--patience", "0", code=1))["brands"]
        [wrong] = [check for check in brand["checks"] if not check["ok"]]
        assert wrong["name"] == "recorded"
        assert "credits: changed values" in wrong["violations"][0]["detail"]


async def test_instances_given_the_same_file_in_another_order_verify_to_one_hash(tmp_path: Path) -> None:
    path = write_transactions(tmp_path / "sales.csv", trading_days(seed=11, invoices=40))
    async with running_instance(tmp_path / "home") as instance:
        total, whole = await verified(instance, path)
        assert whole["state"]["rows"]["orders"] == total["orders"]
        assert whole["state"]["rows"]["credits"] > 0
        sources = whole["sources"]
        assert sources["accepted"] == total["orders"] + total["refunds"]
        assert (sources["other"], sources["held"]) == (total["refunds"], 0)
        for number in (1, 2, 1):
            await disconnect(instance, number)
        await instance.idle(SECONDS)
        [undated] = (await report(instance, "verify", "--shop", SHOP))["brands"]
        assert undated["sources"]["accepted"] == sources["accepted"] + 2
        assert undated["sources"]["other"] == sources["other"]
    async with running_instance(tmp_path / "other") as instance:
        _, shuffled = await verified(instance, path, "--shuffle", "3", "--duplicate", "4:3")
        assert shuffled["state"] == whole["state"]
        assert shuffled["sources"]["accepted"] == sources["accepted"]

        assert (await report(instance, "doctor"))["ok"]
        await send_stray_webhook(instance)
        await instance.idle(SECONDS)
        ill = await report(instance, "doctor", code=1)
        [trouble] = [each for each in ill["findings"] if each["level"] in ("late", "wrong")]
        assert trouble["subject"] == "quarantine"
        assert "unknown_shop" in trouble["words"]
