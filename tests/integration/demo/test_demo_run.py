"""The demo's steps on memory engines: the sandbox in this process under a clock of its own, an instance that notes."""

from __future__ import annotations

import asyncio
import json
import socket
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from deploy.local.demo import demo_progress, run_demo
from deploy.local.demo_clients import InstanceApi, SandboxApi
from deploy.local.demo_file import DemoFile, read_demo
from deploy.local.demo_fill import QUIET_DAYS, Demo
from deploy.local.keys import instance_file
from deploy.local.settings import InstanceSettings
from tests.builders.sandbox import LAST_DAY, OPENED, TOKENS, Sandbox, sandbox, small_world

DAYS = 30
LOGIN = ("admin@pulsepoint.localhost", "password")
Step = tuple[str, Any]


class NotingInstance:
    """Takes every request of the demo and notes it; nothing ever waits in its queues."""

    login = LOGIN

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.accounts: list[dict[str, Any]] = []

    def client(self) -> httpx.AsyncClient:
        """A client of it."""
        return httpx.AsyncClient(transport=httpx.MockTransport(self._answer), base_url="http://instance")

    async def waiting(self) -> int:
        """Nothing."""
        return 0

    def _answer(self, request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content) if request.content else {}
        if request.url.path.endswith("/sync"):
            self.steps.append(("sync", (body.get("start_day"), body.get("end_day"))))
        elif request.url.path.endswith("/settings"):
            self.steps += body.items()
        elif request.method == "POST" and request.url.path == "/api/brands":
            self.accounts = body["ad_accounts"]
        return httpx.Response(200, json={"access_token": "t", "brands": [], "brand_id": "b"})


async def played(shop: Sandbox, instance: NotingInstance, home: Path, file: DemoFile) -> Demo:
    """The demo over `shop`, run until its past is told."""

    async def note(request: httpx.Request) -> None:
        if request.method == "POST":
            instance.steps.append(("sandbox", request.url.path.removeprefix("/sandbox/")))

    shop.http.event_hooks["request"] = [note]
    async with instance.client() as http:
        demo = Demo(
            home,
            file,
            small_world(DAYS),
            InstanceApi(http, LOGIN),
            SandboxApi(shop.http, TOKENS.control),
            instance.waiting,
            {},
        )
        running = asyncio.create_task(demo.run())
        async with asyncio.timeout(120):
            while not file.filled and not running.done():  # noqa: ASYNC110 - a condition of another task
                await asyncio.sleep(0.01)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    assert file.filled
    return demo


def a_file(**changes: Any) -> DemoFile:
    timestamps = {"opened_at": OPENED.isoformat(), "played_until": OPENED.isoformat()}
    return DemoFile(
        **{"world": "calm", "last_day": str(LAST_DAY), "days": DAYS, "brand_id": "b", **timestamps, **changes}
    )


def played_days(steps: list[Step]) -> list[date]:
    paths = [path for kind, path in steps if kind == "sandbox" and path.startswith("days/")]
    return [date.fromisoformat(path.removeprefix("days/")) for path in paths]


async def test_the_shop_opens_at_once_and_its_past_comes_newest_first(tmp_path: Path) -> None:
    instance = NotingInstance()
    async with sandbox(small_world(DAYS)) as shop:
        demo = await played(shop, instance, tmp_path, a_file())
        first = [kind if kind != "sandbox" else path for kind, path in instance.steps[:4]]
        assert first == ["clock_offset_seconds", "sync", "catalog", "live"]
        assert played_days(instance.steps) == [OPENED.date() - timedelta(days=number) for number in range(DAYS + 1)]
        assert demo.progress()["state"] == "live"
        assert shop.inbox.messages


async def test_spend_is_asked_for_before_the_sales_of_its_days_are_told(tmp_path: Path) -> None:
    instance = NotingInstance()
    async with sandbox(small_world(DAYS)) as shop:
        await played(shop, instance, tmp_path, a_file())
    pulled: set[date] = set()
    for kind, path in instance.steps:
        if kind == "sync" and path[0] is not None:
            start, end = map(date.fromisoformat, path)
            pulled |= {start + timedelta(days=number) for number in range((end - start).days + 1)}
        elif kind == "sandbox" and path.startswith("days/"):
            assert date.fromisoformat(path.removeprefix("days/")) in pulled


async def test_alerts_are_sent_from_now_on_and_only_once_the_days_they_compare_with_are_told(tmp_path: Path) -> None:
    instance = NotingInstance()
    async with sandbox(small_world(DAYS)) as shop:
        demo = await played(shop, instance, tmp_path, a_file())
    [at] = [index for index, (kind, _) in enumerate(instance.steps) if kind == "quiet_until"]
    assert len(played_days(instance.steps[:at])) == QUIET_DAYS + 1
    assert datetime.fromisoformat(instance.steps[at][1]) >= OPENED
    assert demo.file.sends_alerts


async def test_a_later_start_goes_on_where_the_last_one_stopped(tmp_path: Path) -> None:
    instance = NotingInstance()
    stopped = OPENED.date() - timedelta(days=25)
    file = a_file(oldest_day=str(stopped), catalog_sent=True, sends_alerts=True)
    async with sandbox(small_world(DAYS)) as shop:
        await played(shop, instance, tmp_path, file)
    assert played_days(instance.steps) == [stopped - timedelta(days=number) for number in range(1, DAYS + 1 - 25)]
    steps = {kind if kind != "sandbox" else path for kind, path in instance.steps}
    assert not steps & {"catalog", "quiet_until"}
    kept = read_demo(tmp_path)
    assert kept is not None and kept.filled and kept.oldest_day == str(LAST_DAY - timedelta(days=DAYS - 1))


async def test_a_demo_whose_port_is_taken_says_so_and_leaves_the_instance_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        monkeypatch.setenv("PULSEPOINT_SANDBOX_PORT", str(port))
        settings = InstanceSettings(home=tmp_path, demo=True)
        instance_file(settings)
        with capture_logs() as lines:
            await run_demo(NotingInstance(), settings)
    [stopped] = [line for line in lines if line["event"] == "demo.stopped"]
    assert f"127.0.0.1:{port}" in stopped["reason"]
    assert "PULSEPOINT_SANDBOX_PORT" in stopped["reason"]
    assert demo_progress() is None


async def test_a_demo_that_runs_makes_its_brand_on_the_sandbox_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    monkeypatch.setenv("PULSEPOINT_SANDBOX_PORT", str(port))
    monkeypatch.setenv("PULSEPOINT_DEMO_DAYS", "2")
    settings, instance = InstanceSettings(home=tmp_path, demo=True), NotingInstance()
    instance_file(settings)
    running = asyncio.create_task(run_demo(instance, settings))
    await asyncio.sleep(0)
    progress = demo_progress()
    assert progress is not None and (progress["state"], progress["brand_id"]) == ("starting", None)
    async with asyncio.timeout(90):
        while ("sandbox", "live") not in instance.steps and not any(kind == "sync" for kind, _ in instance.steps):
            assert not running.done()
            await asyncio.sleep(0.05)
    progress = demo_progress()
    assert progress is not None and progress["brand_id"] == "b"
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert {account["base_url"] for account in instance.accounts} == {
        f"http://127.0.0.1:{port}/{platform}" for platform in ("meta", "tiktok", "google")
    }
    assert demo_progress() is None
