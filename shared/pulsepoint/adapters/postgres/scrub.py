"""Bytes that PostgreSQL keeps of rows that were deleted: free space in its files, statistics, the log of its writes.

VACUUM FULL writes a table anew, without what its pages kept of rows before; tables are locked meanwhile, one after
another. Statistics hold values of columns, so they are cleared and made anew. Segments of the write-ahead log are kept
for reuse as they are, so each is written over before the old ones are removed.
https://www.postgresql.org/docs/18/sql-vacuum.html, https://www.postgresql.org/docs/18/catalog-pg-statistic.html,
https://www.postgresql.org/docs/18/wal-configuration.html
"""

from __future__ import annotations

import asyncio

import asyncpg

from pulsepoint.adapters.postgres.errors import postgres_errors
from pulsepoint.errors import EngineUnavailable

LOCK_SECONDS = 20
MOST_SEGMENTS = 256
"""Of 16 MB: twice as many as `max_wal_size` lets pile up."""
TABLES = """
SELECT quote_ident(schemaname) || '.' || quote_ident(tablename) FROM pg_tables
WHERE schemaname IN ('kernel', 'ledger') ORDER BY 1
"""
CLEAR_STATISTICS = """
SELECT pg_clear_attribute_stats(schemaname, tablename, attname, inherited) FROM pg_stats
WHERE schemaname IN ('kernel', 'ledger')
"""
MOST_ROUNDS = 20
ROUND_SECONDS = 0.5
NOT_YET_WRITTEN = """
SELECT count(*) FROM pg_ls_waldir()
WHERE name ~ '^[0-9A-F]{24}$' AND name > pg_walfile_name(pg_current_wal_lsn())
"""


async def scrub_database(dsn: str) -> None:
    """Leave nothing of rows deleted before in the files of a server of one's own. Raises `EngineUnavailable`."""
    with postgres_errors():
        connection = await asyncpg.connect(dsn)
        try:
            await connection.execute(f"SET lock_timeout = '{LOCK_SECONDS}s'")
            tables = [table for (table,) in await connection.fetch(TABLES)]
            for table in tables:
                await connection.execute(f"VACUUM (FULL) {table}")
            await connection.execute(CLEAR_STATISTICS)
            await connection.execute("VACUUM (FULL) pg_catalog.pg_statistic")
            for table in tables:
                await connection.execute(f"ANALYZE {table}")
            await renew_log(connection)
        finally:
            connection.terminate()


async def renew_log(connection: asyncpg.Connection[asyncpg.Record]) -> None:
    """Write over the segments that wait to be reused, then remove those before this moment.

    The server takes the setting when it is told of it, which may be after a checkpoint that kept old segments: then
    these wait to be reused, and it goes on. Raises `EngineUnavailable` where that does not end.
    """
    await _recycle(connection, "off")
    try:
        ahead = int(await connection.fetchval(NOT_YET_WRITTEN))
        for _ in range(MOST_ROUNDS):
            for _ in range(min(ahead + 1, MOST_SEGMENTS)):
                await connection.execute("SELECT pg_logical_emit_message(false, 'scrub', '')")
                await connection.execute("SELECT pg_switch_wal()")
            await connection.execute("CHECKPOINT")
            ahead = int(await connection.fetchval(NOT_YET_WRITTEN))
            if not ahead:
                return
            await asyncio.sleep(ROUND_SECONDS)
    finally:
        await _recycle(connection, None)
    raise EngineUnavailable("PostgreSQL keeps segments of its log that hold what was before")


async def _recycle(connection: asyncpg.Connection[asyncpg.Record], value: str | None) -> None:
    change = "RESET wal_recycle" if value is None else f"SET wal_recycle = {value}"
    await connection.execute(f"ALTER SYSTEM {change}")
    await connection.execute("SELECT pg_reload_conf()")
