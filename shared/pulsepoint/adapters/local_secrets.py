"""Secrets sealed with AES-256-GCM in PostgreSQL; the key lies in a file only its owner may read."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from secrets import token_bytes

import asyncpg
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from pulsepoint.adapters.postgres.errors import postgres_errors
from pulsepoint.adapters.secret_rules import check_value
from pulsepoint.errors import EngineUnavailable
from pulsepoint.tenancy import TenantContext

KEY_BYTES = 32
# NIST SP 800-38D 5.2.1.1 recommends 96 bits: https://doi.org/10.6028/NIST.SP.800-38D
NONCE_BYTES = 12
GET = "SELECT nonce, sealed FROM kernel.secrets WHERE tenant = $1 AND brand = $2 AND name = $3"
PUT = """
INSERT INTO kernel.secrets (tenant, brand, name, nonce, sealed) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (tenant, brand, name) DO UPDATE SET nonce = excluded.nonce, sealed = excluded.sealed
"""
KEEP = """
INSERT INTO kernel.secrets (tenant, brand, name, nonce, sealed) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (tenant, brand, name) DO NOTHING
"""
DELETE = "DELETE FROM kernel.secrets WHERE tenant = $1 AND brand = $2 AND name = $3"


class LocalSecretStore:
    """Secrets of one machine.

    `key_file` is made with a fresh key when absent. Raises `EngineUnavailable` when others may read it or when it
    is not the key a secret was sealed with.
    """

    def __init__(self, pool: asyncpg.Pool, key_file: Path) -> None:
        self._pool = pool
        self._cipher = AESGCM(_key(key_file))

    async def get(self, scope: TenantContext, name: str) -> bytes | None:
        """See `SecretStore.get`."""
        with postgres_errors():
            row = await self._pool.fetchrow(GET, scope.tenant_id, scope.brand_id, name)
        if row is None:
            return None
        try:
            return self._cipher.decrypt(row["nonce"], row["sealed"], _bound_to(scope, name))
        except InvalidTag:
            raise EngineUnavailable(f"the secret {name!r} was sealed with another key or altered") from None

    async def put(self, scope: TenantContext, name: str, value: bytes) -> None:
        """See `SecretStore.put`."""
        await self._write(PUT, scope, name, value)

    async def once(self, scope: TenantContext, name: str, make: Callable[[], bytes]) -> bytes:
        """See `SecretStore.once`."""
        while (value := await self.get(scope, name)) is None:
            await self._write(KEEP, scope, name, make())
        return value

    async def delete(self, scope: TenantContext, name: str) -> None:
        """See `SecretStore.delete`."""
        with postgres_errors():
            await self._pool.execute(DELETE, scope.tenant_id, scope.brand_id, name)

    async def _write(self, statement: str, scope: TenantContext, name: str, value: bytes) -> None:
        check_value(value)
        nonce = token_bytes(NONCE_BYTES)
        encrypted = self._cipher.encrypt(nonce, value, _bound_to(scope, name))
        with postgres_errors():
            await self._pool.execute(statement, scope.tenant_id, scope.brand_id, name, nonce, encrypted)


def _bound_to(scope: TenantContext, name: str) -> bytes:
    """Ties a sealed value to its row: moved to another tenant's, it does not open."""
    return f"{scope.tenant_id}/{scope.brand_id}/{name}".encode()


def _key(path: Path) -> bytes:
    try:
        if not path.exists():
            _write_key(path)
        if path.stat().st_mode & 0o077:
            raise EngineUnavailable(f"others may read {path}: run chmod 600 on it")
        key = path.read_bytes()
    except OSError as error:
        raise EngineUnavailable(f"the key of the secrets cannot be read: {error}") from error
    if len(key) != KEY_BYTES:
        raise EngineUnavailable(f"{path} does not hold a key of {KEY_BYTES} bytes")
    return key


def _write_key(path: Path) -> None:
    """Written whole beside its place and linked there, so that two starters agree on one key."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(descriptor, token_bytes(KEY_BYTES))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
