"""Engines under test: one of each a run, shared by all workers; a database and pool of one's own for each worker.

Emulators keep tests apart by project: ask for one of your own (`test-{uuid}`).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import asyncpg
import pytest
import pytest_asyncio

from deploy.emulated.engines import start_firestore, start_pubsub, start_redis
from pulsepoint.adapters.postgres.pool import open_pool, prepare
from tests.builders.engines import shared_engine
from tests.builders.postgres import run_directory, shared_postgres


@pytest.fixture(scope="session")
def postgres_dsn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with shared_postgres(run_directory(tmp_path_factory)) as dsn:
        yield dsn


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def postgres_pool(postgres_dsn: str) -> AsyncIterator[asyncpg.Pool]:
    async with open_pool(await prepare(postgres_dsn), min=2, max=20) as pool:
        yield pool


@pytest.fixture(scope="session")
def pubsub_emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Its `host:port`, which PUBSUB_EMULATOR_HOST names as well until the session ends."""
    with (
        shared_engine(run_directory(tmp_path_factory), "pubsub", start_pubsub) as address,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("PUBSUB_EMULATOR_HOST", address)
        yield address


@pytest.fixture(scope="session")
def firestore_emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Its `host:port`, which FIRESTORE_EMULATOR_HOST names as well until the session ends."""
    with (
        shared_engine(run_directory(tmp_path_factory), "firestore", start_firestore) as address,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("FIRESTORE_EMULATOR_HOST", address)
        yield address


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Its URL, `redis://host:port/0`."""
    with shared_engine(run_directory(tmp_path_factory), "redis", start_redis) as address:
        yield f"redis://{address}/0"
