"""Processes of the emulated cloud: started, waited for, started again when they die, and ended in order."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import httpx
import orjson
import psutil

from pulsepoint.errors import EngineUnavailable

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 120.0
STOP_SECONDS = 10.0
"""What Cloud Run grants after SIGTERM: https://cloud.google.com/run/docs/container-contract#instance-shutdown"""
SHORT_LIFE_SECONDS = 5.0
LONGEST_REST_SECONDS = 5.0
FILE = "processes.json"


@dataclass(frozen=True, slots=True)
class Child:
    """One process to keep running: it is ready once `ready_path` on its port gives any answer but a server error."""

    name: str
    arguments: tuple[str, ...]
    port: int
    ready_path: str
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def url(self) -> str:
        """The URL it listens on."""
        return f"http://127.0.0.1:{self.port}"


@dataclass(frozen=True, slots=True)
class RunningProcess:
    """A running process as `processes.json` tells it; `started` tells it from a later one with the same number."""

    pid: int
    started: float
    port: int = 0
    restarts: int = 0


class Processes:
    """The children of one supervisor; `tell` is given a line for people whenever one dies by itself."""

    def __init__(self, home: Path, tell: Callable[[str], None]) -> None:
        self._home = home
        self._tell = tell
        self._recorded: dict[str, RunningProcess] = {}
        self._running: dict[str, asyncio.subprocess.Process] = {}
        self._keepers: dict[str, asyncio.Task[None]] = {}
        self._ending: set[str] = set()

    def note(self, name: str, pid: int) -> None:
        """Records by `name` a process that somebody else started and ends."""
        self._write(name, pid, 0)

    async def start(self, child: Child) -> None:
        """Start a child and return once it is ready; from then on it is started again whenever it dies.

        Raises `EngineUnavailable` when it is not ready in time; its log says why.
        """
        await self._spawn(child)
        self._keepers[child.name] = asyncio.create_task(self._keep(child), name=f"keep {child.name}")
        await self._ready(child)

    async def stop(self, name: str) -> float:
        """End a child as Cloud Run would: SIGTERM, then SIGKILL after ten seconds; how long it took."""
        self._ending.add(name)
        process, started = self._running[name], time.monotonic()
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(process.wait(), STOP_SECONDS)
        except TimeoutError:
            self._tell(f"{name} did not end within {STOP_SECONDS:.0f} s and was killed")
            process.kill()
            await process.wait()
        await self._keepers[name]
        return time.monotonic() - started

    async def _keep(self, child: Child) -> None:
        restarts, rest = 0, 0.2
        while True:
            began = time.monotonic()
            code = await self._running[child.name].wait()
            if child.name in self._ending:
                return
            rest = 0.2 if time.monotonic() - began > SHORT_LIFE_SECONDS else min(2 * rest, LONGEST_REST_SECONDS)
            self._tell(f"{child.name} ended with {code} and is started again")
            await asyncio.sleep(rest)
            restarts += 1
            if child.name not in self._ending:
                await self._spawn(child, restarts)

    async def _spawn(self, child: Child, restarts: int = 0) -> None:
        logs = self._home / "logs"
        logs.mkdir(parents=True, exist_ok=True)
        with (logs / f"{child.name}.log").open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                *child.arguments,
                cwd=ROOT,
                env={**_inherited(), **child.environment},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # Its own group: Ctrl-C reaches the supervisor, which ends everything in order.
                start_new_session=True,
            )
        self._running[child.name] = process
        self._write(child.name, process.pid, child.port, restarts)

    async def _ready(self, child: Child) -> None:
        deadline = time.monotonic() + START_SECONDS
        async with httpx.AsyncClient(trust_env=False, timeout=2.0) as http:
            while time.monotonic() < deadline:
                with suppress(httpx.TransportError):
                    if not (await http.get(f"{child.url}{child.ready_path}")).is_server_error:
                        return
                await asyncio.sleep(0.05)
        raise EngineUnavailable(f"{child.name} was not ready after {START_SECONDS:.0f} s\n{self._last_words(child)}")

    def _last_words(self, child: Child) -> str:
        return (self._home / "logs" / f"{child.name}.log").read_text(errors="replace")[-2000:]

    def _write(self, name: str, pid: int, port: int, restarts: int = 0) -> None:
        with suppress(psutil.NoSuchProcess):
            self._recorded[name] = RunningProcess(pid, psutil.Process(pid).create_time(), port, restarts)
        fresh = self._home / f"{FILE}.new"
        fresh.write_bytes(orjson.dumps({name: asdict(record) for name, record in self._recorded.items()}))
        fresh.replace(self._home / FILE)


def recorded_processes(home: Path) -> dict[str, RunningProcess]:
    """Processes by name as the last supervisor of this home recorded them, gone or not; empty where none ever ran."""
    try:
        records: dict[str, Any] = orjson.loads((home / FILE).read_bytes())
    except FileNotFoundError:
        return {}
    return {name: RunningProcess(**record) for name, record in records.items()}


def living(record: RunningProcess) -> psutil.Process | None:
    """The process; None where it has ended, or its number is another's now."""
    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(record.pid)
        if abs(process.create_time() - record.started) < 1.0 and process.status() != psutil.STATUS_ZOMBIE:
            return process
    return None


def end_abandoned(home: Path) -> int:
    """End what a killed supervisor left running; how many processes there were."""
    left = [process for record in recorded_processes(home).values() if (process := living(record)) is not None]
    for process in left:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(left, timeout=STOP_SECONDS)
    return len(left)


def _inherited() -> dict[str, str]:
    """The environment without what would lead a process of this cloud elsewhere."""
    elsewhere = ("GOOGLE_", "GCP_", "PUBSUB_", "BIGQUERY_", "FIRESTORE_", "DATABASE_URL", "REDIS_URL", "SECRET_KEY")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(elsewhere)}
    return {**kept, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
