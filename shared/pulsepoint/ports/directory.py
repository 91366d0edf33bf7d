"""The only question people may ask without a tenant: who is this? (Whose shop a delivery is from, ingest-shopify
looks up in the system tenant.)"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol
from uuid import UUID


@dataclass(frozen=True, slots=True)
class LoginUser:
    """A user as log-in needs it."""

    user_id: UUID
    tenant_id: UUID
    role: str
    password_hash: str
    tenant_status: str


class UserDirectory(Protocol):
    """Log-in."""

    async def user_by_email(self, email: str) -> LoginUser | None:
        """The user with this address in any tenant, or None."""
        ...
