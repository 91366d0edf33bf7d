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
from pulsepoint.adapters.duckdb.archive_digests import DigestCheck
from pulsepoint.adapters.duckdb.rebuild import ArchiveDamaged, FactsLost, Settings, drop_aside, opened
from pulsepoint.adapters.duckdb.warehouse import DuckDBWarehouse
from pulsepoint.errors import EngineUnavailable, PulsepointError
from pulsepoint.faults import Faults, Reason
from pulsepoint.ports.document_store import FactRow
from pulsepoint.tenancy import TenantContext
from pulsepoint.values import QueryValue, Row

log = structlog.get_logger(__name__)
LOOK_SECONDS = 2.0
RETRY_SECONDS = 2.0
SIZE_LOOKS = 3
SETTINGS: Settings = {"memory_limit": "2GB", "threads": 2}
Answer = TypeVar("Answer")
FILE_FAILED = (duckdb.IOException, duckdb.FatalException, duckdb.InternalException)
"""After these the file is opened anew, every block of it read."""


Recorded = Callable[[], Awaitable[bool]]
"""True where facts were recorded, as is known elsewhere."""


async def _unknown() -> bool:
    return False


@asynccontextmanager
async def open_healing_warehouse(
    path: Path, folder: Path, faults: Faults, recorded: Recorded = _unknown
) -> AsyncIterator[HealingWarehouse]:
    """The warehouse in `path` with its archive in `folder`; returns at once, though it may have to be made anew first.

    `faults` has what is wrong with it. Where facts were `recorded` it never begins empty. Raises `EngineUnavailable`
    where another process has the file.
    """
    warehouse = HealingWarehouse(path, folder, faults, recorded)
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

    def __init__(self, path: Path, folder: Path, faults: Faults, recorded: Recorded = _unknown) -> None:
        self._path = path
        self._folder = folder
        self._faults = faults
        self._recorded = recorded
        self._open: DuckDBWarehouse | None = None
        self._inode = self._size = 0
        self._archive: FactArchive | None = None
        self._failed = asyncio.Event()
        self._check = DigestCheck(folder)
        self._damage: str | None = None
        self._anew = self._drops_free_blocks = False

    async def append(self, facts: Sequence[FactRow]) -> frozenset[str]:
        """See `Warehouse.append`."""
        return await self._using(lambda warehouse: warehouse.append(facts))

    async def query(
        self, scope: TenantContext, sql: str, parameters: Mapping[str, QueryValue] | None = None
    ) -> list[Row]:
        """See `Warehouse.query`."""
        return await self._using(lambda warehouse: warehouse.query(scope, sql, parameters))

    async def erase(self, scope: TenantContext, table: str, fact_ids: Sequence[str], columns: Sequence[str]) -> None:
        """See `Warehouse.erase`; `rewrite` gets rid of what the file's free blocks still hold."""
        await self._using(lambda warehouse: warehouse.erase(scope, table, fact_ids, columns))
        await asyncio.to_thread(drop_aside, self._path, self._folder)

    async def forget_brand(self, scope: TenantContext) -> None:
        """See `Warehouse.forget_brand`; as for `erase`."""
        await self._using(lambda warehouse: warehouse.forget_brand(scope))
        await asyncio.to_thread(drop_aside, self._path, self._folder)

    async def refresh_current(self, scope: TenantContext) -> int:
        """See `Warehouse.refresh_current`."""
        return await self._using(lambda warehouse: warehouse.refresh_current(scope))

    async def begin(self) -> None:
        """Opens the file where that is quick; one that must be made anew is, once `watch` runs."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        try:
            if self._path.exists() or not FactArchive(self._folder).last:
                await self._open_again(thorough=False, rebuild=False)
            reason = Reason.WAREHOUSE_REBUILDING
        except FactsLost:
            reason = Reason.WAREHOUSE_LOST
        except ArchiveDamaged:
            reason = Reason.ARCHIVE_DAMAGED
        if self._open is None:
            self._fail(reason)

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
        if not self._failed.is_set() and self._is_lost():
            self._fail(Reason.WAREHOUSE_FAILED)
        if not self._failed.is_set() and self._archive is not None:
            await self._look_at_archive(self._archive)
        if self._failed.is_set():
            await self._heal()

    def rebuild(self) -> None:
        """Has the file made anew from the archive, soon."""
        self._anew = True
        self._fail(Reason.WAREHOUSE_REBUILDING)

    def rewrite(self) -> None:
        """Has the file made anew, soon, and the one before dropped: what its free blocks hold was erased."""
        self._drops_free_blocks = True
        self.rebuild()

    async def close(self) -> None:
        """Finishes what waits and closes the file."""
        if self._open is not None:
            await self._open.close()
        if self._archive is not None:
            await asyncio.to_thread(self._archive.close)

    async def _using(self, call: Callable[[DuckDBWarehouse], Awaitable[Answer]]) -> Answer:
        if self._open is None:
            raise EngineUnavailable("the warehouse is being opened or rebuilt")
        try:
            return await call(self._open)
        except EngineUnavailable as error:
            if isinstance(error.__cause__, FILE_FAILED):
                self._fail(Reason.WAREHOUSE_FAILED)
            elif isinstance(error.__cause__, OSError) and self._archive is not None and self._archive.is_lost():
                self._fail(Reason.ARCHIVE_LOST)
            raise

    def _fail(self, reason: Reason, file: str = "") -> None:
        if not self._failed.is_set():
            self._faults.report(reason, work=file)
            self._failed.set()

    def _is_lost(self) -> bool:
        try:
            stat = self._path.stat()
        except OSError:  # also a folder that is none any more, or may not be read
            return True
        if stat.st_ino != self._inode:
            return True
        shrunk, self._size = stat.st_size < self._size, stat.st_size
        return shrunk and self._is_cut_off()

    def _is_cut_off(self) -> bool:
        """True for a file that is shorter than it says: a checkpoint may shorten both, one a moment after the other."""
        assert self._open is not None
        return all(self._path.stat().st_size < self._open.least_size() for _ in range(SIZE_LOOKS))

    async def _look_at_archive(self, archive: FactArchive) -> None:
        if archive.is_lost():
            self._fail(Reason.ARCHIVE_LOST)
            return
        await self._close_segments(archive)
        damage = archive.damage or await asyncio.to_thread(self._check.damaged)
        if damage is not None:
            log.warning("archive.damaged", file=damage)
            self._damage = damage
            self._fail(Reason.ARCHIVE_DAMAGED, damage)

    async def _heal(self) -> None:
        failing, self._open = self._open, None
        if failing is not None:
            try:
                await failing.close()
            except PulsepointError as error:
                log.warning("warehouse.not_closed", error=str(error)[:300])
        while True:
            try:
                rewritten = await self._open_again(thorough=True, rebuild=True)
                break
            except ArchiveDamaged as error:
                log.warning("archive.damaged", file=error.file)
                self._faults.report(Reason.ARCHIVE_DAMAGED, work=error.file)
                if self._anew:
                    # The file as it is may be whole: then the archive is made anew from it.
                    self._anew, self._damage = False, error.file
                    continue
            except FactsLost:
                self._faults.report(Reason.WAREHOUSE_LOST)
            except (EngineUnavailable, OSError) as error:
                log.warning("warehouse.not_opened", error=str(error)[:500])
            await asyncio.sleep(RETRY_SECONDS)
        self._failed.clear()
        for part in ("archive", "warehouse"):
            self._faults.clear(part)
        if self._drops_free_blocks and rewritten:
            await asyncio.to_thread(drop_aside, self._path, self._folder)
            self._drops_free_blocks = False
        elif self._drops_free_blocks:
            # It was opened as it is, since the archive had to be made anew from it.
            self.rebuild()

    async def _open_again(self, *, thorough: bool, rebuild: bool) -> bool:
        """True where the file was made anew without the one before."""
        if self._archive is not None:
            await asyncio.to_thread(self._archive.close)
        archive = self._archive = await asyncio.to_thread(FactArchive, self._folder)
        archive.damage, self._damage = archive.damage or self._damage, None
        connection = await asyncio.to_thread(
            lambda recorded: opened(
                *(self._path, archive, SETTINGS, self._progress if rebuild else None),
                thorough=thorough,
                anew=self._anew,
                recorded=recorded,
            ),
            not archive.last and await self._recorded(),
        )
        if connection is not None:
            rewritten = self._anew
            self._open, self._anew = DuckDBWarehouse(connection, archive=archive), False
            self._check = DigestCheck(self._folder)
            stat = self._path.stat()
            self._inode, self._size = stat.st_ino, stat.st_size
            return rewritten
        return False

    def _progress(self, done: int, total: int) -> None:
        self._faults.report(Reason.WAREHOUSE_REBUILDING, done=done, total=total)

    async def _close_segments(self, archive: FactArchive) -> None:
        try:
            await asyncio.to_thread(archive.close_segments)
        except (OSError, duckdb.Error) as error:
            log.warning("archive.segment_waits", error=str(error)[:300])
