from __future__ import annotations

import subprocess
import sys

import pytest

from pulsepoint.adapters.memory.cache import MAX_VALUES, MemoryCache
from pulsepoint.adapters.memory.clock import FixedClock
from pulsepoint.adapters.memory.object_store import MemoryObjectStore
from pulsepoint.adapters.memory.secret_store import MemorySecretStore
from pulsepoint.tenancy import SYSTEM
from tests.contract.suites.cache import CacheSuite
from tests.contract.suites.object_store import ObjectStoreSuite, Opened
from tests.contract.suites.secret_store import SecretStoreSuite


class TestMemorySecretStore(SecretStoreSuite):
    @pytest.fixture
    def secrets(self) -> MemorySecretStore:
        return MemorySecretStore()


class TestMemoryCache(CacheSuite):
    @pytest.fixture
    def cache(self, clock: FixedClock) -> MemoryCache:
        return MemoryCache(clock)

    async def test_it_does_not_grow_without_end(self, cache: MemoryCache) -> None:
        for number in range(MAX_VALUES + 1):
            await cache.set(SYSTEM, str(number), b"", ttl_seconds=1)
        assert await cache.get(SYSTEM, "0") is None
        assert await cache.get(SYSTEM, str(MAX_VALUES)) == b""

    def test_the_rate_limiter_is_loaded_only_when_used(self) -> None:
        code = "import sys, pulsepoint.adapters.memory.cache; sys.exit('throttled' in sys.modules)"
        environment = {"PYTHONPATH": ":".join(sys.path)}
        assert subprocess.run([sys.executable, "-c", code], env=environment, check=False).returncode == 0


class TestMemoryObjectStore(ObjectStoreSuite):
    @pytest.fixture
    def objects(self, clock: FixedClock) -> MemoryObjectStore:
        return MemoryObjectStore(clock)

    @pytest.fixture
    def opened(self, objects: MemoryObjectStore) -> Opened:
        return objects.open
