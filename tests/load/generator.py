"""A load generator cheap enough to saturate a server from one other core: pre-encoded requests, counted answers."""

from __future__ import annotations

import asyncio
import time

import uvloop

OK = b"HTTP/1.1 200"


class _Connection(asyncio.Protocol):
    """One keep-alive connection with one request in flight, as a webhook sender has."""

    def __init__(self, request: bytes, until: float) -> None:
        self._request = request
        self._until = until
        self.answered = 0
        self.failed = 0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._write()

    def _write(self) -> None:
        self._transport.write(self._request)  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        self.answered += 1
        self.failed += not data.startswith(OK)
        if time.perf_counter() < self._until:
            self._write()
        elif not self.done.done():
            self.done.set_result(None)

    def connection_lost(self, error: Exception | None) -> None:
        if not self.done.done():
            self.done.set_result(None)


async def _drive(port: int, request: bytes, connections: int, seconds: float) -> float:
    loop = asyncio.get_running_loop()
    started = time.perf_counter()
    made = [
        (await loop.create_connection(lambda: _Connection(request, started + seconds), "127.0.0.1", port))[1]
        for _ in range(connections)
    ]
    await asyncio.wait_for(asyncio.gather(*(connection.done for connection in made)), seconds + 30)
    taken = time.perf_counter() - started
    failed = sum(connection.failed for connection in made)
    if failed:
        raise RuntimeError(f"{failed} requests were not answered with 200")
    return sum(connection.answered for connection in made) / taken


def rate(port: int, request: bytes, *, connections: int = 32, seconds: float = 2.0) -> float:
    """Answers a second from 127.0.0.1:`port` under full load; raises when any answer is not 200."""
    return uvloop.run(_drive(port, request, connections, seconds))
