"""What every `SecretStore` does. Subclasses give a fixture `secrets`."""

from __future__ import annotations

from uuid import uuid4

import pytest

from pulsepoint.ports.secret_store import SecretStore
from pulsepoint.tenancy import SYSTEM, TenantContext


class SecretStoreSuite:
    """Subclassed once for each adapter."""

    @pytest.fixture
    def scope(self) -> TenantContext:
        return TenantContext(uuid4(), uuid4())

    async def test_an_absent_secret_is_none(self, secrets: SecretStore, scope: TenantContext) -> None:
        assert await secrets.get(scope, "token") is None

    async def test_the_newest_value_wins(self, secrets: SecretStore, scope: TenantContext) -> None:
        await secrets.put(scope, "token", b"old")
        await secrets.put(scope, "token", b"\x00\xffnew")
        assert await secrets.get(scope, "token") == b"\x00\xffnew"

    async def test_a_deleted_secret_is_gone(self, secrets: SecretStore, scope: TenantContext) -> None:
        await secrets.put(scope, "token", b"value")
        await secrets.delete(scope, "token")
        await secrets.delete(scope, "token")
        assert await secrets.get(scope, "token") is None

    async def test_secrets_of_others_are_absent(self, secrets: SecretStore, scope: TenantContext) -> None:
        await secrets.put(scope, "token", b"mine")
        others = (TenantContext(scope.tenant_id, uuid4()), TenantContext(uuid4(), scope.brand_id), SYSTEM)
        for other in others:
            assert await secrets.get(other, "token") is None
            await secrets.delete(other, "token")
            await secrets.put(other, "token", b"theirs")
        assert await secrets.get(scope, "token") == b"mine"
        assert await secrets.get(scope, "other") is None
        for other in others:
            await secrets.delete(other, "token")
