"""Objects as files of one machine, handed out by links that carry an HMAC and expire."""

from __future__ import annotations

import asyncio
import hmac
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from secrets import token_bytes, token_hex
from urllib.parse import parse_qs, urlencode
from uuid import UUID

import orjson

from pulsepoint.adapters.object_rules import check_expiry, file_name, object_path
from pulsepoint.errors import EngineUnavailable
from pulsepoint.ports.clock import Clock
from pulsepoint.ports.secret_store import SecretStore
from pulsepoint.tenancy import SYSTEM, TenantContext

ROUTE = "/objects/"
KEY_NAME = "object-links-key"
KEY_BYTES = 32
REST_AFTER_OPENING = timedelta(days=1)
"""How long nothing expires once a machine that was off is on again."""


@dataclass(frozen=True, slots=True)
class StoredObject:
    """The object a link serves; a browser saves it as `file_name`."""

    data: bytes
    content_type: str
    file_name: str


@asynccontextmanager
async def open_local_objects(
    folder: Path, secrets: SecretStore, clock: Clock, *, public_url: str
) -> AsyncIterator[LocalObjectStore]:
    """Objects under `folder`, their links under `public_url` signed with a key among the deployment's `secrets`."""
    key = await secrets.once(SYSTEM, KEY_NAME, lambda: token_bytes(KEY_BYTES))
    yield LocalObjectStore(folder, key, clock, public_url=public_url)


class LocalObjectStore:
    """One file an object: a line of JSON with its content type, then its bytes.

    Files are named by digest, so that `a` and `a/b` may both be objects. Whoever serves `ROUTE` asks `opened`.
    """

    def __init__(self, folder: Path, key: bytes, clock: Clock, *, public_url: str) -> None:
        self._folder = folder
        self._key = key
        self._clock = clock
        self._public_url = public_url.rstrip("/")
        self._expires_from = clock.now() + REST_AFTER_OPENING

    async def put(self, scope: TenantContext, name: str, data: bytes, *, content_type: str) -> None:
        """See `ObjectStore.put`; a reader sees the old bytes or the new, never a part."""
        said = {"name": name, "content_type": content_type, "stored_at": self._clock.now()}
        file, header = self._file(scope, name), orjson.dumps(said)
        await asyncio.to_thread(_write, file, header + b"\n" + data)

    async def get(self, scope: TenantContext, name: str) -> bytes | None:
        """See `ObjectStore.get`."""
        stored = await self._read(scope, name)
        return stored.data if stored else None

    async def expire(self, before: datetime) -> int:
        """See `ObjectStore.expire`."""
        if self._clock.now() < self._expires_from or not self._folder.exists():
            return 0
        return await asyncio.to_thread(_drop_older, self._folder, before)

    async def erase(self, scope: TenantContext, concerns: Callable[[bytes], bool]) -> int:
        """See `ObjectStore.erase`; drafts that a crash left go too."""
        folder = self._folder / str(scope.tenant_id) / str(scope.brand_id)
        return await asyncio.to_thread(_drop_concerned, folder, concerns)

    async def link(self, scope: TenantContext, name: str, *, expires_at: datetime) -> str:
        """See `ObjectStore.link`; the last second counts in whole."""
        check_expiry(self._clock.now(), expires_at)
        object_path(scope, name)
        path = f"{ROUTE}{scope.tenant_id}/{scope.brand_id}/{name}"
        expires = str(int(expires_at.timestamp()))
        query = urlencode({"expires": expires, "signature": self._signature(path, expires)})
        return f"{self._public_url}{path}?{query}"

    async def opened(self, path: str, query: str) -> StoredObject | None:
        """The object linked by this `path` and `query`: None when altered, expired or the object is absent."""
        given = parse_qs(query, max_num_fields=8)
        expires, signature = given.get("expires", [""])[0], given.get("signature", [""])[0]
        if not hmac.compare_digest(self._signature(path, expires).encode(), signature.encode()):
            return None
        if self._clock.now() >= datetime.fromtimestamp(int(expires), UTC):
            return None
        tenant, brand, name = path.removeprefix(ROUTE).split("/", 2)
        return await self._read(TenantContext(UUID(tenant), UUID(brand)), name)

    async def _read(self, scope: TenantContext, name: str) -> StoredObject | None:
        content = await asyncio.to_thread(_content, self._file(scope, name))
        if content is None:
            return None
        header, _, data = content.partition(b"\n")
        return StoredObject(data, orjson.loads(header)["content_type"], file_name(name))

    def _signature(self, path: str, expires: str) -> str:
        return hmac.new(self._key, f"GET {path} {expires}".encode(), sha256).hexdigest()

    def _file(self, scope: TenantContext, name: str) -> Path:
        digest = sha256(object_path(scope, name).encode()).hexdigest()
        return self._folder / str(scope.tenant_id) / str(scope.brand_id) / digest


def _write(file: Path, content: bytes) -> None:
    draft = file.with_name(f".{file.name}.{token_hex(8)}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with draft.open("xb") as output:
            output.write(content)
            output.flush()
            os.fsync(output.fileno())
        draft.replace(file)
    except OSError as error:
        with suppress(OSError):
            draft.unlink()
        raise EngineUnavailable(f"the object could not be written: {error}") from error


def _drop_older(folder: Path, before: datetime) -> int:
    dropped = 0
    try:
        for file in folder.glob("*/*/[!.]*"):
            with file.open("rb") as opened:
                stored_at = orjson.loads(opened.readline()).get("stored_at")
            if stored_at is not None and datetime.fromisoformat(stored_at) < before:
                file.unlink(missing_ok=True)
                dropped += 1
    except OSError as error:
        raise EngineUnavailable(f"old objects could not be dropped: {error}") from error
    return dropped


def _drop_concerned(folder: Path, concerns: Callable[[bytes], bool]) -> int:
    dropped = 0
    try:
        for file in folder.glob("*"):
            if concerns(file.read_bytes().partition(b"\n")[2]):
                file.unlink(missing_ok=True)
                dropped += 1
    except OSError as error:
        raise EngineUnavailable(f"objects could not be erased: {error}") from error
    return dropped


def _content(file: Path) -> bytes | None:
    try:
        return file.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise EngineUnavailable(f"the object could not be read: {error}") from error
