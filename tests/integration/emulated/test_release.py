"""A release one service at a time, while orders come in: services of two versions understand each other."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from deploy.cli.sender import Pace, Target, send_all
from deploy.emulated.instance_process import EmulatedProcess
from deploy.local.instance_process import InstanceFailed, running
from file_import.webhooks import Delivery
from pulsepoint.events.catalog import SERVICES
from pulsepoint.events.orders import OrderRecorded
from tests.builders.next_release import FIELD, NextRelease
from tests.builders.shopify import as_bytes, line_body, order_body, refund_body, refund_line_body
from tests.builders.slack_chain import logged_in

SHOP = "released.myshopify.com"
SECONDS = 240.0
PAUSE = 1.0
CONCERNED = ("ingest-shopify", "attribution", "gateway")
"""Who publishes orders and who gets them."""
DAYS = {"start_date": "2026-03-01", "end_date": "2026-03-31"}
pytestmark = pytest.mark.instance


@dataclass(slots=True)
class Sales:
    """Orders without end, each with a return now and then, and what the acknowledged ones come to in cents."""

    cents: int = 0
    orders: int = 0
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def next_few(self) -> list[Delivery]:
        """Four orders, and the return of the first."""
        deliveries = []
        for _ in range(4):
            number = next(self._numbers)
            cents = 1_000 + number * 37 % 9_000
            self.cents, self.orders = self.cents + cents, self.orders + 1
            lines = [line_body(price=f"{cents / 100:.2f}")]
            deliveries.append(_delivery("orders/create", number, order_body(number, lines=lines)))
        self.cents -= 500
        refund = refund_body(number, lines=[refund_line_body(subtotal="5.00")], order_id=number)
        return [*deliveries, _delivery("refunds/create", number, refund)]


def _delivery(topic: str, number: int, body: dict[str, Any]) -> Delivery:
    name = str(UUID(int=number))
    return Delivery(topic, as_bytes(body), name, name, "2026-03-10T11:00:04Z")


class Flow:
    """Orders on their way until the end of `while_open`; `sales` is what was acknowledged."""

    def __init__(self, instance: EmulatedProcess) -> None:
        self.sales = Sales()
        self._instance = instance
        self._ended = asyncio.Event()
        self._sent = asyncio.Queue[None]()

    async def run(self) -> None:
        """Send few at a time until `end`; what is not acknowledged is sent again."""
        access = self._instance.access
        target = Target(access.address, SHOP, access.shopify_secret)
        while not self._ended.is_set():
            sent = await send_all(iter(self.sales.next_few()), target, Pace(concurrency=4, patience=SECONDS))
            assert sent.refused == 0, sent.refusals
            self._sent.put_nowait(None)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._ended.wait(), PAUSE)

    async def go_on(self, rounds: int) -> None:
        """Wait until so many more rounds were acknowledged."""
        while not self._sent.empty():
            self._sent.get_nowait()
        async with asyncio.timeout(SECONDS):
            for _ in range(rounds):
                await self._sent.get()

    def end(self) -> None:
        """Let the few that are on their way be the last."""
        self._ended.set()


@pytest.fixture
def next_release(tmp_path: Path) -> NextRelease:
    return NextRelease(tmp_path / "next")


@pytest.fixture
async def cloud(tmp_path: Path, next_release: NextRelease) -> AsyncIterator[EmulatedProcess]:
    limits = ("PULSEPOINT_REQUESTS_PER_MINUTE", "PULSEPOINT_REQUESTS_PER_MINUTE_PER_PERSON")
    environment = {**next_release.environment, **dict.fromkeys(limits, "100000")}
    instance = EmulatedProcess(tmp_path / "cloud", environment)
    try:
        async with running(instance):
            yield instance
    except InstanceFailed as failed:
        if "did not start: install" in str(failed):
            pytest.skip(str(failed))
        raise


async def test_a_release_one_service_at_a_time_holds_up_and_miscounts_nothing(
    cloud: EmulatedProcess, next_release: NextRelease
) -> None:
    """Producers first, and back again, producers first: consumers meet orders with more fields than they know, and
    then with fewer, which is what a release with consumers first meets."""
    assert next_release.schema_of_orders() == f"order.recorded {OrderRecorded.SCHEMA} True", FIELD
    async with logged_in(cloud) as http:
        brand = {"name": "Released", "shopify_store": SHOP, "currency": "EUR", "timezone": "Europe/Berlin"}
        made = (await http.post("/api/brands", json=brand)).json()["brand_id"]
        await cloud.idle(SECONDS)  # until the shop is known, its orders would wait in quarantine
        flow = Flow(cloud)
        flowing = asyncio.create_task(flow.run())
        for service in SERVICES:
            next_release.release(service)
            await restarted(cloud, service, flow)
        assert next_release.ran() == set(SERVICES)
        for service in CONCERNED:
            next_release.take_back(service)
            await restarted(cloud, service, flow)
        flow.end()
        await flowing
        await cloud.idle(SECONDS)
        assert await counted(http, made) == (flow.sales.cents, flow.sales.orders)
        assert await quarantined(http) == (0, 0)
        verified = (await http.get(f"/api/brands/{made}/verify")).json()
        failed = [check for check in verified["checks"] if not check["ok"]]
        assert not failed, json.dumps(failed)[:2000]


async def restarted(cloud: EmulatedProcess, service: str, flow: Flow) -> None:
    """End a service as Cloud Run does and wait until its next process answers, with orders coming in all the while."""
    before = cloud.service(service)
    await cloud.end_service(service)
    await cloud.up_again(service, before)
    await flow.go_on(2)


async def counted(http: httpx.AsyncClient, brand: str) -> tuple[int, int]:
    """Cents of net revenue, and orders."""
    calls = {"metrics": "net_revenue,orders", **DAYS}
    [row] = (await http.get(f"/api/brands/{brand}/performance", params=calls)).json()["rows"]
    return round(row["numbers"]["net_revenue"]["value"] * 100), row["numbers"]["orders"]["value"]


async def quarantined(http: httpx.AsyncClient) -> tuple[int, int]:
    """How many messages are in quarantine and among the dead letters."""
    quarantine, dead = [(await http.get(f"/api/{path}")).json()["total"] for path in ("quarantine", "dead-letters")]
    return quarantine, dead
