"""`pulsepoint verify` and `pulsepoint doctor` on a real tower: the same input twice, and a stray webhook."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from deploy.tower_process import ROOT, TowerProcess, running_tower
from tests.builders.shopify import sign
from tests.builders.transactions import trading_days, write_transactions

SHOP = "whole.myshopify.com"
SECONDS = 180.0
pytestmark = pytest.mark.tower


async def told(tower: TowerProcess, *arguments: str, code: int = 0) -> dict[str, Any]:
    environment = {
        **os.environ,
        "PULSEPOINT_HOME": str(tower.home),
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


async def send_stray_webhook(tower: TowerProcess) -> None:
    """A signed order of a shop nobody owns."""
    body = b'{"id": 1}'
    headers = {
        "X-Shopify-Topic": "orders/create",
        "X-Shopify-Shop-Domain": "stray.myshopify.com",
        "X-Shopify-Hmac-Sha256": sign(body, tower.access.shopify_secret),
    }
    async with httpx.AsyncClient(base_url=tower.access.address, trust_env=False) as http:
        assert (await http.post("/webhooks/shopify", content=body, headers=headers)).is_success


async def verified(tower: TowerProcess, path: Path, *how: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """What `replay` and then `verify` told of the file's brand."""
    replayed = await told(tower, "replay", str(path), "--shop", SHOP, "--wait", *how)
    await tower.idle(SECONDS)
    found = await told(tower, "verify", "--shop", SHOP)
    [brand] = found["brands"]
    assert found["ok"] and len(brand["checks"]) > 15
    return replayed["total"], brand


async def test_towers_given_the_same_file_in_another_order_verify_to_one_hash(tmp_path: Path) -> None:
    path = write_transactions(tmp_path / "sales.csv", trading_days(seed=11, invoices=40))
    async with running_tower(tmp_path / "home") as tower:
        total, whole = await verified(tower, path)
        assert whole["state"]["rows"]["orders"] == total["orders"]
        assert whole["state"]["rows"]["credits"] > 0
        sources = whole["sources"]
        assert sources["accepted"] == total["orders"] + total["refunds"]
        assert (sources["other"], sources["held"]) == (total["refunds"], 0)
    async with running_tower(tmp_path / "other") as tower:
        _, shuffled = await verified(tower, path, "--shuffle", "3", "--duplicate", "4:3")
        assert shuffled["state"] == whole["state"]
        assert shuffled["sources"]["accepted"] == sources["accepted"]

        assert (await told(tower, "doctor"))["ok"]
        await send_stray_webhook(tower)
        await tower.idle(SECONDS)
        ill = await told(tower, "doctor", code=1)
        [trouble] = [each for each in ill["findings"] if each["level"] in ("late", "wrong")]
        assert trouble["subject"] == "quarantine"
        assert "unknown_shop" in trouble["words"]
