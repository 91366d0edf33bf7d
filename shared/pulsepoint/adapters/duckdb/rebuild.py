"""Opens the warehouse's file so that it holds every fact of its archive: as it is, caught up, or made anew.

A file that is truncated or otherwise unreadable is put aside as `warehouse.duckdb.damaged` and made again from the
archive; one that lost its newest transactions gets the frames after the last it holds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import structlog

from pulsepoint.adapters.duckdb import schemas
from pulsepoint.adapters.duckdb.archive import FactArchive, Segment
from pulsepoint.adapters.duckdb.errors import mapped
from pulsepoint.errors import EngineUnavailable
from pulsepoint.warehouse.rows import tables_by_name
from pulsepoint.warehouse.schema import SHARED_SCHEMA

log = structlog.get_logger(__name__)
Report = Callable[[int, int], None]
"""Told how many bytes of how many are done."""
Settings = dict[str, str | bool | int | float | list[str]]
NOT_DAMAGE = ("Could not set lock", "No space left on device", "Permission denied")
HEADER_BYTES = 3 * 4096


def opened(
    path: Path, archive: FactArchive, settings: Settings, report: Report | None, *, thorough: bool = False
) -> duckdb.DuckDBPyConnection | None:
    """A connection to the warehouse's file with all facts of the archive; `thorough` reads every block first.

    Without a `report` it is None where the file would have to be made anew. Raises `EngineUnavailable` where the file
    is in use, or there is no room to write it.
    """
    try:
        connection = _as_it_is(path, settings, thorough=thorough)
    except duckdb.Error as error:
        if any(words in str(error) for words in NOT_DAMAGE):
            raise mapped(error) from error
        log.warning("warehouse.damaged", error=str(error)[:500])
        connection = None
    if connection is not None:
        try:
            if _agrees(connection, archive, report):
                return connection
        except duckdb.Error as error:
            log.warning("warehouse.not_caught_up", error=str(error)[:500])
        connection.close()
    if not path.exists() and not archive.last:
        report = report or _nobody
    return _made_anew(path, archive, settings, report) if report is not None else None


def _nobody(_done: int, _total: int) -> None:
    """Of what is quick nobody needs to know."""


def _as_it_is(path: Path, settings: Settings, *, thorough: bool) -> duckdb.DuckDBPyConnection | None:
    """The file as it is; None where there is none. Raises `duckdb.Error` for one that is damaged."""
    if not path.exists():
        return None
    connection = duckdb.connect(str(path), config=settings)
    try:
        block, blocks = connection.execute("SELECT block_size, total_blocks FROM pragma_database_size()").fetchall()[0]
        if path.stat().st_size < HEADER_BYTES + block * blocks:
            raise duckdb.IOException("the file is shorter than it says")
        if thorough:
            for schema, table in schemas.kept_tables(connection):
                connection.execute(f'SELECT bit_xor(hash(kept)) FROM {schema}."{table}_keyed" AS kept').fetchall()
    except BaseException:
        connection.close()
        raise
    return connection


def _agrees(connection: duckdb.DuckDBPyConnection, archive: FactArchive, report: Report | None) -> bool:
    """True once the file holds what the archive holds; False where it must be made anew."""
    position = schemas.archive_position(connection)
    if position is None and schemas.kept_tables(connection):
        # Of a release without an archive.
        archive.begin_anew()
        archive.add_base(connection)
        schemas.note_archive(connection, archive.name, archive.last)
        return True
    if position is None:
        schemas.note_archive(connection, archive.name, 0)
        position = (archive.name, 0)
    name, frame = position
    if name != archive.name and archive.last:
        return False
    if name != archive.name or frame > archive.last:
        log.warning("archive.incomplete", frame=frame, last=archive.last)
        archive.begin_anew()
        archive.add_base(connection)
        schemas.note_archive(connection, archive.name, archive.last)
        return True
    if frame < max((segment.last for segment in archive.segments()), default=0):
        return False
    if frame < archive.last:
        _catch_up(connection, archive, frame, report or _nobody)
    return True


def _catch_up(connection: duckdb.DuckDBPyConnection, archive: FactArchive, position: int, report: Report) -> None:
    """Append the frames after `position`, each in a transaction of its own, as they were appended first."""
    for number, documents in archive.frames(position):
        connection.execute("BEGIN")
        for schema, table, rows in documents:
            schemas.ensure(connection, schema)
            if table in tables_by_name(schema == SHARED_SCHEMA):
                shape = schemas.row_shape(schema == SHARED_SCHEMA, table)
                document = "[" + rows.decode().replace("\n", ",") + "]"
                for statement in shape.inserts(schema, skip_existing=True):
                    connection.execute(statement, [document])
        schemas.note_archive(connection, archive.name, number)
        connection.execute("COMMIT")
        report(number - position, archive.last - position)


def _made_anew(path: Path, archive: FactArchive, settings: Settings, report: Report) -> duckdb.DuckDBPyConnection:
    half = path.with_name(f"{path.name}.new")
    try:
        for left in (half, half.with_name(f"{half.name}.wal")):
            left.unlink(missing_ok=True)
        put_aside(path)
        # Files of columns are taken in many times as fast as frames.
        archive.roll()
        archive.close_segments()
        with duckdb.connect(str(half), config=settings) as connection:
            _fill(connection, archive, report)
            connection.execute("CHECKPOINT")
        half.replace(path)
        return duckdb.connect(str(path), config=settings)
    except (duckdb.Error, OSError) as error:
        raise EngineUnavailable(f"the warehouse could not be rebuilt: {error}") from error


def put_aside(path: Path) -> None:
    """Keep the file, and what was not yet written into it, beside its place; one that is there already makes way."""
    aside = path.with_name(f"{path.name}.damaged")
    for suffix in ("", ".wal"):
        each = path.with_name(path.name + suffix)
        if each.exists():
            each.replace(aside.with_name(aside.name + suffix))


def _fill(connection: duckdb.DuckDBPyConnection, archive: FactArchive, report: Report) -> None:
    connection.execute("SET GLOBAL TimeZone = 'UTC'")
    segments = archive.segments()
    total = sum(file.stat().st_size for segment in segments for _, _, file in segment.files()) or 1
    done = 0
    report(done, total)
    for segment in segments:
        for file in _loaded(connection, segment):
            done += file.stat().st_size
            report(done, total)
    for schema in {schema for schema, _ in schemas.kept_tables(connection)} - {SHARED_SCHEMA}:
        schemas.note_newest(connection, schema)
    position = segments[-1].last if segments else 0
    schemas.note_archive(connection, archive.name, position)
    _catch_up(connection, archive, position, _nobody)


def _loaded(connection: duckdb.DuckDBPyConnection, segment: Segment) -> Iterator[Path]:
    """Takes a segment in; each of its files once it is."""
    for schema, table, file in segment.files():
        shared = schema == SHARED_SCHEMA
        if table in tables_by_name(shared):
            schemas.ensure(connection, schema)
            connection.execute(schemas.load_parquet(shared, schema, table, file))
        yield file
