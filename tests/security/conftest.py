"""Attacks that once worked. Those that need root to act as somebody else are left out where nobody is root."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator

import pytest

from tests.builders.ingest import Ingest, running_ingest

collect_ignore = [] if os.geteuid() == 0 else ["test_root_home.py"]


@pytest.fixture
async def ingest() -> AsyncIterator[Ingest]:
    async with running_ingest() as service:
        yield service
