"""Files and folders that a crash leaves as they were or as they are to be."""

from __future__ import annotations

import os
from pathlib import Path


def flush_file(path: Path) -> None:
    """Return once the file's bytes are on the disk. Raises `OSError`."""
    _flush(path, os.O_RDONLY)


def flush_folder(folder: Path) -> None:
    """Return once the folder's names are on the disk. Raises `OSError`."""
    _flush(folder, os.O_RDONLY | os.O_DIRECTORY)


def write_durably(path: Path, content: bytes) -> None:
    """Gives a file its whole content, or leaves it as it was. Raises `OSError`."""
    half = path.with_suffix(".new")
    half.write_bytes(content)
    flush_file(half)
    half.replace(path)
    flush_folder(path.parent)


def _flush(path: Path, flags: int) -> None:
    handle = os.open(path, flags)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
