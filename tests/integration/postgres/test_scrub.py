"""Nothing of what was deleted is left in the files of a server: tables, statistics, the log of its writes."""

from __future__ import annotations

import asyncio
import os
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from pulsepoint.adapters.postgres.pool import prepare
from pulsepoint.adapters.postgres.scrub import renew_log, scrub_database
from pulsepoint.adapters.postgres.server import PostgresServer, start_server, stop_server

VALUE = b"Quillfeather"
SEEN = "INSERT INTO kernel.somebody SELECT 'Quillfeather-' || n FROM generate_series(1, 300) AS n"
IN_STATISTICS = "SELECT count(*) FROM pg_stats WHERE histogram_bounds::text LIKE '%Quillfeather%'"
MORE_LOG = "SELECT pg_switch_wal(); INSERT INTO kernel.somebody VALUES ('other'); CHECKPOINT"


@pytest.fixture
def server() -> Iterator[PostgresServer]:
    # Not pytest's directory: the server runs as another user when the tests run as root.
    with tempfile.TemporaryDirectory(prefix="pulsepoint-home-") as directory:
        started = start_server(Path(directory) / "postgres", {"fsync": "off", "shared_buffers": "32MB"})
        try:
            yield started
        finally:
            stop_server(started)


async def seen_and_deleted(server: PostgresServer) -> asyncpg.Connection[asyncpg.Record]:
    """A connection to a server that had the value in a table, its statistics and several segments of its log."""
    await prepare(server.get_uri())
    connection = await asyncpg.connect(server.get_uri())
    await connection.execute("CREATE TABLE kernel.somebody (name text)")
    await connection.execute(SEEN)
    await connection.execute("ANALYZE kernel.somebody")
    for statement in 3 * MORE_LOG.split("; "):
        await connection.execute(statement)
    await connection.execute(SEEN)
    await connection.execute("DELETE FROM kernel.somebody")
    await connection.execute("CHECKPOINT")
    assert "pg_wal" in where_it_is(server)
    assert "base" in where_it_is(server)
    return connection


def where_it_is(server: PostgresServer) -> set[str]:
    """The folders of the server's data below which a file has the value."""
    files = (path for path in server.data.rglob("*") if path.is_file())
    return {path.relative_to(server.data).parts[0] for path in files if VALUE in path.read_bytes()}


@pytest.mark.rule("SEC-25")
async def test_tables_statistics_and_log_have_nothing_of_it(server: PostgresServer) -> None:
    connection = await seen_and_deleted(server)
    assert await connection.fetchval(IN_STATISTICS)
    await scrub_database(server.get_uri())
    assert not await connection.fetchval(IN_STATISTICS)
    await connection.close()
    assert where_it_is(server) == set()


@pytest.mark.rule("SEC-25")
async def test_the_log_is_renewed_though_the_server_takes_its_setting_late(server: PostgresServer) -> None:
    """The postmaster tells the checkpointer of settings: while it stands still, a checkpoint keeps old segments."""
    connection = await seen_and_deleted(server)
    postmaster = int((server.data / "postmaster.pid").read_text().split()[0])
    os.kill(postmaster, signal.SIGSTOP)
    try:
        renewing = asyncio.create_task(renew_log(connection))
        await asyncio.wait([renewing], timeout=1.0)
    finally:
        os.kill(postmaster, signal.SIGCONT)
    await renewing
    await connection.close()
    assert "pg_wal" not in where_it_is(server)
