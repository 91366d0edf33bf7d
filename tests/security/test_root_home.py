"""Root's PostgreSQL runs as another user: it opens no folder, and `nobody` neither comes in nor reads a byte."""

from __future__ import annotations

import asyncio
import os
import pwd
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from pulsepoint.adapters.postgres.account import Account, account_for, programs_for
from pulsepoint.adapters.postgres.place import place_of, remove_data
from pulsepoint.adapters.postgres.server import embedded_server, start_server, stop_server
from pulsepoint.errors import EngineUnavailable
from tests.builders.postgres import SETTINGS

NOBODY = pwd.getpwnam("nobody")


@pytest.fixture(scope="module")
def root() -> Iterator[Path]:
    """A folder everybody passes: what is closed below it, a test closes."""
    with tempfile.TemporaryDirectory(prefix="pp-root-") as folder:
        os.chmod(folder, 0o755)
        yield Path(folder)


@pytest.fixture
def elsewhere(root: Path) -> Path:
    folder = Path(tempfile.mkdtemp(dir=root))
    folder.chmod(0o711)
    return folder


def made(parent: Path, *steps: tuple[str, int]) -> Path:
    for name, mode in steps:
        parent = parent / name
        parent.mkdir()
        parent.chmod(mode)
    return parent


def modes_up(folder: Path) -> dict[str, int]:
    return {str(each): stat.S_IMODE(each.stat().st_mode) for each in (folder, *folder.parents)}


def as_nobody(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        list(map(str, command)),
        user=NOBODY.pw_uid,
        group=NOBODY.pw_gid,
        extra_groups=[],
        cwd="/",
        capture_output=True,
        text=True,
    )


def psql_as_nobody(dsn: str) -> str:
    """What psql says; "came in" where it came in."""
    programs = programs_for(Account("nobody", NOBODY.pw_uid, NOBODY.pw_gid), Path(tempfile.gettempdir()))
    done = as_nobody(programs / "psql", "--no-psqlrc", "-c", "SELECT rolsuper FROM pg_roles", dsn)
    return "came in" if done.returncode == 0 else done.stderr


async def ask(dsn: str, question: str) -> object:
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetchval(question)
    finally:
        await connection.close()


@pytest.mark.rule("SEC-15")
@pytest.mark.parametrize(
    ("umask", "parents"),
    [
        (0o000, [("a", 0o700), ("b", 0o755)]),
        (0o022, [("a", 0o755), ("b", 0o700)]),
        (0o077, [("a", 0o750), ("b", 0o711)]),
        (0o022, [("a", 0o711)]),
        (0o000, [("a", 0o755)]),
    ],
)
def test_parents_keep_their_modes_and_nobody_comes_in(
    root: Path, elsewhere: Path, umask: int, parents: list[tuple[str, int]]
) -> None:
    top = made(root, (f"{os.urandom(4).hex()}", 0o755))
    home = made(top, *parents, ("home", 0o700))
    before = os.umask(umask)
    parents_before = modes_up(home.parent)
    try:
        with embedded_server(home / "postgres", SETTINGS, elsewhere=elsewhere) as dsn:
            assert modes_up(home.parent) == parents_before
            assert stat.S_IMODE(home.stat().st_mode) in (0o700, 0o710)
            data = (home / "postgres").resolve()
            assert data.parent in (home, *elsewhere.iterdir())
            assert stat.S_IMODE(data.stat().st_mode) == 0o700
            assert asyncio.run(ask(dsn, "SELECT current_user")) == "postgres"
            assert "Permission denied" in psql_as_nobody(dsn)
            assert as_nobody("ls", data).returncode != 0
            assert [path for path in data.rglob("*") if stat.S_IMODE(path.lstat().st_mode) & 0o077] == []
    finally:
        os.umask(before)


@pytest.fixture(scope="module")
def running(root: Path) -> Iterator[tuple[Path, str]]:
    """A server whose path is too long for a socket."""
    home = made(root, ("x" * 100, 0o755), ("home", 0o700))
    with embedded_server(home / "postgres", SETTINGS) as dsn:
        yield home / "postgres", dsn


def test_the_socket_of_a_long_path_lies_in_a_private_folder(running: tuple[Path, str]) -> None:
    data, dsn = running
    folder = Path(dsn.rpartition("host=")[2])
    assert not folder.is_relative_to(data)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert folder.stat().st_uid == data.stat().st_uid
    assert "Permission denied" in psql_as_nobody(dsn)


@pytest.mark.rule("SEC-15")
def test_who_reaches_the_socket_is_still_asked_who_he_is(running: tuple[Path, str]) -> None:
    folder = Path(running[1].rpartition("host=")[2])
    folder.chmod(0o755)
    (folder / ".s.PGSQL.5432").chmod(0o777)
    assert "Peer authentication failed" in psql_as_nobody(running[1])
    folder.chmod(0o700)


def test_a_server_started_again_has_the_same_address(root: Path) -> None:
    home = made(root, ("y" * 100, 0o755))
    server = start_server(home / "postgres", SETTINGS)
    stop_server(server)
    again = start_server(home / "postgres", SETTINGS)
    stop_server(again)
    assert again.get_uri() == server.get_uri()
    assert not again.socket_folder.exists()


def test_an_old_homes_trust_is_taken_back_while_its_server_runs(root: Path) -> None:
    home = made(root, ("old", 0o755))
    server = start_server(home / "postgres", SETTINGS)
    for name, text in (("pg_hba.conf", "local all all trust\n"), ("pulsepoint.conf", "")):
        (home / "postgres" / name).write_text(text)
    (home / "postgres").chmod(0o755)
    again = start_server(home / "postgres", SETTINGS)
    try:
        assert again.get_uri() == server.get_uri()
        assert (
            asyncio.run(ask(again.get_uri(), "SELECT count(*) FROM pg_hba_file_rules WHERE auth_method = 'trust'")) == 0
        )
        assert stat.S_IMODE((home / "postgres").stat().st_mode) == 0o700
    finally:
        stop_server(again)


def test_data_whose_parents_are_closed_later_moves_and_is_all_there(root: Path, elsewhere: Path) -> None:
    parent = made(root, ("later", 0o755))
    home = made(parent, ("home", 0o700))
    with embedded_server(home / "postgres", SETTINGS, elsewhere=elsewhere) as dsn:
        asyncio.run(ask(dsn, "CREATE TABLE kept AS SELECT 7 AS n"))
    parent.chmod(0o700)
    server = start_server(home / "postgres", SETTINGS, elsewhere=elsewhere)
    assert asyncio.run(ask(server.get_uri(), "SELECT n FROM kept")) == 7
    stop_server(server)
    # As a kill between the two renames leaves it.
    (home / "postgres").rename(home / "postgres.link")
    with embedded_server(home / "postgres", SETTINGS, elsewhere=elsewhere) as dsn:
        assert asyncio.run(ask(dsn, "SELECT n FROM kept")) == 7
    assert stat.S_IMODE(parent.stat().st_mode) == 0o700
    assert [path.name for path in home.iterdir()] == ["postgres"]


def test_a_copied_home_and_data_that_is_gone_are_refused_with_a_sentence(root: Path, elsewhere: Path) -> None:
    home = made(root, ("closed", 0o700), ("home", 0o700))
    directory = home / "postgres"
    place = place_of(directory, account_for(directory), elsewhere)
    place.mkdir()
    copied = home.with_name("copied")
    shutil.copytree(home, copied, symlinks=True)
    with pytest.raises(EngineUnavailable, match=f"is that of {home}: a copy of a home has none"):
        start_server(copied / "postgres", SETTINGS, elsewhere=elsewhere)
    shutil.rmtree(place.parent)
    with pytest.raises(EngineUnavailable, match=r"lies in .*, which is not there"):
        start_server(directory, SETTINGS, elsewhere=elsewhere)
    remove_data(directory)
    assert list(home.iterdir()) == []


def test_where_no_folder_can_be_had_the_start_refuses_and_says_what_to_do(root: Path) -> None:
    home = made(root, ("shut", 0o700), ("home", 0o700))
    with pytest.raises(EngineUnavailable, match=r"choose another PULSEPOINT_HOME, or set PULSEPOINT_POSTGRES_FOLDER"):
        start_server(home / "postgres", SETTINGS, elsewhere=home.parent / "elsewhere")
    assert modes_up(home)[str(home.parent)] == 0o700
