"""Engines under test: one embedded PostgreSQL server a run, one database and pool a worker."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import asyncpg
import pytest
import pytest_asyncio

from pulsepoint.adapters.postgres.pool import apply_schema, open_pool
from tests.builders.postgres import run_directory, shared_postgres


@pytest.fixture(scope="session")
def postgres_dsn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with shared_postgres(run_directory(tmp_path_factory)) as dsn:
        yield dsn


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def postgres_pool(postgres_dsn: str) -> AsyncIterator[asyncpg.Pool]:
    async with open_pool(postgres_dsn, min=2, max=20) as pool:
        await apply_schema(pool)
        yield pool
