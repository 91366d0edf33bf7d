from __future__ import annotations

import os
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest

from pulsepoint.adapters.local_secrets import LocalSecretStore
from pulsepoint.errors import EngineUnavailable
from pulsepoint.tenancy import TenantContext
from tests.contract.suites.secret_store import SecretStoreSuite

ROW = "SELECT nonce, sealed FROM kernel.secrets WHERE tenant = $1 AND name = $2"
MOVE = "UPDATE kernel.secrets SET tenant = $2 WHERE tenant = $1"


class TestLocalSecretStore(SecretStoreSuite):
    @pytest.fixture
    def secrets(self, postgres_pool: asyncpg.Pool, tmp_path: Path) -> LocalSecretStore:
        return LocalSecretStore(postgres_pool, tmp_path / "secrets.key")

    async def test_the_table_does_not_hold_the_value(
        self, secrets: LocalSecretStore, postgres_pool: asyncpg.Pool, scope: TenantContext
    ) -> None:
        await secrets.put(scope, "token", b"plain text of the token")
        first = await postgres_pool.fetchrow(ROW, scope.tenant_id, "token")
        await secrets.put(scope, "token", b"plain text of the token")
        second = await postgres_pool.fetchrow(ROW, scope.tenant_id, "token")
        assert first is not None
        assert second is not None
        assert b"plain" not in first["sealed"]
        assert first["nonce"] != second["nonce"]
        assert first["sealed"] != second["sealed"]

    async def test_a_value_moved_to_another_tenant_does_not_open(
        self, secrets: LocalSecretStore, postgres_pool: asyncpg.Pool, scope: TenantContext
    ) -> None:
        await secrets.put(scope, "token", b"mine")
        thief = TenantContext(uuid4(), scope.brand_id)
        await postgres_pool.execute(MOVE, scope.tenant_id, thief.tenant_id)
        with pytest.raises(EngineUnavailable):
            await secrets.get(thief, "token")

    async def test_the_key_outlives_the_process_and_is_its_owners_alone(
        self, postgres_pool: asyncpg.Pool, tmp_path: Path, scope: TenantContext
    ) -> None:
        key = tmp_path / "secrets.key"
        await LocalSecretStore(postgres_pool, key).put(scope, "token", b"value")
        assert key.stat().st_mode & 0o777 == 0o600
        assert os.listdir(tmp_path) == ["secrets.key"]
        assert await LocalSecretStore(postgres_pool, key).get(scope, "token") == b"value"
        with pytest.raises(EngineUnavailable):
            await LocalSecretStore(postgres_pool, tmp_path / "other.key").get(scope, "token")

    def test_a_key_others_may_read_or_that_is_none_is_refused(
        self, postgres_pool: asyncpg.Pool, tmp_path: Path
    ) -> None:
        key = tmp_path / "secrets.key"
        LocalSecretStore(postgres_pool, key)
        key.chmod(0o640)
        with pytest.raises(EngineUnavailable, match="chmod 600"):
            LocalSecretStore(postgres_pool, key)
        key.chmod(0o600)
        key.write_bytes(b"short")
        with pytest.raises(EngineUnavailable, match="32 bytes"):
            LocalSecretStore(postgres_pool, key)
