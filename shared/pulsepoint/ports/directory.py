"""The only questions that may be asked without a tenant: who is this person, whose shop is this?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from pulsepoint.tenancy import TenantContext


@dataclass(frozen=True, slots=True)
class KnownUser:
    """What log-in needs."""

    user_id: UUID
    tenant_id: UUID
    role: str
    password_hash: str
    tenant_status: str


class UserDirectory(Protocol):
    """Log-in."""

    async def user_by_email(self, email: str) -> KnownUser | None:
        """The user with this address in any tenant, or None."""
        ...


class ShopDirectory(Protocol):
    """Shop look-up."""

    async def shop_owner(self, shop: str) -> TenantContext | None:
        """The brand that owns a shop domain, or None."""
        ...
