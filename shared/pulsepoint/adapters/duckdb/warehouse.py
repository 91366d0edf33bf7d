"""The warehouse on one machine: one DuckDB file, one writer thread, readers that never wait for it."""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import orjson

from pulsepoint.adapters.duckdb import schemas
from pulsepoint.adapters.duckdb.archive import FactArchive
from pulsepoint.adapters.duckdb.erasing import Change, Erasure, ForgottenBrand
from pulsepoint.adapters.duckdb.errors import as_pulsepoint_errors, mapped
from pulsepoint.errors import EngineUnavailable, MalformedInput
from pulsepoint.ports.document_store import FactRow
from pulsepoint.tenancy import TenantContext
from pulsepoint.values import QueryValue, Row
from pulsepoint.warehouse.dialect import to_duckdb
from pulsepoint.warehouse.rows import relations, row_check
from pulsepoint.warehouse.schema import SHARED_SCHEMA

MAX_BATCH_ROWS = 20_000
LONGEST_GATHERING = 0.5


@asynccontextmanager
async def open_duckdb(
    path: Path | str = ":memory:", *, memory_limit: str = "2GB", threads: int = 2, readers: int = 2
) -> AsyncIterator[DuckDBWarehouse]:
    """Open the warehouse file, made when absent; on leaving, finish waiting appends and checkpoint.

    Raises `EngineUnavailable` when the file cannot be opened (another process has it, or it is damaged).
    """
    if str(path) != ":memory:":
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    settings: dict[str, str | bool | int | float | list[str]] = {"memory_limit": memory_limit, "threads": threads}
    try:
        connection = await asyncio.to_thread(duckdb.connect, str(path), config=settings)
    except duckdb.Error as error:
        raise EngineUnavailable(f"DuckDB cannot open {path}: {error}") from error
    warehouse = DuckDBWarehouse(connection, readers=readers)
    try:
        yield warehouse
    finally:
        await warehouse.close()


class DuckDBWarehouse:
    """Implements `pulsepoint.ports.warehouse.Warehouse`.

    All appends that wait are written in one transaction, durable when `append` returns. Queries run in a small
    pool of threads on their own snapshot. With an `archive`, to which the file's position is noted already, each
    transaction is kept there first.
    """

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, *, readers: int = 2, archive: FactArchive | None = None
    ) -> None:
        self._connection = connection
        # Casts between instants and texts happen in the session's timezone.
        self._connection.execute("SET GLOBAL TimeZone = 'UTC'")
        self._writer = _Writer(connection.cursor(), archive)
        self._readers = ThreadPoolExecutor(readers, thread_name_prefix="duckdb-read")

    async def append(self, facts: Sequence[FactRow]) -> frozenset[str]:
        """See `Warehouse.append`; raises `MalformedInput` for a row its table cannot hold exactly."""
        repeated = await asyncio.wrap_future(self._writer.submit(_encoded(facts))) if facts else NONE_REPEATED
        if not repeated:
            return frozenset()
        return frozenset(fact.row["fact_id"] for fact in facts if _recording(fact.row) in repeated)

    async def query(
        self, scope: TenantContext, sql: str, parameters: Mapping[str, QueryValue] | None = None
    ) -> list[Row]:
        """See `Warehouse.query`; raises `MalformedInput` for SQL that is not on the allow-list."""
        schema = schemas.schema_of(scope)
        if self._writer.stopped:
            raise EngineUnavailable("the warehouse is closed")
        if schema not in self._writer.ready:
            await asyncio.wrap_future(self._writer.submit({(schema, ""): []}))
        return await asyncio.get_running_loop().run_in_executor(
            self._readers, self._select, scope, schema, sql, {**(parameters or {}), "brand_id": str(scope.brand_id)}
        )

    def _select(self, scope: TenantContext, schema: str, sql: str, parameters: dict[str, QueryValue]) -> list[Row]:
        statement = to_duckdb(sql, relations(scope.is_system))
        missing = statement.parameters - parameters.keys()
        if missing:
            raise MalformedInput(f"parameter @{min(missing)} is not given")
        bound = {name: _as_bigquery_types(parameters[name]) for name in statement.parameters}
        with as_pulsepoint_errors(), self._connection.cursor() as cursor:
            cursor.execute(statement.within(schema), bound)
            names = [column[0] for column in cursor.description or ()]
            instants = [i for i, column in enumerate(cursor.description or ()) if "TIME ZONE" in str(column[1])]
            return [dict(zip(names, _in_utc(row, instants), strict=True)) for row in cursor.fetchall()]

    async def erase(self, scope: TenantContext, table: str, fact_ids: Sequence[str], columns: Sequence[str]) -> None:
        """See `Warehouse.erase`; appends wait meanwhile."""
        if fact_ids and columns:
            await asyncio.to_thread(self._writer.erase, Erasure(schemas.schema_of(scope), table, fact_ids, columns))

    async def forget_brand(self, scope: TenantContext) -> None:
        """See `Warehouse.forget_brand`; appends wait meanwhile."""
        forgotten = ForgottenBrand(schemas.schema_of(scope), str(scope.brand_id))
        await asyncio.to_thread(self._writer.erase, forgotten)

    async def refresh_current(self, scope: TenantContext) -> int:
        """See `Warehouse.refresh_current`: on one machine reading history costs nothing that is billed."""
        if self._writer.stopped:
            raise EngineUnavailable("the warehouse is closed")
        return 0

    def least_size(self) -> int:
        """Bytes that the file says it has at least. Raises `EngineUnavailable`."""
        with as_pulsepoint_errors(), self._connection.cursor() as cursor:
            return schemas.least_size(cursor)

    async def close(self) -> None:
        """Finish waiting appends, then checkpoint and close the file."""
        await asyncio.to_thread(self._writer.stop)
        self._readers.shutdown()
        with as_pulsepoint_errors():
            await asyncio.to_thread(self._connection.close)


Batch = dict[tuple[str, str], list[bytes]]
"""JSON objects, one a row, by (schema, table)."""
Repeated = frozenset[tuple[str, datetime]]
"""Fact ids of rows that were there as recorded at another moment than this one (UTC)."""
NONE_REPEATED: Repeated = frozenset()


def _recording(row: Row) -> tuple[str, datetime]:
    recorded_at = row["recorded_at"]
    timestamp = datetime.fromisoformat(recorded_at) if isinstance(recorded_at, str) else recorded_at
    return row["fact_id"], timestamp.astimezone(UTC)


def _encoded(facts: Sequence[FactRow]) -> Batch:
    """The rows as JSON, checked: integers stay exact, instants keep their offset."""
    batch: Batch = {}
    for fact in facts:
        shared = fact.scope.is_system
        row_check(shared, fact.table)(fact.row)
        try:
            encoded = orjson.dumps(fact.row)
        except TypeError as error:
            raise MalformedInput(f"{fact.table}: {error}") from None
        batch.setdefault((schemas.schema_of(fact.scope), fact.table), []).append(encoded)
    return batch


def _as_bigquery_types(value: QueryValue) -> object:
    """Whole numbers have 64 bits in BigQuery; DuckDB takes as few as the value needs, and then overflows early."""
    is_int64 = isinstance(value, int) and not isinstance(value, bool) and -(2**63) <= value < 2**63
    return duckdb.LongValue(value) if is_int64 else value


def _in_utc(row: tuple[object, ...], instants: list[int]) -> Sequence[object]:
    if not instants:
        return row
    values = list(row)
    for index in instants:
        if isinstance(value := values[index], datetime):
            values[index] = value.astimezone(UTC)
    return values


class _Writer:
    """The only thread that writes: takes all that waits, commits it at once, then tells everyone.

    A commit costs some milliseconds a table however few its rows are, so after each one the writer lets rows gather
    for as long as it took.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, archive: FactArchive | None) -> None:
        self._archive = archive
        self.ready: set[str] = set()
        self._connection = connection
        self._waiting: queue.SimpleQueue[tuple[Batch, Future[Repeated]] | None] = queue.SimpleQueue()
        self.stopped = False
        self._turn = threading.Lock()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="duckdb-write", daemon=True)
        self._thread.start()

    def submit(self, batch: Batch) -> Future[Repeated]:
        """Done once the batch, and perhaps others with it, is committed; the rows of these that were there before."""
        if self.stopped:
            raise EngineUnavailable("the warehouse is closed")
        future: Future[Repeated] = Future()
        self._waiting.put((batch, future))
        return future

    def erase(self, erasure: Change) -> None:
        """Erase in the archive, then in the file; raises `EngineUnavailable`."""
        with self._turn:
            if self.stopped:
                raise EngineUnavailable("the warehouse is closed")
            try:
                if self._archive is not None:
                    self._archive.erase(erasure)
                erasure.in_tables(self._connection)
            except (OSError, duckdb.Error) as error:
                raise EngineUnavailable(f"values could not be erased: {error}") from error

    def stop(self) -> None:
        """Commit what waits and end the thread."""
        if not self.stopped:
            self.stopped = True
            self._stopping.set()
            self._waiting.put(None)
            self._thread.join()
            with self._turn:
                self._connection.close()

    def _run(self) -> None:
        open_ = True
        while open_:
            taken = []
            item = self._waiting.get()
            rows = 0
            while item is not None:
                taken.append(item)
                rows += sum(map(len, item[0].values()))
                if rows >= MAX_BATCH_ROWS:
                    break
                try:
                    item = self._waiting.get_nowait()
                except queue.Empty:
                    break
            open_ = item is not None
            began = time.monotonic()
            with self._turn:
                self._write_all(taken)
            self._stopping.wait(min(time.monotonic() - began, LONGEST_GATHERING))

    def _write_all(self, taken: list[tuple[Batch, Future[Repeated]]]) -> None:
        if not taken:
            return
        try:
            repeated = self._commit([batch for batch, _ in taken])
        except Exception as error:
            if len(taken) > 1:
                # One append that cannot be written must not fail those it happened to wait with.
                for batch in taken:
                    self._write_all([batch])
                return
            failure = mapped(error) if isinstance(error, duckdb.Error) else error
            if failure is not error:
                failure.__cause__ = error
            _settle(taken[0][1], failure)
            return
        for _, future in taken:
            _settle(future, repeated)

    def _commit(self, batches: list[Batch]) -> Repeated:
        merged: Batch = {}
        for batch in batches:
            for key, rows in batch.items():
                merged.setdefault(key, []).extend(rows)
        try:
            return self._transact(merged, skip_existing=False)
        except duckdb.ConstraintException:
            # Rows that are there already are rare (a crash, a redelivery), and looking for them doubles the price.
            return self._transact(merged, skip_existing=True)

    def _transact(self, batch: Batch, *, skip_existing: bool) -> Repeated:
        made = {schema for schema, _ in batch} - self.ready
        repeated: set[tuple[str, datetime]] = set()
        self._connection.execute("BEGIN")
        try:
            for schema in sorted(made):
                schemas.ensure(self._connection, schema)
            for (schema, table), rows in batch.items():
                if rows:
                    shape = schemas.row_shape(schema == SHARED_SCHEMA, table)
                    document = (b"[" + b",".join(rows) + b"]").decode()
                    for statement in shape.inserts(schema, skip_existing=skip_existing):
                        self._connection.execute(statement, [document])
                    if skip_existing:
                        there = self._connection.execute(shape.repeated(schema), [document]).fetchall()
                        repeated.update((fact_id, recorded_at.astimezone(UTC)) for fact_id, recorded_at in there)
            self._keep(batch)
            self._connection.execute("COMMIT")
        except BaseException:
            with suppress(duckdb.Error):
                self._connection.execute("ROLLBACK")
            raise
        self.ready |= made
        return frozenset(repeated)

    def _keep(self, batch: Batch) -> None:
        """Write the rows to the archive, once they are known to fit; raises `EngineUnavailable`."""
        if self._archive is None or not any(batch.values()):
            return
        try:
            frame = self._archive.append(batch)
        except OSError as error:
            raise EngineUnavailable(f"the fact archive cannot be written: {error}") from error
        self._connection.execute("UPDATE main.archive_position SET frame = ?", [frame])
        if self._archive.is_full:
            self._archive.roll()


def _settle(future: Future[Repeated], result: Repeated | BaseException) -> None:
    # The caller may have been cancelled meanwhile; its rows are written all the same.
    if future.set_running_or_notify_cancel():
        future.set_exception(result) if isinstance(result, BaseException) else future.set_result(result)
