"""The sandbox as a process of its own: the platforms are other companies' machines, and the world takes a core.

`python -m deploy.local.sandbox_process` reads one line of JSON (`SandboxOrder`) from standard input, serves
until that ends, and so never outlives the instance that started it.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import orjson
import stamina.instrumentation
import uvicorn

from pulsepoint.runtime.logs import configure_logs
from sandbox.platforms.app import Platforms, Resume, Tokens, create_platforms
from sandbox.platforms.clock import BusinessClock
from sandbox.platforms.control import strike_from
from sandbox.platforms.sending import Address
from sandbox.settings_file import named_world
from sandbox.world import World

PORT_TAKEN = 3


@dataclass(frozen=True, slots=True)
class SandboxOrder:
    """The world to play: timestamps as ISO text, `now` the world's time at the start."""

    world: str
    last_day: str
    days: int
    opened_at: str
    now: str
    played_until: str
    speed: float
    host: str
    port: int
    webhook_url: str
    trace_url: str
    secret: str = field(repr=False)
    control_token: str = field(repr=False)
    shopify_token: str = field(repr=False)
    ad_tokens: dict[str, str] = field(repr=False)
    strikes: list[dict[str, object]] = field(default_factory=list)
    log_level: str = "INFO"


async def serve(order: SandboxOrder) -> int:
    """Serve the platforms until standard input ends; the exit code."""
    configure_logs(order.log_level)
    # A delivery that is tried again is an ordinary day at Shopify, and no warning.
    stamina.instrumentation.set_on_retry_hooks(())
    try:
        listener = socket.create_server((order.host, order.port))
    except OSError as error:
        print(f"The sandbox cannot listen on {order.host}:{order.port} ({error.strerror}).", file=sys.stderr)
        return PORT_TAKEN
    world = World(named_world(order.world).ending(date.fromisoformat(order.last_day), order.days))
    async with create_platforms(
        world,
        clock=BusinessClock(datetime.fromisoformat(order.now), speed=order.speed),
        resume=Resume(
            datetime.fromisoformat(order.opened_at),
            datetime.fromisoformat(order.played_until),
            tuple(strike_from(strike) for strike in order.strikes),
        ),
        webhooks=Address(order.webhook_url, world.settings.shop.domain, order.secret),
        tokens=Tokens(order.control_token, order.shopify_token, order.ad_tokens),  # type: ignore[arg-type]
        trace_url=order.trace_url,
    ) as platforms:
        await _until_input_ends(platforms, listener)
    return 0


async def _until_input_ends(platforms: Platforms, listener: socket.socket) -> None:
    config = uvicorn.Config(
        platforms.app,
        lifespan="off",
        proxy_headers=False,
        log_config=None,
        access_log=False,
        server_header=False,
        # Clients keep a connection for five seconds; a server that closes it in the same moment loses their request.
        timeout_keep_alive=60,
    )
    server = _Server(config)
    served = asyncio.create_task(server.serve(sockets=[listener]))
    prepared = asyncio.create_task(platforms.control.prepare())
    ended = asyncio.create_task(_input_ended())
    await asyncio.wait({ended, served}, return_when=asyncio.FIRST_COMPLETED)
    if ended.done():
        # The instance is going: nobody takes a webhook any more, the world is made anew from its seed, and a thread
        # that still simulates must not hold the process back.
        os._exit(0)
    await asyncio.gather(prepared)


class _Server(uvicorn.Server):
    """A server that leaves signals alone: the instance ends this process through its standard input."""

    def capture_signals(self) -> Any:
        return nullcontext()


async def _input_ended() -> None:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin.buffer)
    while await reader.read(1024):
        pass


def main() -> None:
    """Reads the order as JSON from standard input and serves it until that ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    order = SandboxOrder(**orjson.loads(sys.stdin.buffer.readline()))
    sys.exit(asyncio.run(serve(order)))


if __name__ == "__main__":
    main()
