from __future__ import annotations

import pytest

from pulsepoint.adapters.memory.clock import FixedClock
from pulsepoint.adapters.memory.document_store import MemoryDocumentStore
from tests.contract.suites.document_store import DocumentStoreSuite, OpenStore


class TestMemoryDocumentStore(DocumentStoreSuite):
    @pytest.fixture
    def open_store(self, clock: FixedClock) -> OpenStore:
        return lambda service: MemoryDocumentStore(service, clock)
