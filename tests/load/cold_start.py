"""How long each service takes from process start to its first answer, against an empty FastAPI app."""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from gateway.adapters.identity_store.provision import provision, upgrade
from pulsepoint.adapters.postgres.server import embedded_server
from pulsepoint.events.catalog import SERVICES
from tests.load.table import Row, median_of_ratios

ROOT = Path(__file__).resolve().parents[2]
EMPTY = "tests.load.servers:empty_app"
ENVIRONMENT = {
    "PULSEPOINT_PROFILE": "memory",
    "PULSEPOINT_SHOPIFY_API_SECRET": "bench-secret-of-no-importance-0001",
    "PULSEPOINT_SECRET_KEY": "bench-key-of-no-importance-bench-key-0001",
    "PULSEPOINT_ADMIN_PASSWORD": "bench-password-of-no-importance",
}


def free_port() -> int:
    """A TCP port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def identity_store() -> Iterator[dict[str, str]]:
    """The environment that tells the gateway where a migrated identity store is, as in production."""
    with tempfile.TemporaryDirectory() as home, embedded_server(Path(home) / "postgres") as dsn:

        async def made() -> str:
            owner, runtime = await provision(dsn, owner_password=secrets.token_hex(16), runtime_password="x" * 24)
            await upgrade(owner)
            return runtime

        yield {"PULSEPOINT_DATABASE_URL": asyncio.run(made())}


def seconds_to_first_answer(factory: str, environment: dict[str, str]) -> float:
    """Start `factory` under uvicorn, wait for /healthz, stop it."""
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "--factory", factory, "--port", str(port), "--log-level", "error"]
    started = time.perf_counter()
    with subprocess.Popen(command, cwd=ROOT, env={**os.environ, **environment}) as process:
        try:
            while True:
                if process.poll() is not None:
                    raise RuntimeError(f"{factory} ended with {process.returncode} before it answered")
                try:
                    with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5) as answer:
                        if answer.status == 200:
                            return time.perf_counter() - started
                except (urllib.error.URLError, ConnectionError):
                    time.sleep(0.005)
                if time.perf_counter() - started > 60:
                    raise RuntimeError(f"{factory} did not answer within 60 s")
        finally:
            process.terminate()


def measure(*, quick: bool = False) -> list[Row]:
    """One row a service; everything is compiled beforehand, as an image has it."""
    rounds = 2 if quick else 7
    factories = {name: f"{name.replace('-', '_')}.main:app" for name in SERVICES}
    taken: dict[str, list[float]] = {name: [] for name in ("empty", *factories)}
    with identity_store() as where, tempfile.TemporaryDirectory() as bytecode:
        environment = {**ENVIRONMENT, **where, "PYTHONPYCACHEPREFIX": bytecode, "PYTHONDONTWRITEBYTECODE": ""}
        for round_number in range(-1, rounds):  # the first one compiles
            for name, factory in {"empty": EMPTY, **factories}.items():
                seconds = seconds_to_first_answer(factory, environment)
                if round_number >= 0:
                    taken[name].append(seconds)
    rows = [Row("cold start, empty FastAPI app", median(taken["empty"]) * 1000, "ms")]
    for name in factories:
        ratio = median_of_ratios(taken[name], taken["empty"])
        rows.append(Row(f"cold start, {name}", median(taken[name]) * 1000, "ms", "empty FastAPI app", ratio, "<= 2.0"))
    return rows
