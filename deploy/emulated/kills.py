"""`kill -9` to services of the emulated cloud while something goes on, for checks and tests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random

from deploy.emulated.instance_process import EmulatedProcess
from deploy.emulated.processes import RunningProcess
from pulsepoint.events.catalog import SERVICES

KILL_EVERY = (3.0, 6.0)


@asynccontextmanager
async def killing(instance: EmulatedProcess, seed: int) -> AsyncIterator[list[str]]:
    """Kill one random service at once and every few seconds until the end, then wait until all are up; yields whom.

    Raises what stopped the killing before its time.
    """
    chance = Random(seed)  # noqa: S311 - which service dies is no secret
    killed, last = list[str](), dict[str, RunningProcess]()

    async def forever() -> None:
        while True:
            name = chance.choice(SERVICES)
            last[name] = instance.kill_service(name)
            killed.append(name)
            await asyncio.sleep(chance.uniform(*KILL_EVERY))

    killer = asyncio.create_task(forever())
    try:
        yield killed
    finally:
        killer.cancel()
        [ended] = await asyncio.gather(killer, return_exceptions=True)
    if isinstance(ended, Exception):
        raise ended
    for name, before in last.items():
        await instance.up_again(name, before)
