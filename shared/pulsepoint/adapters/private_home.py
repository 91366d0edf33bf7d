"""The folder of one machine's data is its user's alone, whatever the umask, and however an older version left it."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from pulsepoint.errors import EngineUnavailable

OWN = ("warehouse.duckdb*", "tower.*", "demo.*", "secrets.key*", "instance.log", "objects", "archive", "backups")
"""What Pulsepoint makes in its home, PostgreSQL's data apart, which has an owner of its own."""
NOT_OURS = stat.S_IRWXG | stat.S_IRWXO


def make_private(home: Path) -> None:
    """Make the folder where it is absent, take what others may do with it and in it away, and never give it again.

    From then on this process makes private files only. Parent folders keep their modes. Raises `EngineUnavailable`
    for a folder that is not one of its own.
    """
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = home.stat()
        if home.resolve() == Path("/") or status.st_mode & stat.S_ISVTX:
            raise EngineUnavailable(f"{home} is everybody's: give PULSEPOINT_HOME a folder of its own")
        if os.geteuid() not in (0, status.st_uid):
            raise EngineUnavailable(f"{home} belongs to another user: start Pulsepoint as that user")
        os.umask(NOT_OURS)
        home.chmod(0o700)
        for path in _own_files(home):
            mode = path.lstat().st_mode
            if mode & NOT_OURS and not stat.S_ISLNK(mode):
                path.chmod(stat.S_IMODE(mode) & ~NOT_OURS)
    except OSError as error:
        raise EngineUnavailable(f"{home} cannot be made private: {error}") from error


def _own_files(home: Path) -> Iterator[Path]:
    for pattern in OWN:
        for path in home.glob(pattern):
            yield path
            if path.is_dir() and not path.is_symlink():
                yield from path.rglob("*")
