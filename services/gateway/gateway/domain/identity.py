"""People who are logged in, and the key that signs their tokens."""

from __future__ import annotations

import re
from dataclasses import dataclass
from uuid import UUID

from gateway.domain.permissions import Permission, Role, allows, sees_brand
from pulsepoint.errors import PermanentError
from pulsepoint.tenancy import SYSTEM, TenantContext

MIN_KEY_BYTES = 32
# Keys that appear in examples; whoever copies one has no secret.
EXAMPLE_KEYS = frozenset(
    {
        "change-me-change-me-change-me-change-me",
        "your-secret-key-here-change-in-production",
        "your-super-secret-key-change-in-production",
        "your-256-bit-secret-your-256-bit-secret",
        "09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7",  # FastAPI's tutorial
    }
)


_PLACEHOLDERS = re.compile(r"(change|replace)[-_ ]?(me|this|in[-_ ]production)|your[-_ ](super[-_ ])?secret|insecure")
"""What keys to be replaced say of themselves."""


class AlreadyExists(PermanentError):
    """Another row has this e-mail address or shop domain, in this tenant or another."""

    reason = "already_exists"


class WeakKey(PermanentError):
    """The key that signs tokens could be guessed; the service must not start."""

    reason = "weak_key"


@dataclass(frozen=True, slots=True)
class Person:
    """Someone logged in; `brand_ids` are the only brands they may see, None for all of their tenant's.

    `locale` is the language they chose to read, None where they chose none.
    """

    user_id: UUID
    tenant_id: UUID
    role: Role
    email: str
    brand_ids: frozenset[UUID] | None = None
    locale: str | None = None

    @property
    def scope(self) -> TenantContext:
        """Their tenant."""
        return TenantContext(self.tenant_id)

    def may(self, permission: Permission) -> bool:
        """True where their role grants the permission."""
        return allows(self.role, permission, brand_ids=self.brand_ids)

    def sees(self, brand_id: UUID) -> bool:
        """True where they may know of a brand of their tenant."""
        return sees_brand(self.brand_ids, brand_id)

    def scopes(self) -> tuple[TenantContext, ...]:
        """The tenants whose quarantined messages and traces they may see."""
        return (self.scope, SYSTEM) if self.may(Permission.OPERATE) else (self.scope,)


def is_let_in(role: str, tenant_status: str) -> bool:
    """True where somebody of that role may log in: of a suspended tenant operators alone, who can bring it back."""
    if tenant_status == "suspended":
        return allows(Role(role), Permission.OPERATE)
    return tenant_status == "active"


def check_signing_key(key: str) -> bytes:
    """The key's bytes; raises `WeakKey` under 32 bytes, for keys of examples and for few different characters."""
    raw = key.encode()
    if len(raw) < MIN_KEY_BYTES:
        raise WeakKey(f"SECRET_KEY has {len(raw)} bytes; it needs {MIN_KEY_BYTES} (try: openssl rand -hex 32)")
    lowered = key.strip().lower()
    if lowered in EXAMPLE_KEYS or _PLACEHOLDERS.search(lowered) or len(set(key)) < 8:
        raise WeakKey("SECRET_KEY is a well-known example; make one with: openssl rand -hex 32")
    return raw
