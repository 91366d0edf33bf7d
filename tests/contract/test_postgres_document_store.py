from __future__ import annotations

import asyncpg
import pytest

from pulsepoint.adapters.memory.clock import FixedClock
from pulsepoint.adapters.postgres.document_store import PostgresDocumentStore
from tests.contract.suites.document_store import DocumentStoreSuite, OpenStore


class TestPostgresDocumentStore(DocumentStoreSuite):
    @pytest.fixture
    def open_store(self, postgres_pool: asyncpg.Pool, clock: FixedClock) -> OpenStore:
        return lambda service: PostgresDocumentStore(postgres_pool, service, clock)
