"""The embedded server: kept through a kill, stopped by a clean end, made whole or not at all."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import psutil
import pytest

from pulsepoint.adapters.postgres.pool import RUNTIME, open_pool, prepare
from pulsepoint.adapters.postgres.server import embedded_server
from pulsepoint.errors import EngineUnavailable

PARENT = """
import asyncio, sys, asyncpg
from pathlib import Path
from pulsepoint.adapters.postgres.server import embedded_server

async def write(dsn):
    connection = await asyncpg.connect(dsn)
    await connection.execute("CREATE TABLE kept (n int)")
    await connection.execute("INSERT INTO kept VALUES (1)")

with embedded_server(Path(sys.argv[1])) as dsn:
    asyncio.run(write(dsn))
    print("ready", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def home() -> Iterator[Path]:
    # Not pytest's directory: the server runs as another user when the tests run as root.
    with tempfile.TemporaryDirectory(prefix="pulsepoint-home-") as directory:
        yield Path(directory)


def start_parent(data: Path) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(data)],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert parent.stdout is not None
    assert parent.stdout.readline() == "ready\n"
    return parent


def postmaster(data: Path) -> int:
    return int((data / "postmaster.pid").read_text().splitlines()[0])


def alive(pid: int) -> bool:
    """Zombies are dead: not every container reaps them."""
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def ended(pid: int) -> bool:
    """True once it is: the file goes a moment before its process."""
    deadline = time.monotonic() + 10
    while alive(pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    return not alive(pid)


async def value_of(dsn: str, question: str) -> object:
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetchval(question)
    finally:
        await connection.close()


def test_it_survives_a_killed_parent_and_is_found_again_then_stops_cleanly(home: Path) -> None:
    data = home / "postgres"
    parent = start_parent(data)
    server = postmaster(data)
    parent.send_signal(signal.SIGKILL)
    parent.communicate()
    assert alive(server)
    with embedded_server(data) as dsn:
        assert postmaster(data) == server
        assert asyncio.run(value_of(dsn, "SELECT n FROM kept")) == 1
    assert not (data / "postmaster.pid").exists()
    assert ended(server)


def test_it_starts_again_after_the_server_itself_was_killed(home: Path) -> None:
    data = home / "postgres"
    parent = start_parent(data)
    os.kill(postmaster(data), signal.SIGKILL)
    parent.kill()
    parent.communicate()
    with embedded_server(data) as dsn:
        assert asyncio.run(value_of(dsn, "SELECT n FROM kept")) == 1


def test_commits_reach_the_disk_and_settings_can_be_laid_over(home: Path) -> None:
    # What a start killed half-way leaves is thrown away.
    (home / "postgres.new").mkdir()
    (home / "postgres.new" / "PG_VERSION").write_text("18")
    with embedded_server(home / "postgres", {"work_mem": "7MB"}) as dsn:
        assert asyncio.run(value_of(dsn, "SHOW synchronous_commit")) == "on"
        assert asyncio.run(value_of(dsn, "SHOW fsync")) == "on"
        assert asyncio.run(value_of(dsn, "SHOW work_mem")) == "7MB"
    assert not (home / "postgres.new").exists()


def test_a_server_that_cannot_start_is_unavailable(home: Path) -> None:
    data = home / "postgres"
    with embedded_server(data):
        pass
    (data / "PG_VERSION").write_text("9")
    with pytest.raises(EngineUnavailable):
        embedded_server(data).__enter__()


async def test_the_schema_is_applied_by_many_at_once(home: Path) -> None:
    with embedded_server(home / "postgres") as dsn:
        [runtime] = set(await asyncio.gather(*(prepare(dsn) for _ in range(8))))
        async with open_pool(runtime, min=1, max=2) as pool:
            assert await pool.fetchval("SELECT count(*) FROM kernel.queue") == 0


FORBIDDEN = (
    "CREATE TABLE kernel.mine ()",
    "CREATE TABLE public.mine ()",
    "DROP TABLE kernel.documents",
    "ALTER TABLE kernel.documents DISABLE TRIGGER ALL",
    "CREATE SCHEMA mine",
    "CREATE ROLE mine SUPERUSER",
    "SET ROLE postgres",
    "COPY kernel.queue TO PROGRAM 'true'",
    "SELECT pg_read_file('pg_hba.conf')",
)


async def test_who_serves_may_do_nothing_but_read_and_write_rows(home: Path) -> None:
    with embedded_server(home / "postgres") as dsn:
        async with open_pool(await prepare(dsn), min=1, max=1) as pool:
            assert await pool.fetchval("SELECT current_user") == RUNTIME
            for statement in FORBIDDEN:
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await pool.execute(statement)
