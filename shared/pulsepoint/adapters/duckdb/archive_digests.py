"""SHA-256 of each file of the archive's segments, kept beside it: a byte that changed is found, and its file named.

Looked at again are files whose size or times are other than before, and all of them once in a while: a disk may
change bytes without a trace.
"""

from __future__ import annotations

import hashlib
import time
from pathlib import Path

from pulsepoint.adapters.duckdb.durable import flush_file, flush_folder, write_durably

PASS_SECONDS = 3600.0
LOOK_BYTES = 64 * 1024 * 1024
Signature = tuple[int, int, int, int]


def note_digests(folder: Path) -> None:
    """Writes `<file>.sha256` beside each Parquet file of a folder. Raises `OSError`."""
    for path in sorted(folder.glob("*.parquet")):
        _beside(path).write_text(_digest(path) + "\n")


def is_whole(path: Path) -> bool:
    """True where the file has a digest that is noted beside it; one of a release without digests is taken as it is.

    Raises `OSError`.
    """
    if not path.exists():
        return False
    # Read after the file: `replace_noted` notes what it is about to put in its place.
    digest = _digest(path)
    try:
        return digest in _beside(path).read_text(errors="replace").split()
    except FileNotFoundError:
        return True


def replace_noted(half: Path, path: Path) -> None:
    """Puts another file in the place of a whole one, each with a digest that is noted, so that a crash leaves one.

    Raises `OSError`.
    """
    beside = _beside(path)
    noted = beside.read_text().split() if beside.exists() else [_digest(path)]
    flush_file(half)
    write_durably(beside, "".join(f"{digest}\n" for digest in [*noted, _digest(half)]).encode())
    half.replace(path)
    flush_folder(path.parent)


class DigestCheck:
    """Compares the files of one archive with their digests, a part of them each time it is asked."""

    def __init__(self, folder: Path) -> None:
        self._segments = folder / "segments"
        self._seen: dict[Path, Signature] = {}
        self._until = 0.0

    def damaged(self) -> str | None:
        """The first file found damaged or missing, named below the archive; None where none is."""
        try:
            return self._damaged()
        except FileNotFoundError as error:
            return self._name(Path(error.filename))

    def _damaged(self) -> str | None:
        there = {path: _signature(path) for path in sorted(self._segments.glob("*-????????????????/*.parquet"))}
        if gone := min(self._seen.keys() - there.keys(), default=None):
            return self._name(gone)
        if time.monotonic() > self._until:
            self._seen = {}
            self._until = time.monotonic() + PASS_SECONDS
        left = LOOK_BYTES
        for path, signature in there.items():
            if self._seen.get(path) == signature:
                continue
            if left <= 0:
                break
            if not is_whole(path):
                return self._name(path)
            self._seen[path] = signature
            left -= signature[1]
        return None

    def _name(self, path: Path) -> str:
        return str(path.relative_to(self._segments.parent))


def _beside(path: Path) -> Path:
    return path.with_name(f"{path.name}.sha256")


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _signature(path: Path) -> Signature:
    stat = path.stat()
    return stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns
