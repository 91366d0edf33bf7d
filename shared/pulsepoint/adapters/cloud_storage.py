"""Objects in one Cloud Storage bucket, handed out by V4 signed URLs.

Google's client is synchronous over HTTP (its asynchronous one takes appendable objects only), so calls run on threads.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, TypeVar

import google.auth
from google.api_core.exceptions import NotFound
from google.auth import iam
from google.auth.credentials import AnonymousCredentials, Credentials, Signing
from google.auth.transport.requests import Request
from google.cloud.storage import Blob, Client  # type: ignore[import-untyped]
from google.cloud.storage.exceptions import DataCorruption, InvalidResponse  # type: ignore[import-untyped]
from google.oauth2 import service_account

from pulsepoint.adapters.google_errors import CALL_SECONDS, PATIENCE_SECONDS, RETRY, google_errors
from pulsepoint.adapters.object_rules import check_expiry, file_name, folder_path, object_path
from pulsepoint.adapters.system_clock import SystemClock
from pulsepoint.errors import EngineUnavailable
from pulsepoint.ports.clock import Clock
from pulsepoint.tenancy import TenantContext

SCOPE = "https://www.googleapis.com/auth/cloud-platform"
GOOGLE = "https://storage.googleapis.com"
Answer = TypeVar("Answer")


@asynccontextmanager
async def open_cloud_storage(
    bucket: str,
    *,
    endpoint: str | None = None,
    credentials: Credentials | None = None,
    clock: Clock | None = None,
    patience_seconds: float = PATIENCE_SECONDS,
) -> AsyncIterator[CloudStorageObjectStore]:
    """The objects of `bucket`, which exists.

    `credentials`, or the machine's own, sign the links; an emulator at `endpoint` (`http://host:port`) asks for none
    besides. Passing failures are tried again for `patience_seconds`. Raises `EngineUnavailable` where there are no
    credentials or they cannot sign.
    """

    def connected() -> tuple[Client, Credentials]:
        identity = credentials or google.auth.default(scopes=[SCOPE])[0]
        caller = AnonymousCredentials() if endpoint else identity  # type: ignore[no-untyped-call]
        options = {"api_endpoint": endpoint} if endpoint else None
        client = Client(project="unused", credentials=caller, client_options=options)
        return client, signing(identity, Request())

    client, signer = await _off_the_loop(connected)
    try:
        yield CloudStorageObjectStore(
            client, bucket, signer, clock or SystemClock(), endpoint or GOOGLE, patience_seconds
        )
    finally:
        client.close()


class CloudStorageObjectStore:
    """A tenant's objects lie under `tenants/{tenant}/`."""

    def __init__(
        self,
        client: Client,
        bucket: str,
        signer: Credentials,
        clock: Clock,
        endpoint: str,
        patience_seconds: float,
    ) -> None:
        self._bucket = client.bucket(bucket)
        self._signer = signer
        self._clock = clock
        self._endpoint = endpoint
        self._calls: dict[str, object] = {"retry": RETRY.with_timeout(patience_seconds), "timeout": CALL_SECONDS}

    async def put(self, scope: TenantContext, name: str, data: bytes, *, content_type: str) -> None:
        """See `ObjectStore.put`; said again it stores the same, so failures are simply tried again."""
        blob = self._blob(scope, name)
        await _off_the_loop(lambda: blob.upload_from_string(data, content_type=content_type, **self._calls))

    async def get(self, scope: TenantContext, name: str) -> bytes | None:
        """See `ObjectStore.get`; the client compares the bytes with their checksum."""
        blob = self._blob(scope, name)

        def downloaded() -> bytes | None:
            try:
                return bytes(blob.download_as_bytes(**self._calls))
            except NotFound:
                return None

        return await _off_the_loop(downloaded)

    async def expire(self, before: datetime) -> int:
        """See `ObjectStore.expire`: 0, as the bucket's lifecycle rules drop objects by their age."""
        return 0

    async def erase(self, scope: TenantContext, concerns: Callable[[bytes], bool]) -> int:
        """See `ObjectStore.erase`; reads every object of the brand."""

        def erased() -> int:
            count = 0
            for blob in self._bucket.client.list_blobs(self._bucket, prefix=folder_path(scope), **self._calls):
                try:
                    if concerns(bytes(blob.download_as_bytes(**self._calls))):
                        blob.delete(**self._calls)
                        count += 1
                except NotFound:
                    continue
            return count

        return await _off_the_loop(erased)

    async def link(self, scope: TenantContext, name: str, *, expires_at: datetime) -> str:
        """See `ObjectStore.link`; a browser saves what it serves, whatever its type.

        https://cloud.google.com/storage/docs/access-control/signed-urls
        """
        check_expiry(self._clock.now(), expires_at)
        blob = self._blob(scope, name)
        disposition = f'attachment; filename="{file_name(name)}"'
        return await _off_the_loop(
            lambda: str(
                blob.generate_signed_url(
                    version="v4",
                    expiration=expires_at,
                    credentials=self._signer,
                    api_access_endpoint=self._endpoint,
                    response_disposition=disposition,
                )
            )
        )

    def _blob(self, scope: TenantContext, name: str) -> Blob:
        return self._bucket.blob(object_path(scope, name))


def signing(credentials: Credentials, request: Callable[..., Any]) -> Credentials:
    """Credentials that sign: `credentials` where they hold a key, else IAM signs for their service account.

    Cloud Run's hold none; its service account needs roles/iam.serviceAccountTokenCreator on itself.
    https://cloud.google.com/iam/docs/reference/credentials/rest/v1/projects.serviceAccounts/signBlob
    """
    if isinstance(credentials, Signing):
        return credentials
    if not hasattr(credentials, "service_account_email"):
        raise EngineUnavailable("these credentials cannot sign links: run as a service account")
    # Until its first refresh a Cloud Run account is named `default`.
    credentials.refresh(request)  # type: ignore[no-untyped-call]
    email = credentials.service_account_email
    signer = iam.Signer(request, credentials, email)  # type: ignore[no-untyped-call]
    return service_account.Credentials(signer, email, token_uri="")  # type: ignore[no-untyped-call]


async def _off_the_loop(call: Callable[[], Answer]) -> Answer:
    with google_errors("Cloud Storage"):
        try:
            return await asyncio.to_thread(call)
        except (DataCorruption, InvalidResponse) as error:
            raise EngineUnavailable(f"Cloud Storage: the answer is damaged: {error}") from error
