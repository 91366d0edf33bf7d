"""Makes the kept home: `python -m tests.upgrade.make_home CHECKOUT` with a checkout of the version it is of.

The old version runs in its own environment (`CHECKOUT/.venv`, as its `make run` makes it) on a fresh home, is told
`story.py` through its public addresses, and pulls ads from its own stub. Then its answers to `figures.py` are written
beside the home, which is stopped, stripped of what a start makes anew, and packed. About two minutes.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import hmac
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import httpx

from tests.upgrade import story
from tests.upgrade.figures import ask, brief, questions, sampled, without_fact_ids
from tests.upgrade.kept import FIGURES, HOME, pack, write_figures

START_SECONDS, SETTLE_SECONDS = 120.0, 240.0
MODULE = "deploy.single_node"
"""The entry of commit a863429; `deploy.local` in later ones."""
STUB = """
import uvicorn
from deploy.stubs.ads import app
from deploy.stubs.ads_world import StubAccount, StubSettings, DEFAULT_ACCOUNTS
euro = StubAccount("tiktok", "7000000000000000002", "stub-euro-token", currency="EUR")
uvicorn.run(app(StubSettings(accounts=(*DEFAULT_ACCOUNTS, euro), page_size=50)), port={port}, log_level="warning")
"""
ACCOUNTS = (
    ("meta", "1000000000000001", "stub-meta-token"),
    ("tiktok", "7000000000000000001", "stub-tiktok-token"),
    ("tiktok", "7000000000000000002", "stub-euro-token"),
    ("google", "1234567890", "stub-google-token"),
    ("meta", "1000000000000009", "a-token-that-was-revoked"),
)
UNSETTLED = """
SELECT (SELECT count(*) FROM kernel.queue)
     + (SELECT count(*) FROM kernel.leftovers)
     + (SELECT count(*) FROM kernel.effects WHERE attempts = 0 AND due_at < now() + interval '90 seconds')
     + (SELECT count(*) FROM ledger.leftovers)
     + (SELECT count(*) FROM ledger.effects WHERE attempts = 0 AND due_at < now() + interval '90 seconds')
"""


class Instance:
    """The old version over one home: its address, its log-in and its secret."""

    def __init__(self, checkout: Path, home: Path) -> None:
        self.home, self.port = home, _free_port()
        environment = {
            **{name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
            "PORT": str(self.port),
            "PULSEPOINT_HOME": str(home),
            "PULSEPOINT_DEMO": "0",
            "PULSEPOINT_ALLOW_LOCAL_URLS": "1",
            "PULSEPOINT_HELD_TTL_DAYS": "36500",
            "PULSEPOINT_REQUESTS_PER_MINUTE": "100000",
            "PULSEPOINT_REQUESTS_PER_MINUTE_PER_PERSON": "100000",
        }
        command = [str(checkout / ".venv/bin/python"), "-m", MODULE]
        self.process = subprocess.Popen(command, cwd=checkout, env=environment)

    @property
    def address(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    def keys(self) -> dict[str, str]:
        """`tower.json`: the log-in and the webhook secret; after the start."""
        keys: dict[str, str] = json.loads((self.home / "tower.json").read_bytes())
        return keys

    def stop(self) -> None:
        """End it as Ctrl-C would; raises where it does not end well."""
        self.process.send_signal(signal.SIGTERM)
        if self.process.wait(60) != 0:
            raise SystemExit("the old version did not stop cleanly")


async def main(checkout: Path) -> None:
    """Make, ask, pack."""
    with tempfile.TemporaryDirectory(prefix="kept-home-") as folder:
        home = Path(folder) / "home"
        instance = Instance(checkout, home)
        try:
            with _ad_stub(checkout) as ads:
                await _ready(f"{instance.address}/readyz")
                figures = await _lived(instance, ads)
        finally:
            instance.stop()
        write_figures(figures)
        pack(home)
    print(f"{HOME.name}: {HOME.stat().st_size:,} bytes; {FIGURES.name}: {FIGURES.stat().st_size:,} bytes")


async def _lived(instance: Instance, ads: str) -> dict[str, Any]:
    """Both chapters, and what the API answers after them."""
    async with _logged_in(instance) as http:
        first_brand, note = await _brands(http, ads)
        await _send(http, instance, story.first_chapter())
        await _settled(instance)
        await _pull(http, first_brand, ads)
        await _settled(instance)
        seen_at = datetime.now(UTC).isoformat()
        await _send(http, instance, story.second_chapter())
        await _settled(instance)
        return await _get(http, (first_brand, note), seen_at)


async def _brands(http: httpx.AsyncClient, ads: str) -> tuple[str, str]:
    offset = int((story.NOW - datetime.now(UTC)).total_seconds())
    quiet = {"clock_offset_seconds": offset, "quiet_until": "2100-01-01T00:00:00Z"}
    accounts = [
        {"platform": platform, "account_id": account, "access_token": token, "base_url": ads}
        for platform, account, token in ACCOUNTS
    ]
    first_brand = {
        "name": "Upgrade Lane",
        "shopify_store": story.FIRST_BRAND,
        "currency": "GBP",
        "timezone": "Europe/Berlin",
    }
    note = {"name": "Upgrade Note", "shopify_store": story.NOTE, "currency": "EUR", "timezone": "Europe/London"}
    other = {"default_model": "last_touch", "lookback_days": 7, "cancelled_orders": "exclude", "lead_time_days": 21}
    made = []
    for body in ({**first_brand, **quiet, "ad_accounts": accounts}, {**note, **quiet, **other}):
        made.append((await _done(http.post("/api/brands", json=body)))["brand_id"])
    return made[0], made[1]


async def _pull(http: httpx.AsyncClient, brand_id: str, ads: str) -> None:
    """All days of ads; one that does not add up, and one that does so the second time."""
    sync = f"/api/brands/{brand_id}/sync"
    days = {"start_day": str(story.SPENT_FROM), "end_day": str(story.LAST_DAY)}
    await _done(http.post(sync, json=days))
    for platform, day in (("google", story.MISMATCHED), ("tiktok", story.MENDED)):
        await _synced(http, brand_id)
        await _done(http.post(f"{ads}/stub/faults", json={"platform": platform, "fault": "mismatch"}))
        await _done(http.post(sync, json={"platform": platform, "start_day": str(day), "end_day": str(day)}))
        await _alerted(http, brand_id, f"add up on {day}")
        await _done(http.post(f"{ads}/stub/faults", json={"platform": platform, "fault": None}))
    again = {"platform": "tiktok", "start_day": str(story.MENDED), "end_day": str(story.MENDED)}
    await _done(http.post(sync, json=again))


async def _get(http: httpx.AsyncClient, brands: Iterable[str], seen_at: str) -> dict[str, Any]:
    answers: list[dict[str, Any]] = []
    for brand_id in brands:
        for question in questions(brand_id, seen_at):
            answer = await ask(http, question.path, question.parameters)
            answers.append({**asdict(question), **answer})
    recorded = sampled(answers)
    facts = {fact_id: brief(await _done(http.get(f"/api/facts/{fact_id}"))) for fact_id in recorded}
    quarantined = await _done(http.get("/api/quarantine"))
    metrics = await _done(http.get("/api/metrics"))
    return {
        "answers": [without_fact_ids(answer) for answer in answers],
        "facts": facts,
        "quarantine": quarantined,
        "metrics": metrics,
    }


async def _send(http: httpx.AsyncClient, instance: Instance, deliveries: Iterable[story.Delivery]) -> None:
    secret = instance.keys()["shopify_api_secret"].encode()
    for delivery in deliveries:
        signature = base64.b64encode(hmac.digest(secret, delivery.body, "sha256")).decode()
        headers = {
            "x-shopify-topic": delivery.topic,
            "x-shopify-shop-domain": delivery.shop,
            "x-shopify-api-version": "2026-01",
            "x-shopify-hmac-sha256": signature,
            "x-shopify-triggered-at": delivery.at.isoformat(),
        }
        response = await http.post("/webhooks/shopify", content=delivery.body, headers=headers)
        response.raise_for_status()


async def _synced(http: httpx.AsyncClient, brand_id: str) -> None:
    """Wait until every account was pulled or refused."""

    async def done() -> bool:
        accounts = (await _done(http.get(f"/api/brands/{brand_id}/integrations")))["integrations"]
        return len(accounts) == len(ACCOUNTS) and all(item["status"] != "connecting" for item in accounts)

    await _until(done, "the pulls")


async def _alerted(http: httpx.AsyncClient, brand_id: str, words: str) -> None:
    async def done() -> bool:
        alerts = (await _done(http.get(f"/api/brands/{brand_id}/alerts")))["alerts"]
        return any(words in item["title"] for item in alerts)

    await _until(done, f"an alert that says {words!r}")


async def _settled(instance: Instance) -> None:
    """Wait until nothing waits in three looks a second apart: ticks close what was asked for meanwhile."""
    lines = (instance.home / "postgres" / "postmaster.pid").read_text().splitlines()
    connection = await asyncpg.connect(f"postgresql://postgres@/postgres?host={lines[4]}&port={lines[3]}")
    quiet = 0

    async def done() -> bool:
        nonlocal quiet
        await asyncio.sleep(1)
        quiet = quiet + 1 if await connection.fetchval(UNSETTLED) == 0 else 0
        return quiet == 3

    try:
        await _until(done, "the instance to settle")
    finally:
        await connection.close()


async def _until(done: Any, what: str) -> None:
    deadline = time.monotonic() + SETTLE_SECONDS
    while not await done():
        if time.monotonic() > deadline:
            raise SystemExit(f"waited in vain for {what}")
        await asyncio.sleep(0.2)


async def _done(request: Any) -> Any:
    """The JSON of an answer; raises for an error."""
    response: httpx.Response = await request
    if response.is_error:
        raise SystemExit(f"{response.request.method} {response.url}: {response.status_code} {response.text[:500]}")
    return response.json()


@asynccontextmanager
async def _logged_in(instance: Instance) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=instance.address, trust_env=False, timeout=60) as http:
        keys = instance.keys()
        login = {"email": keys["admin_email"], "password": keys["admin_password"]}
        token = await _done(http.post("/api/auth/token", json=login))
        http.headers["Authorization"] = f"Bearer {token['access_token']}"
        yield http


@contextmanager
def _ad_stub(checkout: Path) -> Iterator[str]:
    port = _free_port()
    command = [str(checkout / ".venv/bin/python"), "-c", STUB.replace("{port}", str(port))]
    process = subprocess.Popen(command, cwd=checkout)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


async def _ready(address: str) -> None:
    async with httpx.AsyncClient(trust_env=False) as http:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            try:
                if (await http.get(address)).status_code == httpx.codes.OK:
                    return
            except httpx.TransportError:
                pass
            await asyncio.sleep(0.2)
    raise SystemExit("the old version did not start")


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkout", type=Path, help="a checkout of the old version with its .venv")
    sys.exit(asyncio.run(main(parser.parse_args().checkout.resolve())))
