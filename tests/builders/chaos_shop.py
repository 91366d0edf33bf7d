"""A shop whose orders are sent to an instance that is broken on purpose, and what the instance then counts."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb

from deploy.cli.instance_client import open_client
from deploy.cli.sender import Pace, Target, send_all
from deploy.local.instance_process import InstanceProcess
from file_import.plan import clock_offset, open_plan
from file_import.webhooks import Delivery, first_delivery

SHOP = "chaos.myshopify.com"
PATIENCE = 240.0


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


async def make_brand(instance: InstanceProcess) -> None:
    """Makes the shop's brand, whose clock stands at the end of the sales."""
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


def deliveries_of(path: Path) -> list[Delivery]:
    """The webhooks of a file of sales."""
    with open_plan(path, shop=SHOP, currency="GBP", zone=ZoneInfo("Europe/London")) as plan:
        return [first_delivery(webhook, SHOP) for webhook in plan.webhooks()]


def tenant_tables(warehouse: duckdb.DuckDBPyConnection, table: str) -> str:
    """The qualified name of the one tenant's table."""
    [schema] = warehouse.execute(
        "SELECT table_schema FROM information_schema.tables"
        " WHERE table_name = ? AND table_schema LIKE 'pulsepoint_tenant_%'",
        [table],
    ).fetchall()
    return f'"{schema[0]}"."{table}"'


def counted(instance: InstanceProcess) -> set[int]:
    """The ids of all orders and refunds in the warehouse of an instance that is stopped."""
    with duckdb.connect(instance.home / "warehouse.duckdb", read_only=True) as warehouse:
        orders = warehouse.execute(f"SELECT order_id FROM {tenant_tables(warehouse, 'orders')}").fetchall()
        refunds = warehouse.execute(f"SELECT refund_id FROM {tenant_tables(warehouse, 'refunds')}").fetchall()
    return {int(identity) for (identity,) in orders + refunds}
