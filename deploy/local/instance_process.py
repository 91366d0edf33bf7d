"""An instance as a process of its own over a home directory: started, killed, started again, asked whether it is idle.

For checks and tests that prove things about the real process; a person starts an instance with `make run`.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import httpx

from deploy.cli.home import InstanceAccess, read_access

START_SECONDS = 180.0
STOP_SECONDS = 60.0
POLL_SECONDS = 0.05
ROOT = Path(__file__).resolve().parents[2]


class InstanceFailed(Exception):
    """The instance ended or did not get ready; the message holds the end of its log."""


class InstanceProcess:
    """One home, one port, at most one process at a time."""

    module = "deploy.local"

    def __init__(self, home: Path, environment: Mapping[str, str] | None = None) -> None:
        self.home = home
        self.log = home / "instance.log"
        self._port = _free_port()
        self._environment = dict(environment or {})
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def access(self) -> InstanceAccess:
        """URL, log-in and secret; raises `NoInstance` before the first start."""
        return read_access(self.own_home)

    @property
    def own_home(self) -> Path:
        """The folder of the instance's own files: PULSEPOINT_HOME, or one below it."""
        return self.home

    @property
    def running(self) -> bool:
        """True while the process lives."""
        return self._process is not None and self._process.poll() is None

    def start(self, **extra: str) -> None:
        """Starts the process without waiting for it, with `extra` variables; raises `AssertionError` where it runs."""
        assert not self.running, "two instances never share a home"
        self.home.mkdir(parents=True, exist_ok=True)
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
            "PORT": str(self._port),
            "PULSEPOINT_HOME": str(self.home),
            "PULSEPOINT_DEMO": "0",
            **self._environment,
            **extra,
        }
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 (our own modules)
                [sys.executable, "-m", self.module],
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # Its own group: a Ctrl-C at the check reaches the instance through `stop` alone.
                start_new_session=True,
            )

    async def ready(self, seconds: float = START_SECONDS) -> None:
        """Wait until the instance answers; raises `InstanceFailed` when it ends or takes longer."""
        deadline = time.monotonic() + seconds
        async with httpx.AsyncClient(trust_env=False) as http:
            while time.monotonic() < deadline:
                if not self.running:
                    raise InstanceFailed(f"The instance ended by itself.\n{self._last_words()}")
                try:
                    response = await http.get(f"http://127.0.0.1:{self._port}/readyz", timeout=5)
                    if response.status_code == httpx.codes.OK:
                        return
                except httpx.TransportError:
                    pass
                await asyncio.sleep(POLL_SECONDS)
        raise InstanceFailed(f"The instance was not ready after {seconds:.0f} s.\n{self._last_words()}")

    async def ended(self, seconds: float) -> int:
        """Wait until the process has ended by itself; its exit code. Raises `InstanceFailed` when it lives on."""
        assert self._process is not None
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            code = self._process.poll()
            if code is not None:
                return code
            await asyncio.sleep(POLL_SECONDS)
        raise InstanceFailed(f"The instance still lives after {seconds:.0f} s.\n{self._last_words()}")

    def kill(self) -> None:
        """`kill -9`, as a power cut would; does nothing where no process was started."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    async def stop(self) -> int:
        """End it as Ctrl-C would; its exit code. Kills it when that takes too long."""
        assert self._process is not None
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        try:
            return await self.ended(STOP_SECONDS)
        except InstanceFailed:
            self.kill()
            raise

    async def idle(self, seconds: float) -> None:
        """Wait until no message waits and nothing committed is unfinished; raises `InstanceFailed` after `seconds`."""
        deadline = time.monotonic() + seconds
        connection = await asyncpg.connect(self._dsn())
        try:
            while time.monotonic() < deadline:
                waiting = await connection.fetchval(WAITING)
                if waiting == 0:
                    return
                await asyncio.sleep(0.25)
        finally:
            await connection.close()
        raise InstanceFailed(f"After {seconds:.0f} s {waiting} messages still wait.\n{self._last_words()}")

    def _dsn(self) -> str:
        """The embedded server's socket, from its own pid file (https://www.postgresql.org/docs/18/storage-file-layout.html)."""
        lines = (self.home / "postgres" / "postmaster.pid").read_text().splitlines()
        port, directory = lines[3], lines[4]
        return f"postgresql://postgres@/postgres?host={directory}&port={port}"

    def _last_words(self) -> str:
        return self.log.read_text(errors="replace")[-3000:] if self.log.exists() else ""


WAITING = """
SELECT (SELECT count(*) FROM kernel.queue WHERE subscription NOT LIKE '%observability%')
     + (SELECT count(*) FROM kernel.leftovers)
"""


@asynccontextmanager
async def running(instance: InstanceProcess) -> AsyncIterator[None]:
    """A context manager in which the instance runs and is ready; it is ended on exit."""
    instance.start()
    try:
        await instance.ready()
        yield
    finally:
        await instance.stop()


@asynccontextmanager
async def running_instance(home: Path, environment: Mapping[str, str] | None = None) -> AsyncIterator[InstanceProcess]:
    """A context manager of a ready instance over `home`, ended on exit."""
    instance = InstanceProcess(home, environment)
    async with running(instance):
        yield instance


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
