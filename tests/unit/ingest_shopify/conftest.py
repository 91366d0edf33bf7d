"""The service that most of these tests deliver to."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.builders.ingest import Ingest, running_ingest


@pytest.fixture
async def ingest() -> AsyncIterator[Ingest]:
    async with running_ingest() as service:
        yield service
