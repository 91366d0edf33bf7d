"""The fact archive as it is in one moment, for a copy taken while it goes on growing.

Segments change by an erasure alone, which replaces files: what was listed is told by its inode. Logs are opened, since
one that is closed becomes a segment and is deleted, and read up to where they ended.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

NAMED = "archive.json"


@dataclass(frozen=True, slots=True)
class ArchivedFile:
    """A file of the archive as it was: where below it, how many bytes, and an open log's handle."""

    name: str
    size: int
    path: Path
    log: BinaryIO | None = None
    identity: tuple[int, int] = (0, 0)

    @contextmanager
    def opened(self) -> Iterator[BinaryIO]:
        """The file to read, as a context manager. Raises `FileNotFoundError` where it was replaced meanwhile."""
        if self.log is not None:
            self.log.seek(0)
            yield self.log
            return
        with self.path.open("rb") as file:
            if _identity(os.fstat(file.fileno())) != self.identity:
                raise FileNotFoundError(errno.ENOENT, "changed by an erasure meanwhile", str(self.path))
            yield file


def files_now(folder: Path, stack: ExitStack) -> list[ArchivedFile]:
    """Every file that holds facts, and the archive's name; handles are the stack's to close. Quick.

    Raises `FileNotFoundError` where there is no archive.
    """
    logs = []
    for path in sorted(folder.glob("live-*.log")):
        try:
            log = stack.enter_context(path.open("rb"))
        except FileNotFoundError:  # a segment by now, and listed below
            continue
        logs.append(ArchivedFile(path.name, os.fstat(log.fileno()).st_size, path, log))
    kept = [folder / NAMED]
    for segment in sorted((folder / "segments").glob("*-*")):
        if segment.suffix != ".new":
            kept += sorted((*segment.glob("*.parquet"), *segment.glob("*.sha256")))
    return [*(_file(folder, path) for path in kept), *logs]


def _file(folder: Path, path: Path) -> ArchivedFile:
    stat = path.stat()
    return ArchivedFile(str(path.relative_to(folder)), stat.st_size, path, identity=_identity(stat))


def _identity(stat: os.stat_result) -> tuple[int, int]:
    return stat.st_ino, stat.st_size
