"""A copy of the embedded server's database in one moment, and back into an empty server.

The moment is one in which no outbox record is written or forgotten, so that whoever copies what lies outside of
PostgreSQL sees exactly what the database says was recorded.
https://www.postgresql.org/docs/18/app-pgdump.html, https://www.postgresql.org/docs/18/sql-lock.html
"""

from __future__ import annotations

import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import asyncpg

from pulsepoint.adapters.postgres.errors import postgres_errors
from pulsepoint.adapters.postgres.server import SUPERUSER, PostgresServer
from pulsepoint.errors import EngineUnavailable

PAUSE_SECONDS = 20
"""The longest that a copy waits for transactions under way; new ones wait behind it."""
MAKES_SUPERUSER = f"CREATE ROLE {SUPERUSER};"
"""Every server has it from the start."""
TABLES = """
SELECT quote_ident(nspname) || '.' || quote_ident(relname) FROM pg_class
JOIN pg_namespace ON pg_namespace.oid = relnamespace
WHERE relkind = 'r' AND nspname NOT LIKE 'pg\\_%' AND nspname <> 'information_schema' ORDER BY 1
"""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A moment of the database that stays readable: its name, and the rows that each table has then."""

    name: str
    rows: dict[str, int]


@asynccontextmanager
async def snapshot(server: PostgresServer, at_that_moment: Callable[[], None]) -> AsyncIterator[Snapshot]:
    """A snapshot as a context manager; commits wait while `at_that_moment` runs.

    Facts are appended after their commit, and their outbox record is forgotten after that: what is appended by then is
    of commits in the snapshot, and whatever the snapshot has no record of any more is appended. Raises
    `PulsepointError`s: `Conflict` where a transaction under way goes on for longer than `PAUSE_SECONDS`.
    """
    with postgres_errors():
        reading, pausing = await asyncpg.connect(server.get_uri()), await asyncpg.connect(server.get_uri())
    try:
        with postgres_errors():
            async with pausing.transaction():
                await pausing.execute(f"SET LOCAL lock_timeout = '{PAUSE_SECONDS}s'")
                await pausing.execute("LOCK TABLE kernel.leftovers IN SHARE MODE")
                await reading.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
                name = str(await reading.fetchval("SELECT pg_export_snapshot()"))
                at_that_moment()
            rows = await _counted(reading)
        yield Snapshot(name, rows)
    finally:
        for connection in (reading, pausing):
            connection.terminate()


async def counted(server: PostgresServer) -> dict[str, int]:
    """The rows of each table, by its qualified name. Raises `EngineUnavailable`."""
    with postgres_errors():
        connection = await asyncpg.connect(server.get_uri())
        try:
            return await _counted(connection)
        finally:
            await connection.close()


async def _counted(connection: asyncpg.Connection[asyncpg.Record]) -> dict[str, int]:
    tables = [row[0] for row in await connection.fetch(TABLES)]
    return {table: int(await connection.fetchval(f"SELECT count(*) FROM {table}")) for table in tables}


def write_dump(server: PostgresServer, snapshot_name: str, file: IO[bytes]) -> None:
    """Write the database as it is in a snapshot, compressed. Raises `EngineUnavailable` with what pg_dump says."""
    _run(server, "pg_dump", "--format=custom", f"--snapshot={snapshot_name}", output=file)


def roles(server: PostgresServer) -> bytes:
    """The server's roles as SQL, with what they log in by. Raises `EngineUnavailable`."""
    return _run(server, "pg_dumpall", "--roles-only")


def read_dump(server: PostgresServer, roles_sql: bytes, dump: Path) -> None:
    """Fill an empty server: its roles, then the database in one transaction. Raises `EngineUnavailable`."""
    lines = [line for line in roles_sql.splitlines() if line.decode() != MAKES_SUPERUSER]
    _run(server, "psql", "--quiet", "--no-psqlrc", "--set=ON_ERROR_STOP=1", given=b"\n".join(lines) + b"\n")
    _run(server, "pg_restore", "--single-transaction", "--exit-on-error", str(dump))


def _run(
    server: PostgresServer, program: str, *arguments: str, given: bytes = b"", output: IO[bytes] | None = None
) -> bytes:
    """The output of a program of PostgreSQL; empty where it prints to `output`."""
    done = subprocess.run(  # noqa: S603 (PostgreSQL's own programs)
        [server.programs / program, f"--dbname={server.get_uri()}", *arguments],
        input=given,
        stdout=output or subprocess.PIPE,
        stderr=subprocess.PIPE,
        check=False,
    )
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise EngineUnavailable(said[0] if said else f"{program} ended with {done.returncode}")
    return done.stdout or b""
