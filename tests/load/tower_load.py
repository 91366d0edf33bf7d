"""`make load`: a thousand users, then a burst as fast as the machine answers; every accepted order is in the totals.

Orders that were sent but not acknowledged may be counted as well: nobody was told that they are not.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson

from deploy.cli.sender import Pace, Target, send_all
from deploy.cli.tower_client import Brand, Token, TowerClient, open_client
from deploy.emulated.tower_process import EmulatedProcess
from deploy.tower_process import ROOT, TowerProcess, running
from pulsepoint.imports.webhooks import Delivery
from tests.load.orders import orders, price_cents

SHOP = "load.myshopify.com"
BURST_FIRST = 10_000_000
CONNECTIONS = 64
# One address asks for a thousand people here: the limit that protects a tower from one is not what is measured.
ENVIRONMENT = {"PULSEPOINT_REQUESTS_PER_MINUTE": "1000000", "PULSEPOINT_LOG_LEVEL": "WARNING"}


@dataclass(frozen=True, slots=True)
class Accepted:
    """Orders that the tower acknowledged, and how long sending took."""

    what: str
    numbers: list[int]
    seconds: float


async def users(tower: TowerProcess, brand: Brand, token: Token, count: int, seconds: int, folder: Path) -> Accepted:
    """`count` users for `seconds`; locust prints their latencies. Raises when locust fails for another reason."""
    report = folder / "accepted.json"
    told = {
        "LOAD_SHOP": SHOP,
        "LOAD_BRAND": brand.brand_id,
        "LOAD_TOKEN": token.access_token,
        "LOAD_SECRET": tower.access.shopify_secret,
        "LOAD_REPORT": str(report),
        "PYTHONPATH": os.pathsep.join([str(ROOT), *(path for path in sys.path if path)]),
    }
    command = [
        *(sys.executable, "-m", "locust", "-f", str(ROOT / "tests/load/locustfile.py"), "--headless", "--only-summary"),
        *("--host", tower.access.address, "--users", str(count), "--spawn-rate", "50", "--run-time", f"{seconds}s"),
        *("--exit-code-on-error", "0", "--stop-timeout", "30"),
    ]
    started = time.monotonic()
    await asyncio.to_thread(subprocess.run, command, cwd=ROOT, env={**os.environ, **told}, check=True)
    return Accepted(f"{count} users", orjson.loads(report.read_bytes()), time.monotonic() - started)


async def burst(tower: TowerProcess, seconds: int) -> Accepted:
    """Orders as fast as they are acknowledged, for `seconds`."""
    access, numbers = tower.access, dict[str, int]()
    acknowledged: list[int] = []
    started = time.monotonic()

    def stream() -> Iterator[Delivery]:
        for number, delivery in orders(SHOP, BURST_FIRST):
            if time.monotonic() - started > seconds:
                return
            numbers[delivery.webhook_id] = number
            yield delivery

    def note(delivery: Delivery) -> None:
        acknowledged.append(numbers.pop(delivery.webhook_id))

    target = Target(access.address, SHOP, access.shopify_secret)
    await send_all(stream(), target, Pace(concurrency=CONNECTIONS, patience=120), on_acknowledged=note)
    return Accepted("burst", acknowledged, time.monotonic() - started)


async def compare(client: TowerClient, brand: Brand, accepted: list[int], patience: float) -> bool:
    """Wait until the tower counts at least what was accepted, then compare orders and money."""
    wanted, cents = len(set(accepted)), sum(price_cents(number) for number in set(accepted))
    today = datetime.now(UTC).date()
    asked = {
        "metrics": "orders,net_revenue",
        "start_date": str(today - timedelta(days=1)),
        "end_date": str(today + timedelta(days=1)),
    }
    deadline = time.monotonic() + patience
    counted, revenue = 0, 0
    while counted < wanted and time.monotonic() < deadline:
        await asyncio.sleep(2)
        [row] = (await client.read(f"/api/brands/{brand.brand_id}/performance", **asked))["rows"] or [None]
        if row is not None:
            counted = int(row["numbers"]["orders"]["value"])
            revenue = round(float(row["numbers"]["net_revenue"]["value"]) * 100)
    print(f"accepted {wanted} orders of {cents} cents; the tower counts {counted} of {revenue} cents", flush=True)
    return (counted, revenue) == (wanted, cents) or (counted > wanted and revenue > cents)


async def load(kind: type[TowerProcess], count: int, seconds: int, patience: float) -> bool:
    """Both tests on one fresh tower; whether every accepted order was found."""
    with tempfile.TemporaryDirectory(prefix="pulsepoint-load-") as name:
        tower = kind(Path(name), ENVIRONMENT)
        async with running(tower), open_client(tower.access) as client:
            token = await client.log_in()
            brand = await client.make_brand(
                name="Load", shop=SHOP, currency="EUR", timezone="UTC", clock_offset_seconds=0
            )
            found: list[int] = []
            for accepted in (
                await users(tower, brand, token, count, seconds, Path(name)),
                await burst(tower, seconds),
            ):
                found += accepted.numbers
                rate = len(accepted.numbers) / accepted.seconds
                print(f"{accepted.what}: {len(accepted.numbers)} orders accepted, {rate:.0f} a second", flush=True)
            return await compare(client, brand, found, patience)


def main() -> int:
    """0 when every accepted order is in the totals."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--profile", choices=("single", "emulated"), default="single")
    parser.add_argument("--users", type=int, default=1_000)
    parser.add_argument("--seconds", type=int, default=300, help="of each of the two tests")
    parser.add_argument("--patience", type=float, default=3_600, help="seconds until all must be counted")
    given = parser.parse_args()
    kind = EmulatedProcess if given.profile == "emulated" else TowerProcess
    return 0 if asyncio.run(load(kind, given.users, given.seconds, given.patience)) else 1


if __name__ == "__main__":
    sys.exit(main())
