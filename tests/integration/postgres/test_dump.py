"""A snapshot in which nothing commits meanwhile, dumped, and restored into an empty server with its roles."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import asyncpg
import pytest

from pulsepoint.adapters.postgres import dump
from pulsepoint.adapters.postgres.pool import prepare
from pulsepoint.adapters.postgres.server import PostgresServer, running_server, start_server, stop_server
from pulsepoint.errors import EngineUnavailable

SETTINGS = {"fsync": "off", "shared_buffers": "32MB"}
COMMIT = """
INSERT INTO kernel.leftovers VALUES ('tested', gen_random_uuid(), gen_random_uuid(), '', '', now())
"""
ROLE = "CREATE ROLE teller; GRANT USAGE ON SCHEMA kernel TO teller; GRANT SELECT ON kernel.leftovers TO teller"
IMPATIENT = f"SET lock_timeout = '50ms'; {COMMIT}"


@contextmanager
def server() -> Iterator[PostgresServer]:
    # Not pytest's directory: the server runs as another user when the tests run as root.
    with tempfile.TemporaryDirectory(prefix="pulsepoint-home-") as directory:
        started = start_server(Path(directory) / "postgres", SETTINGS)
        try:
            yield started
        finally:
            stop_server(started)


async def run(server: PostgresServer, statement: str) -> None:
    connection = await asyncpg.connect(server.get_uri())
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


async def test_commits_wait_for_the_moment_and_what_comes_later_is_not_in_it(tmp_path: Path) -> None:
    with ExitStack() as stack:
        source, target = stack.enter_context(server()), stack.enter_context(server())
        thread = stack.enter_context(ThreadPoolExecutor(1))
        assert running_server(source.data) == source
        await prepare(source.get_uri())
        await run(source, f"{ROLE}; {COMMIT}")

        def commit_meanwhile() -> None:
            with pytest.raises(asyncpg.LockNotAvailableError):
                thread.submit(lambda: asyncio.run(run(source, IMPATIENT))).result()

        with (tmp_path / "dump").open("w+b") as file:
            async with dump.snapshot(source, commit_meanwhile) as snapshot:
                await run(source, IMPATIENT)
                dump.write_dump(source, snapshot.name, file)
        assert snapshot.rows["kernel.leftovers"] == 1
        dump.read_dump(target, dump.roles(source), tmp_path / "dump")
        assert await dump.counted(target) == snapshot.rows
        await run(target, "SET ROLE teller; SELECT * FROM kernel.leftovers")


async def test_what_a_program_says_is_passed_on(tmp_path: Path) -> None:
    with server() as source:
        (tmp_path / "dump").write_bytes(b"no dump")
        with pytest.raises(EngineUnavailable, match=r"^pg_restore: error: .* valid archive"):
            dump.read_dump(source, b"", tmp_path / "dump")
    assert running_server(source.data) is None
