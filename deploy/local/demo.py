"""The demo brand of `make run`: a synthetic shop that is live at once, while its history fills in behind.

The sandbox serves the platforms on a port of its own; the services reach them as they would the real ones, by
their base URLs. Nothing here or there touches a service's data but through its public addresses.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

import httpx
import orjson
import structlog
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from deploy.local.demo_clients import InstanceApi, SandboxApi, Unanswered
from deploy.local.demo_file import DemoFile, fresh_demo, read_demo, write_demo
from deploy.local.demo_fill import Demo
from deploy.local.keys import read_instance_file
from deploy.local.sandbox_process import SandboxOrder
from deploy.local.settings import InstanceSettings
from pulsepoint.values import JsonObject
from sandbox.settings import WorldSettings
from sandbox.settings_file import named_world

log = structlog.get_logger(__name__)

START_SECONDS = 60.0
LOOK_SECONDS = 1.0
STOP_SECONDS = 8.0
NEVER = timedelta(days=3_650)


class DemoSettings(BaseSettings):
    """`PULSEPOINT_SANDBOX_HOST` and `_PORT` (default: the instance's and one) where the sandbox listens and is reached,
    `PULSEPOINT_DEMO_SPEED` in world seconds a second, `PULSEPOINT_DEMO_WORLD` the name of a world that comes along,
    `PULSEPOINT_DEMO_DAYS` how much history it has.

    A demo that has begun keeps its days.
    """

    model_config = SettingsConfigDict(env_prefix="PULSEPOINT_", frozen=True, extra="ignore")

    sandbox_host: str = "127.0.0.1"
    sandbox_port: int | None = None
    demo_speed: float = Field(default=60.0, ge=0, le=3_600)
    demo_world: str = "everyday"
    demo_days: int = Field(default=730, ge=1, le=3_660)


class RunningInstance(Protocol):
    """The part of an instance that the demo needs."""

    @property
    def login(self) -> tuple[str, str]:
        """The pair of the admin's e-mail and password."""
        ...

    def client(self) -> httpx.AsyncClient:
        """A client whose relative URLs are those of its public origin; the caller closes it."""
        ...

    async def waiting(self) -> int:
        """The count of messages that wait in its queues, but for those whose backlog delays nobody."""
        ...


_running: list[Demo] = []
_opening: list[Path] = []
"""Homes of the demos that have begun, those whose sandbox is not up yet too."""


def demo_progress() -> JsonObject | None:
    """The progress of this process's demo as JSON values; None where none runs."""
    if _running:
        return _running[-1].progress()
    return {"state": "starting", "brand_id": None, "days_told": 0, "days": 0} if _opening else None


def sandbox_address(settings: InstanceSettings, own: DemoSettings | None = None) -> str:
    """The URL at which the sandbox serves the platforms: loopback, unless another name is given."""
    own = own or DemoSettings()
    return f"http://{own.sandbox_host}:{own.sandbox_port or settings.port + 1}"


def service_settings(settings: InstanceSettings) -> dict[str, JsonObject]:
    """Settings by service by which they meet the sandbox; empty without a demo."""
    if not settings.demo:
        return {}
    return {
        "alerting": {"allow_local_urls": True},
        "gateway": {"allow_local_urls": True},
    }


async def run_demo(instance: RunningInstance, settings: InstanceSettings) -> None:
    """Run the demo until cancelled; what fails is logged, and the instance goes on without it."""
    if not settings.demo:
        return
    own = DemoSettings()
    world = named_world(own.demo_world)
    file = read_demo(settings.home)
    if file is None or file.world != own.demo_world:
        file = fresh_demo(own.demo_world, world.shop.timezone, datetime.now(UTC), own.demo_days)
    file.sandbox_url = sandbox_address(settings, own)
    _opening.append(settings.home)
    try:
        async with _instance_api(instance) as api, _sandbox(file, settings, own) as sandbox:
            await _make_brand(api, file, world)
            write_demo(settings.home, file)
            demo = Demo(settings.home, file, world, api, sandbox, instance.waiting, {})
            _running.append(demo)
            try:
                async with asyncio.TaskGroup() as group:
                    group.create_task(_show(demo))
                    group.create_task(demo.run())
            finally:
                _running.remove(demo)
    except* (Unanswered, SandboxFailed, httpx.TransportError) as failures:
        reasons = "; ".join(str(error) or type(error).__name__ for error in _leaves(failures))
        log.error("demo.stopped", reason=reasons)
    finally:
        _opening.remove(settings.home)


class SandboxFailed(Exception):
    """The sandbox's process ended by itself; the message says what to do."""


@asynccontextmanager
async def _instance_api(instance: RunningInstance) -> AsyncIterator[InstanceApi]:
    async with instance.client() as http:
        yield InstanceApi(http, instance.login)


@asynccontextmanager
async def _sandbox(file: DemoFile, settings: InstanceSettings, own: DemoSettings) -> AsyncIterator[SandboxApi]:
    """The sandbox's process, listening; ended on exit."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "deploy.local.sandbox_process",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.DEVNULL,
        # Its own group: Ctrl-C reaches the instance, which ends it in its turn.
        start_new_session=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
    )
    assert process.stdin is not None
    try:
        process.stdin.write(orjson.dumps(asdict(_order(file, settings, own))) + b"\n")
        async with httpx.AsyncClient(base_url=file.sandbox_url, trust_env=False) as http:
            api = SandboxApi(http, file.control_token)
            await _listening(process, api, file.sandbox_url)
            yield api
    finally:
        process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), STOP_SECONDS)
        except TimeoutError:
            process.kill()
            await process.wait()


def _order(file: DemoFile, settings: InstanceSettings, own: DemoSettings) -> SandboxOrder:
    keys = read_instance_file(settings.home)
    assert keys is not None, "the instance writes its keys before it runs"
    host, port = file.sandbox_url.removeprefix("http://").rsplit(":", 1)
    return SandboxOrder(
        world=file.world,
        last_day=file.last_day,
        days=file.days,
        opened_at=file.opened_at,
        now=file.played_until,
        played_until=file.played_until,
        speed=own.demo_speed,
        host=host,
        port=int(port),
        webhook_url=f"{settings.address}/webhooks/shopify",
        trace_url=f"{settings.address}/#/traces/",
        secret=keys.shopify_api_secret,
        control_token=file.control_token,
        shopify_token=file.shopify_token,
        ad_tokens=file.ad_tokens,
        strikes=file.strikes,
        log_level=settings.log_level,
    )


async def _listening(process: asyncio.subprocess.Process, api: SandboxApi, address: str) -> None:
    deadline = asyncio.get_running_loop().time() + START_SECONDS
    while asyncio.get_running_loop().time() < deadline:
        if process.returncode is not None:
            raise SandboxFailed(
                f"the sandbox did not start at {address}: free that port, or set PULSEPOINT_SANDBOX_PORT"
            )
        try:
            # Whoever has the port already may take the request and never answer.
            await asyncio.wait_for(api.get("/sandbox/state"), LOOK_SECONDS)
        except (httpx.TransportError, Unanswered, TimeoutError):
            await asyncio.sleep(0.1)
        else:
            if process.returncode is None:
                return
    raise SandboxFailed(f"the sandbox did not answer at {address} in {START_SECONDS:.0f} s")


async def _make_brand(api: InstanceApi, file: DemoFile, world: WorldSettings) -> None:
    """The demo brand, made on the first start; it meets the sandbox alone, and sends nothing until its past is told."""
    shop = world.shop
    body: JsonObject = {
        "ad_accounts": [
            {
                "platform": platform,
                "account_id": account_id,
                "access_token": file.ad_tokens[platform],
                "base_url": f"{file.sandbox_url}/{platform}",
            }
            for platform, account_id in dict.fromkeys(
                (campaign.platform, campaign.account_id) for campaign in world.campaigns
            )
        ],
        "slack_webhook_url": f"{file.sandbox_url}/slack/services/T000DEMO/B000DEMO/{file.control_token[:24]}",
    }
    if not file.sends_alerts:
        body["quiet_until"] = (datetime.fromisoformat(file.opened_at) + NEVER).isoformat()
    brands = (await api.get("/api/brands"))["brands"]
    existing = next((brand["brand_id"] for brand in brands if brand["shopify_store"] == shop.domain), None)
    if existing is not None:
        # The sandbox's port may be another one today.
        await api.put(f"/api/brands/{existing}/settings", body)
        file.brand_id = existing
        return
    named = {"name": shop.name, "shopify_store": shop.domain, "currency": shop.currency, "timezone": shop.timezone}
    file.brand_id = (await api.post("/api/brands", {**named, **body}))["brand_id"]


async def _show(demo: Demo) -> None:
    """Progress in the console, where a person watches, until the past is told."""
    console = Console(stderr=True)
    if not console.is_terminal:
        return
    columns = (
        TextColumn("  {task.description}"),
        BarColumn(),
        TextColumn("{task.completed:.0f} of {task.total:.0f} days"),
    )
    with Progress(*columns, console=console, transient=True) as bars:
        task = bars.add_task("Waking the shop", total=None)
        while (progress := demo.progress())["state"] != "live":
            if progress["state"] == "filling":
                bars.update(task, description="History", total=progress["days"], completed=progress["days_told"])
            await asyncio.sleep(0.5)
    console.print(
        f"  The shop's history is in: {progress['days']} days. It goes on living at {progress['speed']:.0f} times."
    )


def _leaves(group: BaseExceptionGroup[Any]) -> list[BaseException]:
    return [
        leaf
        for error in group.exceptions
        for leaf in (_leaves(error) if isinstance(error, BaseExceptionGroup) else [error])
    ]
