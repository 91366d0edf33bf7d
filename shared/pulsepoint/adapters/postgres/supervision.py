"""Watches the embedded server and its disk: what is gone is started again, what is full is waited for.

A postmaster that was killed takes its backends with it; one that ran out of disk ends when it cannot write its log
(https://www.postgresql.org/docs/18/disk-full.html). Both are found within a second and started until they hold.
"""

from __future__ import annotations

import asyncio
import errno
import os
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path

import asyncpg
import psutil
import structlog

from pulsepoint.adapters.postgres.errors import VENDOR_ERRORS
from pulsepoint.adapters.postgres.place import ELSEWHERE
from pulsepoint.adapters.postgres.postmaster import postmaster_of
from pulsepoint.adapters.postgres.server import PostgresServer, start_server, stop_server
from pulsepoint.errors import EngineUnavailable
from pulsepoint.faults import Faults, Reason

log = structlog.get_logger(__name__)
LOOK_SECONDS = 1.0
ANSWER_SECONDS = 5.0
LONGEST_PAUSE = 15.0
LEAST_ROOM = 16 * 1024 * 1024
"""Bytes: one segment of PostgreSQL's log."""
ROOM_AGAIN = 2 * LEAST_ROOM
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
Room = Callable[[Path, int], bool]
Start = Callable[[], PostgresServer]


@asynccontextmanager
async def supervised_server(
    directory: Path, faults: Faults, settings: Mapping[str, str] | None = None, *, elsewhere: Path = ELSEWHERE
) -> AsyncIterator[str]:
    """The DSN of the server that keeps its data in `directory`, watched until exit; stopped then.

    Raises `EngineUnavailable` when it does not start at all.
    """
    start = partial(start_server, directory, settings, elsewhere=elsewhere)
    supervisor = Supervisor(directory, faults, start)
    await supervisor.begin()
    watching = asyncio.create_task(supervisor.watch(), name="supervise-postgresql")
    try:
        yield supervisor.dsn
    finally:
        await supervisor.end(watching)


def has_room(directory: Path, count: int) -> bool:
    """True where `count` bytes can be had in `directory`: asked of the disk, since quotas show in no total."""
    probe = directory / f".room.{os.getpid()}"
    try:
        handle = os.open(probe, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o600)
        try:
            os.posix_fallocate(handle, 0, count)
        finally:
            os.close(handle)
    except OSError as error:
        return error.errno not in NO_ROOM
    finally:
        with suppress(OSError):
            probe.unlink()
    return True


class Supervisor:
    """One server in `directory`, its disk, and the faults they have."""

    def __init__(
        self,
        directory: Path,
        faults: Faults,
        start: Start,
        *,
        room: Room = has_room,
    ) -> None:
        self._directory = directory
        self._faults = faults
        self._start = start
        self._room = room
        self._server: PostgresServer | None = None
        self._not_before = 0.0
        self._pause = LOOK_SECONDS
        self._connection: asyncpg.Connection | None = None
        self.dsn = ""

    async def begin(self) -> None:
        """Starts the server, or takes over one that runs; raises `EngineUnavailable`."""
        server = await asyncio.to_thread(self._start_server)
        self.dsn = server.get_uri()

    async def watch(self) -> None:
        """Looks every second, without end: what cannot be looked at now is looked at again."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                await self.look()
            except Exception:
                log.exception("postgresql.look_failed")

    async def look(self) -> None:
        """Notices what is wrong, mends what can be mended, and says both."""
        await asyncio.to_thread(self._look_at_disk)
        if not await asyncio.to_thread(self._is_alive):
            self._faults.report(Reason.POSTGRESQL_GONE)
            await self._start_again()
        elif await self._answers():
            self._faults.clear("postgresql")
            self._pause = LOOK_SECONDS
        else:
            self._faults.report(Reason.POSTGRESQL_SILENT)

    async def end(self, watching: asyncio.Task[None]) -> None:
        """Ends the watching, then the server: never while it is being started."""
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        self._disconnect()
        if self._server is not None:
            await asyncio.to_thread(stop_server, self._server)

    def _start_server(self) -> PostgresServer:
        self._server = self._start()
        return self._server

    async def _start_again(self) -> None:
        if time.monotonic() < self._not_before:
            return
        starting = asyncio.create_task(asyncio.to_thread(self._start_server))
        try:
            await asyncio.shield(starting)
        except asyncio.CancelledError:
            await asyncio.wait([starting])
            raise
        except EngineUnavailable as error:
            log.warning("postgresql.not_started", error=str(error)[:1000])
            self._faults.report(Reason.POSTGRESQL_NOT_STARTED)
            self._pause = min(self._pause * 2, LONGEST_PAUSE)
            self._not_before = time.monotonic() + self._pause

    def _is_alive(self) -> bool:
        try:
            return self._server is not None and postmaster_of(self._server.data) is not None
        except (OSError, psutil.Error):
            return False

    async def _answers(self) -> bool:
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                if self._connection is None:
                    self._connection = await asyncpg.connect(self.dsn)
                answer: bool = await self._connection.fetchval("SELECT true")
                return answer
        except VENDOR_ERRORS:
            self._disconnect()
            return False

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None

    def _look_at_disk(self) -> None:
        full = any(fault.reason is Reason.DISK_FULL for fault in self._faults.current())
        count = ROOM_AGAIN if full else LEAST_ROOM
        if all(self._room(folder, count) for folder in self._disks()):
            self._faults.clear("disk")
        else:
            self._faults.report(Reason.DISK_FULL)

    def _disks(self) -> list[Path]:
        """A folder on each disk that is written to: of the home, and of the server's data where that lies elsewhere."""
        folders = [self._directory.parent, *([self._server.data] if self._server else [])]
        return list({folder.stat().st_dev: folder for folder in reversed(folders) if folder.exists()}.values())
