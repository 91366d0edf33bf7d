from __future__ import annotations

import asyncio
import logging
from base64 import b64encode
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio

from deploy.emulated.fakes.secret_manager import SecretManager, Version, app_of, create_app
from pulsepoint.adapters.secret_manager import SecretManagerSecretStore, open_secret_manager
from pulsepoint.errors import EngineUnavailable, LimitExceeded
from pulsepoint.tenancy import TenantContext
from tests.builders.stubs import serving
from tests.contract.suites.secret_store import SecretStoreSuite

PROJECT = "test-project"


@pytest.fixture
def manager() -> SecretManager:
    return SecretManager()


@pytest_asyncio.fixture
async def endpoint(manager: SecretManager) -> AsyncIterator[str]:
    async with serving(app_of(manager)) as address:
        yield address


@pytest.fixture
def scope() -> TenantContext:
    return TenantContext(uuid4(), uuid4())


def versions(manager: SecretManager) -> list[Version]:
    """Those of the only secret there is."""
    (secret,) = manager.secrets.values()
    return secret.versions


class TestSecretManagerSecretStore(SecretStoreSuite):
    @pytest_asyncio.fixture
    async def secrets(self, endpoint: str) -> AsyncIterator[SecretManagerSecretStore]:
        async with open_secret_manager(PROJECT, region="europe-west1", endpoint=endpoint) as secrets:
            yield secrets

    async def test_only_the_newest_version_is_kept(
        self, secrets: SecretManagerSecretStore, manager: SecretManager, scope: TenantContext
    ) -> None:
        for value in (b"first", b"second", b"third"):
            await secrets.put(scope, "token", value)
        assert [version.data for version in versions(manager)] == [None, None, b"third"]

    async def test_of_rival_writers_one_stays_and_every_other_is_destroyed(
        self, secrets: SecretManagerSecretStore, manager: SecretManager, scope: TenantContext
    ) -> None:
        await asyncio.gather(*(secrets.put(scope, "token", bytes([number])) for number in range(8)))
        kept = [version.data for version in versions(manager) if version.data is not None]
        assert kept == [versions(manager)[-1].data]
        assert await secrets.get(scope, "token") == kept[0]

    async def test_a_later_version_of_a_rival_is_never_destroyed(
        self,
        secrets: SecretManagerSecretStore,
        manager: SecretManager,
        scope: TenantContext,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        def rivalled(name: str, payload: dict[str, Any]) -> dict[str, Any]:
            added = SecretManager.add(manager, name, payload)
            manager.secrets[name].versions.append(Version(b"rival's"))
            return added

        monkeypatch.setattr(manager, "add", rivalled)
        await secrets.put(scope, "token", b"mine")
        assert await secrets.get(scope, "token") == b"rival's"

    async def test_rivals_who_make_a_secret_leave_one_version(
        self, secrets: SecretManagerSecretStore, manager: SecretManager, scope: TenantContext
    ) -> None:
        made = await asyncio.gather(*(secrets.once(scope, "key", uuid4().bytes.__bytes__) for _ in range(8)))
        assert [version.data for version in versions(manager) if version.data is not None] == [made[0]]

    async def test_a_late_alias_is_no_harm(
        self, secrets: SecretManagerSecretStore, manager: SecretManager, scope: TenantContext
    ) -> None:
        """`latest` may name a version that is destroyed already; the newest one enabled is the value."""
        await secrets.put(scope, "token", b"value")
        versions(manager).append(Version(None, "DESTROYED"))
        assert await secrets.get(scope, "token") == b"value"

    async def test_a_list_that_is_late_does_not_keep_the_version_before(
        self,
        secrets: SecretManagerSecretStore,
        manager: SecretManager,
        scope: TenantContext,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        await secrets.put(scope, "token", b"old")
        monkeypatch.setattr(manager, "listed", lambda name, state: {"versions": []})
        await secrets.put(scope, "token", b"new")
        assert [version.data for version in versions(manager)] == [None, b"new"]

    async def test_a_disabled_secret_is_not_an_absent_one(
        self, secrets: SecretManagerSecretStore, manager: SecretManager, scope: TenantContext
    ) -> None:
        await secrets.put(scope, "token", b"value")
        versions(manager)[0].state = "DISABLED"
        with pytest.raises(EngineUnavailable, match="enable one or store it anew"):
            await secrets.get(scope, "token")

    async def test_it_lies_in_its_region_alone_and_tells_whose_it_is(
        self, secrets: SecretManagerSecretStore, manager: SecretManager, scope: TenantContext
    ) -> None:
        await secrets.put(scope, "slack.url", b"value")
        ((name, secret),) = manager.secrets.items()
        assert name == f"projects/{PROJECT}/secrets/pulsepoint-{scope.tenant_id.hex}-{scope.brand_id.hex}-slack_2eurl"
        assert secret.resource["replication"] == {"userManaged": {"replicas": [{"location": "europe-west1"}]}}
        assert secret.resource["labels"] == {"app": "pulsepoint", "tenant": scope.tenant_id.hex}

    async def test_the_deployments_key_encrypts_it(
        self, endpoint: str, manager: SecretManager, scope: TenantContext
    ) -> None:
        key = "projects/p/locations/europe-west1/keyRings/pulsepoint/cryptoKeys/data"
        async with open_secret_manager(PROJECT, region="europe-west1", endpoint=endpoint, kms_key=key) as secrets:
            await secrets.put(scope, "token", b"value")
        (secret,) = manager.secrets.values()
        (replica,) = secret.resource["replication"]["userManaged"]["replicas"]
        assert replica["customerManagedEncryption"] == {"kmsKeyName": key}

    async def test_a_name_too_long_for_the_engine_is_refused(
        self, secrets: SecretManagerSecretStore, scope: TenantContext
    ) -> None:
        with pytest.raises(LimitExceeded):
            await secrets.put(scope, "n" * 200, b"value")

    async def test_a_damaged_value_is_not_handed_out(
        self,
        secrets: SecretManagerSecretStore,
        manager: SecretManager,
        scope: TenantContext,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        await secrets.put(scope, "token", b"value")
        damaged = {"name": "n", "payload": {"data": b64encode(b"valuf").decode(), "dataCrc32c": "1"}}
        monkeypatch.setattr(manager, "access", lambda name, which: damaged)
        with pytest.raises(EngineUnavailable, match="damaged"):
            await secrets.get(scope, "token")

    async def test_no_value_reaches_a_log_or_a_message(
        self, secrets: SecretManagerSecretStore, scope: TenantContext, caplog: pytest.LogCaptureFixture
    ) -> None:
        value = b"very secret value"
        with caplog.at_level(logging.DEBUG):
            await secrets.put(scope, "token", value)
            await secrets.get(scope, "token")
            with pytest.raises(LimitExceeded) as refused:
                await secrets.put(scope, "token", value * 5000)
        text = caplog.text + repr(secrets) + str(refused.value)
        assert "secret" in caplog.text  # the client's own lines are among what is judged
        assert value.decode() not in text
        assert b64encode(value).decode()[:16] not in text

    async def test_an_engine_that_is_away_is_unavailable(self, scope: TenantContext) -> None:
        async with serving(create_app()) as address:
            pass
        gone = open_secret_manager(PROJECT, region="europe-west1", endpoint=address, patience_seconds=0.2)
        async with gone as secrets:
            with pytest.raises(EngineUnavailable):
                await secrets.get(scope, "token")


async def test_the_stand_in_keeps_secrets_in_its_folder(tmp_path: Path, scope: TenantContext) -> None:
    for value in (b"first", b"\xffsecond"):
        async with (
            serving(create_app(tmp_path)) as address,
            open_secret_manager(PROJECT, region="europe-west1", endpoint=address) as secrets,
        ):
            await secrets.put(scope, "token", value)
    kept = SecretManager(tmp_path / "secrets.json")
    assert [version.data for version in versions(kept)] == [None, b"\xffsecond"]
