"""Opens the warehouse's file so that it holds every fact of its archive: as it is, caught up, or made anew.

A file that is truncated or otherwise unreadable is made again from the archive, and put aside as
`warehouse.duckdb.damaged` once that succeeded; one that lost its newest transactions gets the frames after the last it
holds. An archive that is lost or damaged is made again from a whole file. Where neither has every fact nothing is made.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import structlog

from pulsepoint.adapters.duckdb import schemas
from pulsepoint.adapters.duckdb.archive import FactArchive, Segment, free_name
from pulsepoint.adapters.duckdb.archive_digests import is_whole
from pulsepoint.adapters.duckdb.errors import mapped
from pulsepoint.errors import EngineUnavailable
from pulsepoint.warehouse.rows import tables_by_name
from pulsepoint.warehouse.schema import SHARED_SCHEMA

log = structlog.get_logger(__name__)
Report = Callable[[int, int], None]
"""Told how many bytes of how many are done."""
Settings = dict[str, str | bool | int | float | list[str]]
NOT_DAMAGE = ("Could not set lock", "No space left on device", "Permission denied")


class ArchiveDamaged(EngineUnavailable):
    """A part of the archive is damaged or missing that the file does not hold either; `file` names it."""

    def __init__(self, file: str) -> None:
        super().__init__(f"{file} of the fact archive is damaged or missing")
        self.file = file


class FactsLost(EngineUnavailable):
    """Facts were recorded, and neither the file nor the archive has any."""


def opened(
    path: Path,
    archive: FactArchive,
    settings: Settings,
    report: Report | None,
    *,
    thorough: bool = False,
    anew: bool = False,
    recorded: bool = False,
) -> duckdb.DuckDBPyConnection | None:
    """A connection to the warehouse's file with all facts of the archive; `thorough` reads every block first.

    `anew` leaves the file as it is out; `recorded` says that there must be facts. Without a `report` it is None where
    the file would have to be made anew. Raises `EngineUnavailable` where the file is in use, or there is no room to
    write it, `ArchiveDamaged` and `FactsLost`.
    """
    connection = None if anew else _whole(path, settings, thorough=thorough)
    if connection is not None:
        try:
            if recorded and not schemas.kept_tables(connection):
                log.warning("warehouse.empty")
            elif _agrees(connection, archive, report):
                return connection
        except duckdb.Error as error:
            log.warning("warehouse.not_caught_up", error=str(error)[:500])
        except OSError as error:
            connection.close()
            raise EngineUnavailable(f"the fact archive could not be made anew: {error}") from error
        except BaseException:
            connection.close()
            raise
        connection.close()
    if recorded and not archive.last:
        raise FactsLost(f"facts were recorded, and neither {path.name} nor {archive.folder.name} has any")
    if not path.exists() and not archive.last:
        report = report or _nobody
    return _made_anew(path, archive, settings, report) if report is not None else None


def _whole(path: Path, settings: Settings, *, thorough: bool) -> duckdb.DuckDBPyConnection | None:
    """The file as it is; None where there is none, or it is damaged."""
    try:
        return _as_it_is(path, settings, thorough=thorough)
    except duckdb.Error as error:
        if any(words in str(error) for words in NOT_DAMAGE):
            raise mapped(error) from error
        log.warning("warehouse.damaged", error=str(error)[:500])
        return None


def _nobody(_done: int, _total: int) -> None:
    """Of what is quick nobody needs to know."""


def _as_it_is(path: Path, settings: Settings, *, thorough: bool) -> duckdb.DuckDBPyConnection | None:
    """The file as it is; None where there is none. Raises `duckdb.Error` for one that is damaged."""
    if not path.exists():
        return None
    connection = duckdb.connect(str(path), config=settings)
    try:
        if path.stat().st_size < schemas.least_size(connection):
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
        return _archived_anew(connection, archive)
    if position is None:
        schemas.note_archive(connection, archive.name, 0)
        position = (archive.name, 0)
    name, frame = position
    if name != archive.name and archive.last:
        return False
    if name != archive.name or frame > archive.last:
        log.warning("archive.incomplete", frame=frame, last=archive.last)
        return _archived_anew(connection, archive)
    if frame < max((segment.last for segment in archive.segments()), default=0):
        return False
    if frame < archive.last:
        if archive.damage and [number for number, _ in archive.frames(frame)] != [*range(frame + 1, archive.last + 1)]:
            raise ArchiveDamaged(archive.damage)
        _catch_up(connection, archive, frame, report or _nobody)
    return _archived_anew(connection, archive) if archive.damage else True


def _archived_anew(connection: duckdb.DuckDBPyConnection, archive: FactArchive) -> bool:
    archive.begin_anew(connection)
    schemas.note_archive(connection, archive.name, archive.last)
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
        # Files of columns are taken in many times as fast as frames.
        archive.roll()
        archive.close_segments()
        with duckdb.connect(str(half), config=settings) as connection:
            _fill(connection, archive, report)
            connection.execute("CHECKPOINT")
        _put_aside(path)
        half.replace(path)
        return duckdb.connect(str(path), config=settings)
    except (duckdb.Error, OSError) as error:
        raise EngineUnavailable(f"the warehouse could not be rebuilt: {error}") from error


def _put_aside(path: Path) -> None:
    """Keep the file, and what was not yet written into it, beside its place and beside those kept before."""
    aside = free_name(path)
    for suffix in ("", ".wal"):
        each = path.with_name(path.name + suffix)
        if each.exists():
            each.replace(aside.with_name(aside.name + suffix))


def drop_aside(path: Path, folder: Path) -> None:
    """Forget every file and archive that was put aside. Raises `OSError`."""
    for aside in (*path.parent.glob(f"{path.name}.damaged*"), *folder.parent.glob(f"{folder.name}.damaged*")):
        if aside.is_dir():
            shutil.rmtree(aside)
        else:
            aside.unlink()


def _fill(connection: duckdb.DuckDBPyConnection, archive: FactArchive, report: Report) -> None:
    if archive.damage:
        raise ArchiveDamaged(archive.damage)
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
        name = f"segments/{segment.folder.name}/{file.name}"
        if not is_whole(file):
            raise ArchiveDamaged(name)
        if table in tables_by_name(shared):
            schemas.ensure(connection, schema)
            try:
                connection.execute(schemas.load_parquet(shared, schema, table, file))
            except duckdb.Error as error:
                if any(words in str(error) for words in NOT_DAMAGE):
                    raise
                raise ArchiveDamaged(name) from error
        yield file
