"""Deliveries a second at the webhook address, against a bare ASGI app that only checks the HMAC.

Each server runs on one core of its own; the load and the database have the others.
"""

from __future__ import annotations

import base64
import hmac
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import mean, median

from pulsepoint.adapters.postgres.server import embedded_server
from tests.load.cold_start import free_port
from tests.load.generator import rate
from tests.load.servers import SECRET
from tests.load.table import Row, median_of_ratios

ROOT = Path(__file__).resolve().parents[2]
ORDER_BYTES = 6_300


def signed_request() -> bytes:
    """One order delivery of 6.3 kB as HTTP/1.1 bytes."""
    order = {"id": 1, "line_items": [], "note": ""}
    order["note"] = "x" * (ORDER_BYTES - len(json.dumps(order)))
    body = json.dumps(order).encode()
    signature = base64.b64encode(hmac.digest(SECRET.encode(), body, "sha256")).decode()
    head = (
        "POST /webhooks/shopify HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\nX-Shopify-Topic: orders/create\r\nX-Shopify-Hmac-Sha256: {signature}\r\n"
        "X-Shopify-Shop-Domain: bench.myshopify.com\r\nX-Shopify-API-Version: 2026-04\r\n"
        "X-Shopify-Webhook-Id: b54557e4-bdd9-4b37-8a5f-bf7d70bcd043\r\n"
        "X-Shopify-Event-Id: 98880550-7158-44d4-b7cd-2c97c8a091b5\r\n"
        "X-Shopify-Triggered-At: 2026-03-29T18:00:27.877041743Z\r\n\r\n"
    )
    return head.encode() + body


@contextmanager
def serving(factory: str, *, module: str = "pulsepoint.runtime.serve", **environment: str) -> Iterator[int]:
    """A uvicorn of `factory` pinned to one core, ours behind the door; yields its port."""
    port = free_port()
    command = [sys.executable, "-m", module, "--factory", f"tests.load.servers:{factory}", "--port", str(port)]
    command += ["--loop", "uvloop", "--http", "httptools", "--no-access-log", "--log-level", "error"]
    with subprocess.Popen(command, cwd=ROOT, env={**os.environ, **environment}) as process:
        try:
            pin(process.pid, {0})
            wait_for_port(port, process)
            yield port
        finally:
            process.terminate()


def pin(pid: int, cores: set[int]) -> None:
    """Keep a process to some cores, where the system can and has more than one."""
    if hasattr(os, "sched_setaffinity") and (os.cpu_count() or 1) > 1:
        os.sched_setaffinity(pid, cores)


def wait_for_port(port: int, process: subprocess.Popen[bytes], *, seconds: float = 60) -> None:
    """Until something listens; raises when the process ends before."""
    import socket

    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with {process.returncode}")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise RuntimeError("the server did not listen in time")


def in_turns(ports: dict[str, int], request: bytes, seconds: float) -> dict[str, float]:
    """Mean rate of each server over `seconds`, taken in turns of a quarter each.

    From one second to the next a shared machine differs by a tenth; and from one process to the next the same code
    does, where memory falls: so a run starts its servers anew.
    """
    turns = [
        {name: rate(port, request, connections=64, seconds=seconds / 4) for name, port in ports.items()}
        for _ in range(5)
    ]
    return {name: mean(turn[name] for turn in turns[1:]) for name in ports}  # the first warms up


def _round(request: bytes, dsn: str, seconds: float) -> dict[str, float]:
    cores = os.sched_getaffinity(0)
    with ExitStack() as stack:
        ports = {
            "bare": stack.enter_context(serving("bare_hmac_app", module="uvicorn")),
            "memory": stack.enter_context(serving("webhook_on_memory")),
            "postgres": stack.enter_context(serving("webhook_on_postgres", BENCH_DSN=dsn)),
        }
        pin(0, cores - {0} or cores)
        stack.callback(os.sched_setaffinity, 0, cores)
        return in_turns(ports, request, seconds)


def measure(*, quick: bool = False) -> list[Row]:
    """Two rows: on the memory bus, and committed to the PostgreSQL queue before the 2xx."""
    request = signed_request()
    rounds, seconds = (2, 0.5) if quick else (7, 2.0)
    rates: dict[str, list[float]] = {"bare": [], "memory": [], "postgres": []}
    with tempfile.TemporaryDirectory() as home, embedded_server(Path(home) / "postgres") as dsn:
        for _ in range(rounds):
            for name, got in _round(request, dsn, seconds).items():
                rates[name].append(got)
    bare = "bare ASGI app, HMAC only"
    memory, postgres = (median_of_ratios(rates[name], rates["bare"]) for name in ("memory", "postgres"))
    return [
        Row("deliveries, bare ASGI app, HMAC only", median(rates["bare"]), "1/s"),
        Row(
            "deliveries, verified and acknowledged, memory bus", median(rates["memory"]), "1/s", bare, memory, ">= 0.85"
        ),
        Row("deliveries, committed to PostgreSQL first", median(rates["postgres"]), "1/s", bare, postgres, ">= 0.35"),
    ]
