"""The archive as it was in one moment, copied while frames are appended and logs become segments."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import orjson
import pytest

from pulsepoint.adapters.duckdb.archive import FactArchive
from pulsepoint.adapters.duckdb.archive_copy import ArchivedFile, files_now

KEY = ("pulsepoint_tenant_a", "orders")


def append(archive: FactArchive, *numbers: int) -> None:
    for number in numbers:
        archive.append({KEY: [orjson.dumps({"fact_id": str(number)})]})


def copied(files: list[ArchivedFile], folder: Path) -> FactArchive:
    for each in files:
        target = folder / each.name
        target.parent.mkdir(parents=True, exist_ok=True)
        with each.opened() as file:
            target.write_bytes(file.read(each.size))
    return FactArchive(folder)


def test_a_copy_has_the_frames_of_its_moment_whatever_comes_later(tmp_path: Path) -> None:
    archive = FactArchive(tmp_path / "archive")
    append(archive, 1, 2)
    archive.roll()
    archive.close_segments()
    append(archive, 3)
    archive.roll()
    append(archive, 4, 5)
    with ExitStack() as stack:
        files = files_now(archive.folder, stack)
        append(archive, 6)
        archive.roll()
        archive.close_segments()
        append(archive, 7)
        copy = copied(files, tmp_path / "copy")
    assert (copy.name, copy.last) == (archive.name, 5)
    assert [number for number, _ in copy.frames()] == [3, 4, 5]
    assert archive.last == 7


def test_no_archive_is_an_error(tmp_path: Path) -> None:
    with ExitStack() as stack, pytest.raises(FileNotFoundError):
        files_now(tmp_path / "archive", stack)
