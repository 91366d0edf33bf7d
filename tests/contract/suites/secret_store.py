"""The suite of every `SecretStore`. Subclasses give a fixture `secrets`."""

from __future__ import annotations

import asyncio
from functools import partial
from uuid import uuid4

import pytest

from pulsepoint.adapters.secret_rules import MAX_VALUE_BYTES
from pulsepoint.errors import LimitExceeded, MalformedInput
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

    async def test_all_who_ask_at_once_get_the_value_one_of_them_made(
        self, secrets: SecretStore, scope: TenantContext
    ) -> None:
        makers = [secrets.once(scope, "key", partial(bytes, [number])) for number in range(8)]
        made = set(await asyncio.gather(*makers))
        assert len(made) == 1
        assert await secrets.once(scope, "key", lambda: b"late") in made
        assert await secrets.get(scope, "key") in made
        await secrets.put(scope, "key", b"rotated")
        assert await secrets.once(scope, "key", lambda: b"late") == b"rotated"

    async def test_names_of_any_characters_are_kept_apart(self, secrets: SecretStore, scope: TenantContext) -> None:
        names = ("a.b", "a_b", "a-b", "a/b", "a_2fb", "ä b", "A-b")
        for name in names:
            await secrets.put(scope, name, name.encode())
        assert [await secrets.get(scope, name) for name in names] == [name.encode() for name in names]

    async def test_a_value_larger_than_any_engine_takes_or_empty_is_refused(
        self, secrets: SecretStore, scope: TenantContext
    ) -> None:
        await secrets.put(scope, "token", b"x" * MAX_VALUE_BYTES)
        with pytest.raises(LimitExceeded):
            await secrets.put(scope, "token", b"y" * (MAX_VALUE_BYTES + 1))
        with pytest.raises(MalformedInput):
            await secrets.put(scope, "token", b"")
        with pytest.raises(LimitExceeded):
            await secrets.once(scope, "other", lambda: b"y" * (MAX_VALUE_BYTES + 1))
        assert await secrets.get(scope, "token") == b"x" * MAX_VALUE_BYTES
