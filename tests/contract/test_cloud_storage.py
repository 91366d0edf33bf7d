# mypy: disable-error-code="no-untyped-call"
from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import pytest_asyncio
from google.auth import compute_engine
from google.auth.credentials import AnonymousCredentials
from google.oauth2 import service_account

from deploy.emulated.fakes.cloud_storage import Objects, Stored, app_of, create_app, service_account_file
from pulsepoint.adapters.cloud_storage import CloudStorageObjectStore, open_cloud_storage, signing
from pulsepoint.adapters.memory.clock import FixedClock
from pulsepoint.errors import EngineUnavailable
from pulsepoint.tenancy import TenantContext
from tests.builders.stubs import serving
from tests.contract.suites.object_store import ObjectStoreSuite, Opened

BUCKET = "pulsepoint-exports"


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return service_account_file(tmp_path_factory.mktemp("account") / "service-account.json")


@pytest.fixture
def bucket() -> Objects:
    return Objects()


@pytest_asyncio.fixture
async def endpoint(bucket: Objects, account: Path, clock: FixedClock) -> AsyncIterator[str]:
    async with serving(app_of(bucket, account, clock)) as address:
        yield address


async def fetched(link: str, method: str = "GET") -> httpx.Response:
    async with httpx.AsyncClient(trust_env=False) as client:
        return await client.request(method, link)


class TestCloudStorageObjectStore(ObjectStoreSuite):
    def expired(self, old: int) -> int:
        """None: the bucket's lifecycle rules drop them."""
        return 0

    @pytest.fixture
    def clock(self) -> FixedClock:
        """Stands at the real present: the client dates its signatures by it."""
        return FixedClock(datetime.now(UTC))

    @pytest_asyncio.fixture
    async def objects(self, endpoint: str, account: Path, clock: FixedClock) -> AsyncIterator[CloudStorageObjectStore]:
        credentials = service_account.Credentials.from_service_account_file(str(account))
        async with open_cloud_storage(BUCKET, endpoint=endpoint, credentials=credentials, clock=clock) as objects:
            yield objects

    @pytest.fixture
    def opened(self, objects: CloudStorageObjectStore) -> Opened:
        async def opened(link: str) -> bytes | None:
            answer = await fetched(link)
            return answer.content if answer.status_code == 200 else None

        return opened

    async def test_it_lies_under_its_tenant_with_its_type(
        self, objects: CloudStorageObjectStore, bucket: Objects, scope: TenantContext
    ) -> None:
        await objects.put(scope, "exports/may.csv", b"a,b\n", content_type="text/csv")
        path = f"tenants/{scope.tenant_id}/brands/{scope.brand_id}/exports/may.csv"
        assert bucket.find(BUCKET, path) == Stored(b"a,b\n", "text/csv")

    async def test_a_link_is_saved_by_a_browser_under_its_name(
        self, objects: CloudStorageObjectStore, scope: TenantContext, clock: FixedClock
    ) -> None:
        await objects.put(scope, "exports/may.csv", b"a,b\n", content_type="text/csv")
        answer = await fetched(
            await objects.link(scope, "exports/may.csv", expires_at=clock.now() + timedelta(hours=1))
        )
        assert answer.headers["content-disposition"] == 'attachment; filename="may.csv"'
        assert answer.headers["content-type"].startswith("text/csv")

    async def test_no_part_of_a_link_can_be_changed(
        self, objects: CloudStorageObjectStore, scope: TenantContext, clock: FixedClock
    ) -> None:
        for name in ("1", "2"):
            await objects.put(scope, name, b"data", content_type="text/csv")
        link = await objects.link(scope, "1", expires_at=clock.now() + timedelta(hours=1))
        (seconds,) = parse_qs(urlsplit(link).query)["X-Goog-Expires"]
        changes = {
            "/1?": "/2?",
            f"X-Goog-Expires={seconds}": f"X-Goog-Expires={int(seconds) + 60}",
            "attachment": "inline",
            "X-Goog-Signature=": "X-Goog-Signature=00",
            "pulsepoint%40fake": "other%40fake",
            "//127.0.0.1": "//localhost",
        }
        assert (await fetched(link)).status_code == 200
        for part, change in changes.items():
            assert part in link
            assert (await fetched(link.replace(part, change))).status_code == 403, part

    @pytest.mark.parametrize("method", ["PUT", "DELETE"])
    async def test_a_link_is_for_reading_only(
        self, objects: CloudStorageObjectStore, scope: TenantContext, clock: FixedClock, method: str
    ) -> None:
        await objects.put(scope, "1", b"data", content_type="text/csv")
        link = await objects.link(scope, "1", expires_at=clock.now() + timedelta(hours=1))
        assert (await fetched(link, method)).status_code == 403

    async def test_links_of_another_key_are_refused(
        self, endpoint: str, objects: CloudStorageObjectStore, scope: TenantContext, clock: FixedClock, tmp_path: Path
    ) -> None:
        await objects.put(scope, "1", b"data", content_type="text/csv")
        other = service_account_file(tmp_path / "other.json")
        credentials = service_account.Credentials.from_service_account_file(str(other))
        async with open_cloud_storage(BUCKET, endpoint=endpoint, credentials=credentials, clock=clock) as unmatched:
            link = await unmatched.link(scope, "1", expires_at=clock.now() + timedelta(hours=1))
        answer = await fetched(link)
        assert (answer.status_code, "SignatureDoesNotMatch" in answer.text) == (403, True)

    async def test_damaged_bytes_are_not_handed_out(
        self,
        objects: CloudStorageObjectStore,
        bucket: Objects,
        scope: TenantContext,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        await objects.put(scope, "1", b"data", content_type="text/csv")
        monkeypatch.setattr(Stored, "hash", property(lambda _: "AAAAAA=="))
        with pytest.raises(EngineUnavailable):
            await objects.get(scope, "1")

    async def test_an_engine_that_is_away_is_unavailable(
        self, account: Path, clock: FixedClock, scope: TenantContext
    ) -> None:
        async with serving(app_of(Objects(), account, clock)) as address:
            pass
        gone = open_cloud_storage(BUCKET, endpoint=address, credentials=AnonymousSigner(), patience_seconds=0.2)
        async with gone as objects:
            with pytest.raises(EngineUnavailable):
                await objects.put(scope, "1", b"data", content_type="text/csv")
            with pytest.raises(EngineUnavailable):
                await objects.get(scope, "1")

    async def test_where_no_key_is_held_iam_signs_for_the_service_account(
        self, endpoint: str, objects: CloudStorageObjectStore, account: Path, scope: TenantContext, clock: FixedClock
    ) -> None:
        """As on Cloud Run, whose metadata server and signBlob are answered here."""
        await objects.put(scope, "1", b"data", content_type="text/csv")
        google = Google(account)
        credentials = signing(compute_engine.Credentials(universe_domain="googleapis.com"), google)
        async with open_cloud_storage(BUCKET, endpoint=endpoint, credentials=credentials, clock=clock) as keyless:
            link = await keyless.link(scope, "1", expires_at=clock.now() + timedelta(hours=1))
        assert (await fetched(link)).content == b"data"
        assert google.signed == 1

    def test_credentials_that_cannot_sign_are_told_at_once(self) -> None:
        with pytest.raises(EngineUnavailable, match="service account"):
            signing(AnonymousCredentials(), lambda **_: None)


def test_the_stand_in_keeps_objects_and_key_in_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)
    create_app(tmp_path)
    key = (tmp_path / "service-account.json").read_text()
    assert (tmp_path / "service-account.json").stat().st_mode & 0o077 == 0
    Objects(tmp_path / "objects").keep("bucket", "name", Stored(b"a\nb", "text/csv"))
    create_app(tmp_path)
    assert (tmp_path / "service-account.json").read_text() == key
    assert Objects(tmp_path / "objects").find("bucket", "name") == Stored(b"a\nb", "text/csv")
    with pytest.raises(ValueError, match="GOOGLE_APPLICATION_CREDENTIALS"):
        create_app(None)


class AnonymousSigner(service_account.Credentials):
    """Signs nothing: for a store that is never asked for a link."""

    def __init__(self) -> None:
        super().__init__(signer=None, service_account_email="", token_uri="")


class Google:
    """The metadata server and IAM as one transport of google-auth."""

    def __init__(self, account: Path) -> None:
        self._account = json.loads(account.read_text())
        self._signer = service_account.Credentials.from_service_account_info(self._account)
        self.signed = 0

    def __call__(self, url: str, method: str = "GET", body: bytes | None = None, **_: Any) -> SimpleNamespace:
        if method == "POST":
            assert url.endswith(f"/serviceAccounts/{self._account['client_email']}:signBlob")
            self.signed += 1
            signature = self._signer.sign_bytes(b64decode(json.loads(body or b"")["payload"]))
            return self._answer({"signedBlob": b64encode(signature).decode()})
        if url.endswith("/token") or "/token?" in url:
            return self._answer({"access_token": "token", "expires_in": 3600, "token_type": "Bearer"})
        return self._answer({"email": self._account["client_email"], "scopes": [], "aliases": ["default"]})

    def _answer(self, body: dict[str, Any]) -> SimpleNamespace:
        headers = {"content-type": "application/json", "metadata-flavor": "Google"}
        return SimpleNamespace(status=200, headers=headers, data=json.dumps(body).encode())
