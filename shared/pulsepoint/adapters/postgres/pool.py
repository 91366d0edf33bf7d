"""Connections to PostgreSQL and the kernel's tables in it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.resources import files
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from pulsepoint.adapters.postgres.errors import postgres_errors

# Plans are kept, and are made while tables are still empty: only those that stay right when they grow may be
# chosen, which are look-ups by index.
SESSION = {
    "jit": "off",
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "enable_bitmapscan": "off",
}
SCHEMA_LOCK = 7_205_017_640_001
RUNTIME = "kernel_runtime"
"""The role that services have; the system says who may take it (peer), so it has no password."""


@asynccontextmanager
async def open_pool(dsn: str, min: int = 2, max: int = 12) -> AsyncIterator[asyncpg.Pool]:
    """A pool of `min` to `max` connections, closed on exit; raises `EngineUnavailable`.

    Connections go back as they are: who takes one leaves no session state behind.
    """
    with postgres_errors():
        pool = await asyncpg.create_pool(
            dsn,
            min_size=min,
            max_size=max,
            reset=_keep,
            command_timeout=60,
            max_inactive_connection_lifetime=0,
            server_settings=SESSION,
        )
    try:
        yield pool
    finally:
        try:
            async with asyncio.timeout(5):
                await pool.close()
        except TimeoutError:
            pool.terminate()


async def _keep(connection: asyncpg.Connection) -> None:
    """asyncpg's own reset would be one more round trip for each statement."""


async def prepare(dsn: str) -> str:
    """Create or update the kernel's tables and functions as the superuser of `dsn`; answers the DSN of who serves.

    That is `RUNTIME`, which may read and write rows and nothing else. Safe to run at once from several processes.
    Raises `EngineUnavailable`.
    """
    statements = files(__package__).joinpath("schema.sql").read_text(encoding="utf-8")
    with postgres_errors():
        connection = await asyncpg.connect(dsn, timeout=60, command_timeout=60)
        try:
            async with connection.transaction():
                await connection.execute("SELECT pg_advisory_xact_lock($1)", SCHEMA_LOCK)
                await connection.execute("SET LOCAL client_min_messages = warning")
                await connection.execute(statements)
        finally:
            await connection.close()
    parts = urlsplit(dsn)
    return urlunsplit(parts._replace(netloc=f"{RUNTIME}@{parts.netloc.rpartition('@')[2]}"))
