"""A real server process behind the door, and sockets that misbehave in front of it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import psutil

from tests.builders.shopify import SECRET, as_bytes, order_body, sign

FACTORY = "tests.builders.door:webhooks"
LONGEST_WAIT = 30.0


def webhooks() -> Any:
    """The webhook address over a bus in memory, as a factory for a server process."""
    from pydantic import SecretStr

    from ingest_shopify.endpoints import webhook_app
    from ingest_shopify.settings import Settings
    from pulsepoint.adapters.system_clock import SystemClock

    class Bus:
        async def publish(self, messages: Any) -> None:
            """Forget them: what is measured is what unfinished requests leave."""

    @dataclass
    class Ports:
        bus: Any
        clock: Any

    return webhook_app(Ports(Bus(), SystemClock()), Settings(shopify_api_secret=SecretStr(SECRET)))


@dataclass(frozen=True, slots=True)
class Server:
    """A running server."""

    port: int
    pid: int

    @property
    def memory(self) -> int:
        """Bytes resident."""
        return int(psutil.Process(self.pid).memory_info().rss)

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """The process stands still meanwhile, as in a debugger or a machine that is moved; the kernel goes on."""
        os.kill(self.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self.pid, signal.SIGCONT)

    def connect(self, *, source: str = "127.0.0.1") -> socket.socket:
        """An open connection."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=LONGEST_WAIT, source_address=(source, 0))

    def say(self, *parts: bytes) -> socket.socket:
        """A connection on which `parts` were sent."""
        connection = self.connect()
        for part in parts:
            connection.sendall(part)
        return connection

    def deliver(self) -> int:
        """The status of an honest webhook on a connection of its own."""
        body = as_bytes(order_body())
        headers = {"X-Shopify-Hmac-Sha256": sign(body), "X-Shopify-Topic": "orders/create"}
        url = f"http://127.0.0.1:{self.port}/webhooks/shopify"
        return httpx.post(url, content=body, headers=headers, trust_env=False, timeout=LONGEST_WAIT).status_code


def until_closed(connection: socket.socket) -> bytes:
    """What the server says until it closes; raises `TimeoutError` where it never does."""
    said = b""
    try:
        while part := connection.recv(65536):
            said += part
    except (ConnectionResetError, BrokenPipeError):
        pass
    finally:
        connection.close()
    return said


def head(length: int | None, *lines: bytes) -> bytes:
    """The head of a webhook with a body of `length` bytes; None: in chunks."""
    framing = b"transfer-encoding: chunked" if length is None else b"content-length: %d" % length
    return b"\r\n".join(
        [b"POST /webhooks/shopify HTTP/1.1", b"host: x", b"x-shopify-hmac-sha256: x", framing, *lines, b"", b""]
    )


@contextmanager
def served(*, options: Sequence[str] = (), **settings: object) -> Iterator[Server]:
    """A server process with these settings of the door, and options of uvicorn."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        **{f"PULSEPOINT_HTTP_{name.upper()}": str(value) for name, value in settings.items()},
    }
    command = [sys.executable, "-m", "pulsepoint.runtime.serve", "--factory", FACTORY, "--port", str(port), *options]
    process = subprocess.Popen(command, env=environment)
    try:
        server = Server(port, process.pid)
        _wait_for(server, process)
        yield server
    finally:
        process.terminate()
        process.wait(LONGEST_WAIT)


def _wait_for(server: Server, process: subprocess.Popen[bytes]) -> None:
    # Not by connecting: to a port nobody listens on, a connection may be to itself.
    while process.poll() is None:
        listening = psutil.Process(server.pid).net_connections()
        if any(each.status == psutil.CONN_LISTEN and each.laddr.port == server.port for each in listening):
            return
        os.sched_yield()
    raise RuntimeError("the server did not start")
