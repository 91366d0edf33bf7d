"""A home is its user's alone, whatever the umask says and however an older version left it."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from pulsepoint.adapters.duckdb.warehouse import open_duckdb
from pulsepoint.adapters.private_home import make_private
from pulsepoint.errors import EngineUnavailable

UMASKS = (0o000, 0o022, 0o027, 0o077)


@pytest.fixture(params=UMASKS, ids=oct)
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    try:
        yield request.param
    finally:
        os.umask(before)


def others_may(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode) & 0o077


@pytest.mark.rule("SEC-15")
async def test_home_and_warehouse_are_private_under_any_umask(tmp_path: Path, umask: int) -> None:
    home = tmp_path / "parent" / "home"
    make_private(home)
    async with open_duckdb(home / "warehouse.duckdb"):
        (home / "facts").mkdir()
        (home / "facts" / "day.parquet").write_bytes(b"")
        assert {str(path): others_may(path) for path in (home, *home.rglob("*")) if others_may(path)} == {}
    assert stat.S_IMODE(home.parent.stat().st_mode) == 0o777 & ~umask


def test_what_an_older_version_left_open_is_closed_and_other_files_stay(tmp_path: Path, umask: int) -> None:
    home = tmp_path / "home"
    (home / "objects" / "one").mkdir(parents=True)
    left = [home / name for name in ("warehouse.duckdb", "warehouse.duckdb.wal", "instance.log", "objects/one/export")]
    for path in (*left, home / "script"):
        path.touch()
        path.chmod(0o755)
    home.chmod(0o777)
    make_private(home)
    assert [others_may(path) for path in (home, home / "objects", *left)] == [0] * 6
    assert stat.S_IMODE((home / "script").stat().st_mode) == 0o755


def test_a_link_in_the_home_opens_or_closes_nothing_elsewhere(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.touch()
    outside.chmod(0o644)
    home = tmp_path / "home"
    home.mkdir()
    (home / "warehouse.duckdb.old").symlink_to(outside)
    before = os.umask(0o022)
    make_private(home)
    os.umask(before)
    assert stat.S_IMODE(outside.stat().st_mode) == 0o644


def test_a_folder_of_everybody_is_no_home(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o1777)
    for folder in (shared, Path("/")):
        with pytest.raises(EngineUnavailable, match="a folder of its own"):
            make_private(folder)
    assert stat.S_IMODE(shared.stat().st_mode) == 0o1777
