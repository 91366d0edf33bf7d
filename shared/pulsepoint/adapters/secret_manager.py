"""Secrets in Google Secret Manager, one secret resource for each name of a brand.

The client speaks REST, on Google as against an emulator: it has no asynchronous REST transport, so calls run on
threads. Values are not cached: they are read hourly, not per order, and an instance that kept one would go on using a
token another instance has replaced.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from re import sub
from typing import Any, TypeVar

from google.api_core.exceptions import BadRequest, Conflict, FailedPrecondition, NotFound
from google.auth.credentials import AnonymousCredentials, Credentials
from google.cloud.secretmanager_v1 import (
    AccessSecretVersionResponse,
    CustomerManagedEncryption,
    ListSecretVersionsRequest,
    Replication,
    Secret,
    SecretManagerServiceClient,
    SecretPayload,
)
from google.cloud.secretmanager_v1.services.secret_manager_service.transports import SecretManagerServiceRestTransport
from google_crc32c import value as crc32c

from pulsepoint.adapters.google_errors import CALL_SECONDS, PATIENCE_SECONDS, RETRY, google_errors, with_status
from pulsepoint.adapters.secret_rules import check_value
from pulsepoint.errors import EngineUnavailable, LimitExceeded
from pulsepoint.tenancy import TenantContext

PREFIX = "pulsepoint"
MAX_ID_LENGTH = 255
GOOGLE = "secretmanager.googleapis.com"
Answer = TypeVar("Answer")


@asynccontextmanager
async def open_secret_manager(
    project: str,
    *,
    region: str,
    endpoint: str | None = None,
    credentials: Credentials | None = None,
    patience_seconds: float = PATIENCE_SECONDS,
    kms_key: str | None = None,
) -> AsyncIterator[SecretManagerSecretStore]:
    """The secrets of `project`, kept in `region` alone, encrypted by `kms_key` (else by Google's own keys).

    `endpoint` (`http://host:port`) names an emulator, asked without credentials; absent, Google is asked with
    `credentials` or the machine's own: `EngineUnavailable` where there are none. Passing failures are tried again for
    `patience_seconds`.
    """
    if endpoint is not None:
        credentials = AnonymousCredentials()  # type: ignore[no-untyped-call]
    with google_errors("Secret Manager"):
        transport = SecretManagerServiceRestTransport(host=endpoint or GOOGLE, credentials=credentials)
    with SecretManagerServiceClient(transport=transport) as client:
        yield SecretManagerSecretStore(client, project, region, patience_seconds, kms_key)


class SecretManagerSecretStore:
    """A secret's newest version is its value; `put` destroys the versions before.

    Only a version asked for by its number is read as written; the alias `latest` and lists may be minutes late
    (https://cloud.google.com/secret-manager/docs/reference/consistency). Replication is user-managed, which keeps the
    values in one region (https://cloud.google.com/secret-manager/docs/choosing-replication).
    """

    def __init__(
        self,
        client: SecretManagerServiceClient,
        project: str,
        region: str,
        patience_seconds: float,
        kms_key: str | None,
    ) -> None:
        self._client = client
        self._project = project
        self._region = region
        self._encryption = CustomerManagedEncryption(kms_key_name=kms_key) if kms_key else None
        self._calls: dict[str, object] = {"retry": RETRY.with_timeout(patience_seconds), "timeout": CALL_SECONDS}

    async def get(self, scope: TenantContext, name: str) -> bytes | None:
        """See `SecretStore.get`."""
        secret = self._path(scope, name)
        return await _off_the_loop(lambda: self._newest(secret))

    async def put(self, scope: TenantContext, name: str, value: bytes) -> None:
        """See `SecretStore.put`."""
        check_value(value)
        secret = self._path(scope, name)
        await _off_the_loop(lambda: self._destroy_before(secret, self._add(scope, secret, value)))

    async def once(self, scope: TenantContext, name: str, make: Callable[[], bytes]) -> bytes:
        """See `SecretStore.once`.

        Of rivals the one whose version has number 1 wins: numbers are given once, and each is read as written.
        """
        secret = self._path(scope, name)
        return await _off_the_loop(lambda: self._first(scope, secret, make))

    async def delete(self, scope: TenantContext, name: str) -> None:
        """See `SecretStore.delete`."""
        secret = self._path(scope, name)
        await _off_the_loop(lambda: self._delete(secret))

    def _path(self, scope: TenantContext, name: str) -> str:
        """Letters, digits and hyphens stand for themselves, any other byte for `_` and its two hex digits."""
        escaped = sub(
            rb"[^A-Za-z0-9-]", lambda match: b"_%02x" % match[0][0], name.encode("utf-8", "surrogatepass")
        ).decode()
        secret_id = f"{PREFIX}-{scope.tenant_id.hex}-{scope.brand_id.hex}-{escaped}"
        if len(secret_id) > MAX_ID_LENGTH:
            raise LimitExceeded(f"the name of a secret is too long: {name[:40]!r}…")
        return f"projects/{self._project}/secrets/{secret_id}"

    def _newest(self, secret: str) -> bytes | None:
        try:
            return self._access(f"{secret}/versions/latest")
        except NotFound:
            return None
        except FailedPrecondition:
            # What `latest` still names may be destroyed already: the list of what is enabled tells the next.
            numbers = self._enabled(secret)
            if not numbers:
                raise EngineUnavailable(f"no version of {secret} is enabled; enable one or store it anew") from None
            return self._access(f"{secret}/versions/{max(numbers)}")

    def _first(self, scope: TenantContext, secret: str, make: Callable[[], bytes]) -> bytes:
        try:
            return self._access(f"{secret}/versions/1")
        except FailedPrecondition:
            replaced = self._newest(secret)
            if replaced is None:
                raise EngineUnavailable(f"{secret} was deleted while it was read") from None
            return replaced
        except NotFound:
            made = make()
            check_value(made)
        mine = self._add(scope, secret, made)
        if mine == 1:
            return made
        self._destroy(secret, mine)
        return self._access(f"{secret}/versions/1")

    def _access(self, version: str) -> bytes:
        answer: AccessSecretVersionResponse = self._ask(self._client.access_secret_version, name=version)
        data = bytes(answer.payload.data)
        if answer.payload.data_crc32c != crc32c(data):
            raise EngineUnavailable(f"{version} arrived damaged")
        return data

    def _add(self, scope: TenantContext, secret: str, value: bytes) -> int:
        """The number of the new version; makes the secret where there is none."""
        payload = SecretPayload(data=value, data_crc32c=crc32c(value))
        try:
            added = self._ask(self._client.add_secret_version, parent=secret, payload=payload)
        except NotFound:
            self._create(scope, secret)
            added = self._ask(self._client.add_secret_version, parent=secret, payload=payload)
        return _number(added.name)

    def _create(self, scope: TenantContext, secret: str) -> None:
        replica = Replication.UserManaged.Replica(location=self._region, customer_managed_encryption=self._encryption)
        resource = Secret(
            replication=Replication(user_managed=Replication.UserManaged(replicas=[replica])),
            labels={"app": PREFIX, "tenant": scope.tenant_id.hex},
        )
        parent, _, secret_id = secret.partition("/secrets/")
        with suppress(Conflict):  # a rival made it
            self._ask(self._client.create_secret, parent=parent, secret_id=secret_id, secret=resource)

    def _destroy_before(self, secret: str, newest: int) -> None:
        """Never a later version than `newest`: of two rivals the later stays. The list may lack the one before."""
        for number in sorted({newest - 1, *self._enabled(secret)}):
            if 0 < number < newest:
                self._destroy(secret, number)

    def _enabled(self, secret: str) -> list[int]:
        request = ListSecretVersionsRequest(parent=secret, filter="state:ENABLED")
        versions = self._ask(self._client.list_secret_versions, request=request)
        return [_number(version.name) for version in versions]

    def _destroy(self, secret: str, number: int) -> None:
        with suppress(NotFound, FailedPrecondition):  # a rival destroyed it
            self._ask(self._client.destroy_secret_version, name=f"{secret}/versions/{number}")

    def _ask(self, method: Callable[..., Answer], **request: Any) -> Answer:
        try:
            return method(**request, **self._calls)
        except BadRequest as error:
            raise with_status(error) from error

    def _delete(self, secret: str) -> None:
        with suppress(NotFound):
            self._ask(self._client.delete_secret, name=secret)


async def _off_the_loop(call: Callable[[], Answer]) -> Answer:
    with google_errors("Secret Manager"):
        return await asyncio.to_thread(call)


def _number(version: str) -> int:
    return int(version.rpartition("/")[2])
