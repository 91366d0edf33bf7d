"""An embedded PostgreSQL with the kernel's schema."""

from __future__ import annotations

from collections.abc import AsyncIterator

import asyncpg
import pytest
import pytest_asyncio

from pulsepoint.adapters.postgres.pool import open_pool, prepare
from tests.builders.postgres import run_directory, shared_postgres


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def postgres_pool(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[asyncpg.Pool]:
    with shared_postgres(run_directory(tmp_path_factory)) as dsn:
        async with open_pool(await prepare(dsn)) as pool:
            yield pool
