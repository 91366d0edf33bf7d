"""The fact archive beside the warehouse's file: all that a rebuild needs, written before a fact counts as appended.

`archive/live-<frame>.log` takes one frame a transaction of the warehouse, flushed to the disk before it commits; a full
log becomes `archive/segments/<first>-<last>/`, one Parquet file a table, each with its digest beside it. Frames are
numbered from 1, and the warehouse notes in each transaction which it holds, so that whatever it lost is the frames
after that one. `archive.json` names the archive: a warehouse of another one holds none of its frames.
"""

from __future__ import annotations

import errno
import os
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import duckdb
import orjson
import structlog

from pulsepoint.adapters.duckdb import schemas
from pulsepoint.adapters.duckdb.archive_copy import NAMED
from pulsepoint.adapters.duckdb.archive_digests import is_whole, note_digests, replace_noted
from pulsepoint.adapters.duckdb.archive_frames import Batch, Document, documents_of, encoded, frames_in
from pulsepoint.adapters.duckdb.durable import flush_file, flush_folder, write_durably
from pulsepoint.adapters.duckdb.erasing import Change
from pulsepoint.errors import EngineUnavailable
from pulsepoint.warehouse.rows import tables_by_name
from pulsepoint.warehouse.schema import SHARED_SCHEMA

logger = structlog.get_logger(__name__)
SEGMENT_BYTES = 64 * 1024 * 1024
SEGMENT_SECONDS = 86_400.0


@dataclass(frozen=True, slots=True)
class Segment:
    """A closed part of the archive: the frames `first` to `last` as one Parquet file a table."""

    folder: Path
    first: int
    last: int

    def files(self) -> list[tuple[str, str, Path]]:
        """(schema, table, file) of each table in it."""
        parts = [(*path.stem.partition("."), path) for path in sorted(self.folder.glob("*.parquet"))]
        return [(schema, table, path) for schema, _, table, path in parts]


class FactArchive:
    """One archive folder. One thread appends or erases; `close_segments` may run in another beside it.

    `damage` names what of it is damaged or missing, None where all is whole: then `last` is the last frame there is,
    and nothing may be appended until it began anew. Raises `EngineUnavailable` where the folder cannot be used.
    """

    def __init__(self, folder: Path, *, segment_bytes: int = SEGMENT_BYTES) -> None:
        self.folder = folder
        self._segment_bytes = segment_bytes
        self._handle: int | None = None
        self._open_log: Path | None = None
        self._began = 0.0
        self._size = 0
        self._places: dict[Path, int] = {}
        self.damage: str | None = None
        self._closing = threading.Lock()
        try:
            _make_folders(folder)
            self.name = self._named()
            self.last = self._end_of_logs()
        except OSError as error:
            raise EngineUnavailable(f"The fact archive in {folder} cannot be opened: {error}.") from error

    def append(self, batch: Batch) -> int:
        """Writes one frame and flushes it to the disk; its number. Raises `OSError`, and then nothing was written."""
        if self.is_lost():
            raise OSError(errno.ENOENT, "its files were taken away", str(self.folder))
        frame = encoded(self.last + 1, batch)
        if self._handle is None:
            self._open(self.last + 1)
        assert self._handle is not None
        try:
            written = 0
            while written < len(frame):
                written += os.write(self._handle, memoryview(frame)[written:])
            os.fdatasync(self._handle)
        except OSError:
            with suppress(OSError):
                os.ftruncate(self._handle, self._size)
            raise
        self._size += len(frame)
        self.last += 1
        return self.last

    @property
    def is_full(self) -> bool:
        """True once the open log should be closed."""
        return self._handle is not None and (
            self._size >= self._segment_bytes or time.monotonic() - self._began > SEGMENT_SECONDS
        )

    def roll(self) -> None:
        """Closes the open log: the next frame begins another. Raises `OSError`."""
        if self._handle is not None:
            os.close(self._handle)
            self._places = {path: inode for path, inode in self._places.items() if path != self._open_log}
            self._handle = self._open_log = None

    def is_lost(self) -> bool:
        """True where its name or its open log was taken away or replaced: what is appended now would be nowhere."""
        try:
            return any(path.stat().st_ino != inode for path, inode in self._places.items())
        except OSError:
            return True

    def close_segments(self) -> int:
        """Turns closed logs into segments; how many. Raises `OSError` and `duckdb.Error`, and the log stays.

        One that lacks frames stays as well, and is the `damage`.
        """
        with self._closing:
            return self._close_segments()

    def close(self) -> None:
        """Close the open log, once no segment is being made; raises `OSError`."""
        with self._closing:
            self.roll()

    def _close_segments(self) -> int:
        logs = self._logs()
        # Asked after them: a log is named as open before it is made.
        logs = [log for log in logs if log != self._open_log]
        return sum(map(self._make_segment, logs))

    def segments(self) -> list[Segment]:
        """The closed parts in their order; an empty list where nothing was closed yet."""
        folders = sorted(path for path in (self.folder / "segments").glob("*-*") if path.suffix != ".new")
        return [Segment(path, *_numbers(path.name)) for path in folders]

    def frames(self, after: int = 0) -> Iterator[tuple[int, list[Document]]]:
        """The frames in logs whose number is above `after`, each once and in order; ends before a torn one."""
        closed = max((segment.last for segment in self.segments()), default=0)
        for log in self._logs():
            for number, payload, _ in frames_in(log):
                if max(after, closed) < number <= self.last:
                    yield number, documents_of(payload)

    def erase(self, change: Change) -> None:
        """Changes rows in all that is archived; nobody may append meanwhile. Raises `OSError`, `duckdb.Error`.

        Raises `EngineUnavailable` for an archive with `damage`, which must begin anew first. A torn frame goes too:
        nothing relies on it.
        """
        self.roll()
        with self._closing:
            self._close_segments()
            for segment in self.segments():
                for schema, table, path in segment.files():
                    if change.concerns(schema, table):
                        self._change_file(change, path)
            if self.damage:
                raise EngineUnavailable(f"{self.damage} of the fact archive is damaged or missing")
        for torn in self.folder.glob("*.torn"):
            torn.unlink()

    def _change_file(self, change: Change, path: Path) -> None:
        if not is_whole(path):
            self._note_damage(str(path.relative_to(self.folder)))
            return
        half = path.with_suffix(".new")
        if change.in_file(path, half):
            replace_noted(half, path)

    def size(self) -> int:
        """Bytes of all its files."""
        return sum(path.stat().st_size for path in self.folder.rglob("*") if path.is_file())

    def begin_anew(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Begins under a new name, with all facts of an open warehouse as its first segment (frame 1).

        What it had is put aside. Raises `OSError` and `duckdb.Error`, and then it is as it was.
        """
        self.roll()
        half = _emptied(self.folder.with_name(f"{self.folder.name}.new"))
        base = half / "segments" / self._segment_folder(1, 1).name
        rows = _emptied(base.with_suffix(".new"))
        for schema, table in schemas.kept_tables(connection):
            kept = f'(SELECT * EXCLUDE (fact_key, snapshot) FROM {schema}."{table}_keyed" ORDER BY recorded_at)'
            connection.execute(_copy(kept, rows / f"{schema}.{table}.parquet"))
        _publish(rows, base)
        _write_name(half / NAMED)
        if self.last or self.damage:
            self.folder.rename(free_name(self.folder))
        else:
            shutil.rmtree(self.folder)
        half.rename(self.folder)
        flush_folder(self.folder.parent)
        self.name, self.last, self.damage = self._named(), 1, None

    def _named(self) -> str:
        path = self.folder / NAMED
        try:
            name = str(orjson.loads(path.read_bytes())["name"])
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            name = _write_name(path)
        self._places = {path: path.stat().st_ino}
        return name

    def _end_of_logs(self) -> int:
        """The last frame; a torn one behind it, on which nothing relies, is cut off and kept."""
        last = 0
        for segment in self.segments():
            if segment.first > last + 1:
                self._note_damage(f"segments/*-{segment.first - 1:016d}")
            last = max(last, segment.last)
        for log in self._logs():
            end = 0
            for number, _, ends in frames_in(log):
                if number > last + 1:
                    missing = f"live-{last + 1:016d}.log"
                    self._note_damage(missing if number == _first(log) else log.name)
                last, end = max(last, number), ends
            if log.stat().st_size > end:
                shutil.copyfile(log, log.with_suffix(".torn"))
                os.truncate(log, end)
        return last

    def _open(self, first: int) -> None:
        self._open_log = self.folder / f"live-{first:016d}.log"
        self._handle = os.open(self._open_log, os.O_CREAT | os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self._size = os.fstat(self._handle).st_size
        self._began = time.monotonic()
        self._places = {**self._places, self._open_log: os.fstat(self._handle).st_ino}
        flush_folder(self.folder)

    def _logs(self) -> list[Path]:
        return sorted(self.folder.glob("live-*.log"))

    def _segment_folder(self, first: int, last: int) -> Path:
        return self.folder / "segments" / f"{first:016d}-{last:016d}"

    def _note_damage(self, name: str) -> None:
        if self.damage is None:
            logger.warning("archive.damaged", file=name)
            self.damage = name

    def _make_segment(self, log: Path) -> bool:
        # Asked before the logs: frames appended meanwhile are in a later log.
        end = self.last + 1
        end = min((_first(each) for each in self._logs() if each > log), default=end)
        numbers = [number for number, _, _ in frames_in(log)]
        if numbers != list(range(_first(log), end)):
            self._note_damage(log.name)
            return False
        if numbers:
            folder = self._segment_folder(numbers[0], numbers[-1])
            if not folder.exists():
                half = _emptied(folder.with_suffix(".new"))
                _to_parquet(log, half)
                _publish(half, folder)
        log.unlink()
        flush_folder(self.folder)
        return True


def free_name(path: Path) -> Path:
    """A name beside `path` that nothing has yet, for what is put aside: `<name>.damaged`, `<name>.damaged-2`, …"""
    aside, number = path.with_name(f"{path.name}.damaged"), 1
    while aside.exists() or aside.with_name(f"{aside.name}.wal").exists():
        number += 1
        aside = path.with_name(f"{path.name}.damaged-{number}")
    return aside


def _make_folders(folder: Path) -> None:
    for each in (folder, folder / "segments"):
        if each.exists() and not each.is_dir():
            raise EngineUnavailable(f"{each} is not a folder, and the fact archive is to lie there: move it away.")
        each.mkdir(parents=True, exist_ok=True, mode=0o700)


def _first(log: Path) -> int:
    return int(log.stem.removeprefix("live-"))


def _to_parquet(log: Path, folder: Path) -> None:
    """One file a table, by way of lines of JSON: DuckDB reads these in a seventh of the time that values take."""
    lines = folder / "lines"
    lines.mkdir()
    for _, payload, _ in frames_in(log):
        for schema, table, rows in documents_of(payload):
            if table in tables_by_name(schema == SHARED_SCHEMA):
                with (lines / f"{schema}.{table}").open("ab") as file:
                    file.write(rows + b"\n")
    with duckdb.connect(config={"threads": 1, "memory_limit": "512MB"}) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        for path in sorted(lines.iterdir()):
            schema, _, table = path.name.partition(".")
            query = f"({schemas.rows_of_lines(schema == SHARED_SCHEMA, table, path)})"
            connection.execute(_copy(query, folder / f"{path.name}.parquet"))
    shutil.rmtree(lines)


def _copy(rows: str, file: Path) -> str:
    return f"COPY {rows} TO '{file}' (FORMAT parquet, COMPRESSION zstd)"


def _numbers(name: str) -> tuple[int, int]:
    first, _, last = name.partition("-")
    return int(first), int(last)


def _emptied(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, mode=0o700)
    return folder


def _publish(half: Path, folder: Path) -> None:
    """Flush a folder's files and give it its name: it is there whole, with digests, or not at all."""
    note_digests(half)
    for path in half.iterdir():
        flush_file(path)
    flush_folder(half)
    half.rename(folder)
    flush_folder(folder.parent)


def _write_name(path: Path) -> str:
    name = str(uuid4())
    write_durably(path, orjson.dumps({"format": 1, "name": name}))
    return name
