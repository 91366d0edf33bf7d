"""The warehouse of one machine under watch: a file that is lost, damaged or fails is opened again or made anew.

What is asked meanwhile is unavailable, and said to be; nothing that was acknowledged depends on the file.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TypeVar

import duckdb
import structlog

from pulsepoint.adapters.duckdb.archive import FactArchive
from pulsepoint.adapters.duckdb.rebuild import Settings, opened, put_aside
from pulsepoint.adapters.duckdb.warehouse import DuckDBWarehouse
from pulsepoint.errors import EngineUnavailable, PulsepointError
from pulsepoint.faults import Faults, Reason
from pulsepoint.ports.document_store import FactRow
from pulsepoint.tenancy import TenantContext
from pulsepoint.values import QueryValue, Row

log = structlog.get_logger(__name__)
LOOK_SECONDS = 2.0
RETRY_SECONDS = 2.0
SETTINGS: Settings = {"memory_limit": "2GB", "threads": 2}
Answer = TypeVar("Answer")
FILE_FAILED = (duckdb.IOException, duckdb.FatalException, duckdb.InternalException)
"""After these the file is opened anew, every block of it read."""


@asynccontextmanager
async def open_healing_warehouse(path: Path, folder: Path, faults: Faults) -> AsyncIterator[HealingWarehouse]:
    """The warehouse in `path` with its archive in `folder`; returns at once, though it may have to be made anew first.

    `faults` has what is wrong with it. Raises `EngineUnavailable` where another process has the file.
    """
    warehouse = HealingWarehouse(path, folder, faults)
    await warehouse.begin()
    watching = asyncio.create_task(warehouse.watch(), name="watch-warehouse")
    try:
        yield warehouse
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        await warehouse.close()


class HealingWarehouse:
    """Implements `pulsepoint.ports.warehouse.Warehouse` over a `DuckDBWarehouse` that may be replaced."""

    def __init__(self, path: Path, folder: Path, faults: Faults) -> None:
        self._path = path
        self._folder = folder
        self._faults = faults
        self._open: DuckDBWarehouse | None = None
        self._inode = 0
        self._archive: FactArchive | None = None
        self._failed = asyncio.Event()
        self._anew = False

    async def append(self, facts: Sequence[FactRow]) -> frozenset[str]:
        """See `Warehouse.append`."""
        return await self._using(lambda warehouse: warehouse.append(facts))

    async def query(
        self, scope: TenantContext, sql: str, parameters: Mapping[str, QueryValue] | None = None
    ) -> list[Row]:
        """See `Warehouse.query`."""
        return await self._using(lambda warehouse: warehouse.query(scope, sql, parameters))

    async def refresh_current(self, scope: TenantContext) -> int:
        """See `Warehouse.refresh_current`."""
        return await self._using(lambda warehouse: warehouse.refresh_current(scope))

    async def begin(self) -> None:
        """Opens the file where that is quick; one that must be made anew is, once `watch` runs."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        if self._path.exists() or not FactArchive(self._folder).last:
            await self._open_again(thorough=False, rebuild=False)
        if self._open is None:
            self._faults.report(Reason.WAREHOUSE_REBUILDING)
            self._failed.set()

    async def watch(self) -> None:
        """Looks after the file and its archive without end: what fails now is tried again."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._failed.wait()
            try:
                await self.look()
            except Exception:
                log.exception("warehouse.look_failed")
                await asyncio.sleep(RETRY_SECONDS)

    async def look(self) -> None:
        """Opens a file again that failed or is lost; else closes what of the archive is whole."""
        if self._failed.is_set() or self._is_lost():
            await self._heal()
        elif self._archive is not None:
            await self._close_segments(self._archive)

    def rebuild(self) -> None:
        """Has the file made anew from the archive, soon."""
        self._anew = True
        self._fail(Reason.WAREHOUSE_REBUILDING)

    async def close(self) -> None:
        """Finishes what waits and closes the file."""
        if self._open is not None:
            await self._open.close()
        if self._archive is not None:
            self._archive.roll()

    async def _using(self, call: Callable[[DuckDBWarehouse], Awaitable[Answer]]) -> Answer:
        if self._open is None:
            raise EngineUnavailable("the warehouse is being opened or rebuilt")
        try:
            return await call(self._open)
        except EngineUnavailable as error:
            if isinstance(error.__cause__, FILE_FAILED):
                self._fail(Reason.WAREHOUSE_FAILED)
            raise

    def _fail(self, reason: Reason) -> None:
        if not self._failed.is_set():
            self._faults.report(reason)
            self._failed.set()

    def _is_lost(self) -> bool:
        try:
            return self._path.stat().st_ino != self._inode
        except OSError:  # also a folder that is none any more, or may not be read
            return True

    async def _heal(self) -> None:
        self._faults.report(Reason.WAREHOUSE_FAILED)
        failing, self._open = self._open, None
        if failing is not None:
            try:
                await failing.close()
            except PulsepointError as error:
                log.warning("warehouse.not_closed", error=str(error)[:300])
        while True:
            try:
                await self._open_again(thorough=True, rebuild=True)
                break
            except (EngineUnavailable, OSError) as error:
                log.warning("warehouse.not_opened", error=str(error)[:500])
            await asyncio.sleep(RETRY_SECONDS)
        self._failed.clear()
        self._faults.clear("warehouse")

    async def _open_again(self, *, thorough: bool, rebuild: bool) -> None:
        if self._archive is not None:
            self._archive.roll()
        self._archive = await asyncio.to_thread(FactArchive, self._folder)
        if self._anew:
            await asyncio.to_thread(put_aside, self._path)
            self._anew = False
        connection = await asyncio.to_thread(
            opened, self._path, self._archive, SETTINGS, self._progress if rebuild else None, thorough=thorough
        )
        if connection is not None:
            self._open = DuckDBWarehouse(connection, archive=self._archive)
            self._inode = self._path.stat().st_ino

    def _progress(self, done: int, total: int) -> None:
        self._faults.report(Reason.WAREHOUSE_REBUILDING, done=done, total=total)

    async def _close_segments(self, archive: FactArchive) -> None:
        try:
            await asyncio.to_thread(archive.close_segments)
        except (OSError, duckdb.Error) as error:
            log.warning("archive.segment_waits", error=str(error)[:300])
