"""The fact archive as it is in one moment, for a copy taken while it goes on growing.

Segments never change, so their names are enough; logs are opened, since one that is closed becomes a segment and is
deleted, and read up to where they ended.
"""

from __future__ import annotations

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

    @contextmanager
    def opened(self) -> Iterator[BinaryIO]:
        """The file to read, as a context manager. Raises `FileNotFoundError` where the archive began anew meanwhile."""
        if self.log is not None:
            self.log.seek(0)
            yield self.log
            return
        with self.path.open("rb") as file:
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
    return [*(ArchivedFile(str(path.relative_to(folder)), path.stat().st_size, path) for path in kept), *logs]
