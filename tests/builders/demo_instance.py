"""An instance with the demo shop as a process of its own: its clients, its books, its memory, its log."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from deploy.local.demo_clients import InstanceApi, SandboxApi
from deploy.local.demo_file import DemoFile, read_demo
from deploy.local.instance_process import InstanceProcess, running_instance

HISTORY_DAYS = 25
"""Enough for alerts to be sent, and for a ROAS to be compared with the one before."""


@dataclass(frozen=True, slots=True)
class DemoInstance:
    """A running instance whose demo lives, its history told."""

    instance: InstanceProcess
    api: InstanceApi
    sandbox: SandboxApi
    file: DemoFile

    @property
    def brand(self) -> str:
        """The path of the demo's brand."""
        return f"/api/brands/{self.file.brand_id}"

    async def at_rest(self) -> None:
        """Let the world stand still, and wait until everything it told has come through."""
        await self.sandbox.post("/sandbox/speed", {"speed": 0})
        await self.instance.idle(180)
        await until(self._balanced, "the books to balance", 120)

    async def _balanced(self) -> bool:
        books = await self.api.get(f"{self.brand}/books")
        return bool(books["balanced"])

    def memory(self) -> int:
        """Resident bytes of the instance and its sandbox."""
        [instance] = [child for child in psutil.Process().children() if "deploy.local" in child.cmdline()]
        family = [
            instance,
            *(process for process in instance.children() if "deploy.local.sandbox_process" in process.cmdline()),
        ]
        assert len(family) == 2
        return sum(process.memory_info().rss for process in family)

    def complaints(self) -> list[str]:
        """Lines of the log that tell of an error, or of a warning with an exception."""
        return [line for line in self.instance.log.read_text(errors="replace").splitlines() if complains(line)]


def complains(line: str) -> bool:
    """True for a log line of an error, or of a warning with an exception."""
    if "Traceback" in line or line.startswith(("ERROR", "CRITICAL")):
        return True
    try:
        record = json.loads(line)
    except json.JSONDecodeError:
        return False
    if not isinstance(record, dict):
        return False
    return record.get("level") in ("error", "critical") or ("exception" in record and record.get("level") == "warning")


async def until(look: Callable[[], Awaitable[Any]], what: str, seconds: float) -> Any:
    """The first truthy answer of `look`."""
    try:
        async with asyncio.timeout(seconds):
            while not (answer := await look()):  # noqa: ASYNC110 - another process is asked
                await asyncio.sleep(0.5)
            return answer
    except TimeoutError:
        pytest.fail(f"waited {seconds:.0f} s for {what}")


@asynccontextmanager
async def demo_instance(home: Path, **environment: str) -> AsyncIterator[DemoInstance]:
    """The instance over `home`, once the demo's history is told and its alerts are sent."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {
        "PULSEPOINT_DEMO": "1",
        "PULSEPOINT_DEMO_DAYS": str(HISTORY_DAYS),
        "PULSEPOINT_SANDBOX_PORT": str(port),
        **environment,
    }
    async with AsyncExitStack() as stack:
        instance = await stack.enter_async_context(running_instance(home, environment))
        access = instance.access
        http = await stack.enter_async_context(httpx.AsyncClient(base_url=access.address, trust_env=False))
        api = InstanceApi(http, (access.email, access.password))
        file = await until(lambda: _filled(home), "the demo's history", 600)
        world = await stack.enter_async_context(httpx.AsyncClient(base_url=file.sandbox_url, trust_env=False))
        yield DemoInstance(instance, api, SandboxApi(world, file.control_token), file)


async def _filled(home: Path) -> DemoFile | None:
    file = read_demo(home)
    return file if file is not None and file.filled and file.sends_alerts else None
