from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest_asyncio

from pulsepoint.adapters.firestore.document_store import open_firestore
from pulsepoint.adapters.memory.clock import FixedClock
from tests.contract.suites.document_store import DocumentStoreSuite, OpenStore


class TestFirestoreDocumentStore(DocumentStoreSuite):
    @pytest_asyncio.fixture
    async def open_store(self, firestore_emulator: str, clock: FixedClock) -> AsyncIterator[OpenStore]:
        async with open_firestore(f"test-{uuid4()}", clock) as open_store:
            yield open_store
