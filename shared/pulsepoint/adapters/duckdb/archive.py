"""The fact archive beside the warehouse's file: all that a rebuild needs, written before a fact counts as appended.

`archive/live-<frame>.log` takes one frame a transaction of the warehouse, flushed to the disk before it commits; a full
log becomes `archive/segments/<first>-<last>/`, one Parquet file a table. Frames are numbered from 1, and the warehouse
notes in each transaction which it holds, so that whatever it lost is the frames after that one. `archive.json` names
the archive: a warehouse of another one holds none of its frames.
"""

from __future__ import annotations

import os
import shutil
import struct
import time
import zlib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import duckdb
import orjson

from pulsepoint.adapters.duckdb import schemas
from pulsepoint.warehouse.rows import tables_by_name
from pulsepoint.warehouse.schema import SHARED_SCHEMA

Batch = Mapping[tuple[str, str], list[bytes]]
"""JSON objects, one a row, by (schema, table)."""
Document = tuple[str, str, bytes]
"""Schema, table, and rows as lines of JSON."""
SEGMENT_BYTES = 64 * 1024 * 1024
SEGMENT_SECONDS = 86_400.0
_HEAD = struct.Struct(">4sQII")
_MAGIC = b"PPF1"


@dataclass(frozen=True, slots=True)
class Segment:
    """A closed part of the archive: the frames `first` to `last` as one Parquet file a table."""

    folder: Path
    first: int
    last: int

    def files(self) -> list[tuple[str, str, Path]]:
        """Schema, table and file of each table in it."""
        parts = [(*path.stem.partition("."), path) for path in sorted(self.folder.glob("*.parquet"))]
        return [(schema, table, path) for schema, _, table, path in parts]


class FactArchive:
    """One archive folder. One thread appends; `close_segments` may run in another beside it."""

    def __init__(self, folder: Path, *, segment_bytes: int = SEGMENT_BYTES) -> None:
        self.folder = folder
        self._segment_bytes = segment_bytes
        self._handle: int | None = None
        self._open_log: Path | None = None
        self._began = 0.0
        self._size = 0
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.name = self._named()
        self.last = self._end_of_logs()

    def append(self, batch: Batch) -> int:
        """Writes one frame and flushes it to the disk; its number. Raises `OSError`, and then nothing was written."""
        payload = b"".join(_parts(batch))
        frame = _HEAD.pack(_MAGIC, self.last + 1, len(payload), zlib.crc32(payload)) + payload
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
        """Closes the open log: the next frame begins another."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = self._open_log = None

    def close_segments(self) -> int:
        """Turns closed logs into segments; how many. Raises `OSError` and `duckdb.Error`, and the log stays."""
        logs = self._logs()
        # Asked after them: a log is named as open before it is made.
        logs = [log for log in logs if log != self._open_log]
        for log in logs:
            self._make_segment(log)
        return len(logs)

    def segments(self) -> list[Segment]:
        """The closed parts in their order."""
        folders = sorted(path for path in (self.folder / "segments").glob("*-*") if path.suffix != ".new")
        return [Segment(path, *_numbers(path.name)) for path in folders]

    def frames(self, after: int = 0) -> Iterator[tuple[int, list[Document]]]:
        """The frames in logs whose number is above `after`, each once and in order; ends before a torn one."""
        closed = max((segment.last for segment in self.segments()), default=0)
        for log in self._logs():
            for number, payload, _ in _frames_in(log):
                if max(after, closed) < number <= self.last:
                    yield number, _documents(payload)

    def size(self) -> int:
        """Bytes of all its files."""
        return sum(path.stat().st_size for path in self.folder.rglob("*") if path.is_file())

    def begin_anew(self) -> None:
        """Forgets everything, under a new name: the warehouse it was made for holds more than it."""
        self.roll()
        shutil.rmtree(self.folder)
        self.folder.mkdir(mode=0o700)
        self.name, self.last = self._named(), 0

    def add_base(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Takes all facts of an open warehouse as its first segment (frame 1)."""
        folder = self._segment_folder(1, 1)
        half = _emptied(folder.with_suffix(".new"))
        for schema, table in schemas.kept_tables(connection):
            rows = f'(SELECT * EXCLUDE (fact_key, snapshot) FROM {schema}."{table}_keyed" ORDER BY recorded_at)'
            connection.execute(_copy(rows, half / f"{schema}.{table}.parquet"))
        _publish(half, folder)
        self.last = 1

    def _named(self) -> str:
        path = self.folder / "archive.json"
        if not path.exists():
            _write_durably(path, orjson.dumps({"format": 1, "name": str(uuid4())}))
        return str(orjson.loads(path.read_bytes())["name"])

    def _end_of_logs(self) -> int:
        """The last frame that has all before it; a torn one behind, on which nothing relies, is cut off and kept."""
        last = 0
        for segment in self.segments():
            last = segment.last if segment.first <= last + 1 else last
        for log in self._logs():
            end = 0
            for number, _, ends in _frames_in(log):
                last, end = (number if number == last + 1 else last), ends
            if log.stat().st_size > end:
                shutil.copyfile(log, log.with_suffix(".torn"))
                os.truncate(log, end)
        return last

    def _open(self, first: int) -> None:
        self._open_log = self.folder / f"live-{first:016d}.log"
        self._handle = os.open(self._open_log, os.O_CREAT | os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self._size = os.fstat(self._handle).st_size
        self._began = time.monotonic()
        _flush_folder(self.folder)

    def _logs(self) -> list[Path]:
        return sorted(self.folder.glob("live-*.log"))

    def _segment_folder(self, first: int, last: int) -> Path:
        return self.folder / "segments" / f"{first:016d}-{last:016d}"

    def _make_segment(self, log: Path) -> None:
        numbers = [number for number, _, _ in _frames_in(log)]
        if numbers:
            folder = self._segment_folder(numbers[0], numbers[-1])
            if not folder.exists():
                half = _emptied(folder.with_suffix(".new"))
                _to_parquet(log, half)
                _publish(half, folder)
        log.unlink()
        _flush_folder(self.folder)


def _to_parquet(log: Path, folder: Path) -> None:
    """One file a table, by way of lines of JSON: DuckDB reads these in a seventh of the time that values take."""
    lines = folder / "lines"
    lines.mkdir()
    for _, payload, _ in _frames_in(log):
        for schema, table, rows in _documents(payload):
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


def _parts(batch: Batch) -> Iterator[bytes]:
    for (schema, table), rows in batch.items():
        if rows:
            document = b"\n".join(rows)
            yield orjson.dumps([schema, table, len(document)]) + b"\n"
            yield document


def _documents(payload: bytes) -> list[Document]:
    documents, place = [], 0
    while place < len(payload):
        end = payload.index(b"\n", place)
        schema, table, length = orjson.loads(payload[place:end])
        documents.append((schema, table, payload[end + 1 : end + 1 + length]))
        place = end + 1 + length
    return documents


def _frames_in(log: Path) -> Iterator[tuple[int, bytes, int]]:
    """Number, payload and end of each whole frame up to the first that is torn or damaged."""
    with log.open("rb") as file:
        while len(head := file.read(_HEAD.size)) == _HEAD.size:
            magic, number, length, checksum = _HEAD.unpack(head)
            payload = file.read(length)
            if magic != _MAGIC or len(payload) != length or zlib.crc32(payload) != checksum:
                return
            yield number, payload, file.tell()


def _emptied(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, mode=0o700)
    return folder


def _publish(half: Path, folder: Path) -> None:
    """Flush a folder's files and give it its name: it is there whole, or not at all."""
    for path in half.iterdir():
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
    _flush_folder(half)
    half.rename(folder)
    _flush_folder(folder.parent)


def _flush_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _write_durably(path: Path, content: bytes) -> None:
    half = path.with_suffix(".new")
    half.write_bytes(content)
    with half.open("rb") as file:
        os.fsync(file.fileno())
    half.rename(path)
    _flush_folder(path.parent)
