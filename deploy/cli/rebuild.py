"""`pulsepoint rebuild`: the warehouse made anew from its archive, watched until it is whole."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from deploy.cli.home import InstanceAccess
from deploy.cli.instance_client import open_client
from deploy.cli.progress import Progress

LOOK_SECONDS = 0.5
PERCENT = 100


class Rebuilding(Protocol):
    """The part of the instance's client that a rebuild needs."""

    async def rebuild(self) -> None: ...

    async def readiness(self) -> dict[str, Any]: ...


async def rebuild(access: InstanceAccess, progress: Progress) -> None:
    """Asks the instance for it and returns once it is ready again; raises `NoInstance` and `InstanceRefused`."""
    async with open_client(access) as client:
        await client.log_in()
        await watched(client, progress)


async def watched(
    client: Rebuilding, progress: Progress, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
) -> None:
    """A rebuild with a bar in percent."""
    await client.rebuild()
    shown = 0
    with progress.bar("Rebuilding the warehouse", PERCENT) as advance:
        while (readiness := await client.readiness())["status"] != "ready":
            for fault in readiness["faults"]:
                if fault["total"]:
                    done = fault["done"] * PERCENT // fault["total"]
                    advance(max(done - shown, 0))
                    shown = max(done, shown)
            await sleep(LOOK_SECONDS)
        advance(PERCENT - shown)
