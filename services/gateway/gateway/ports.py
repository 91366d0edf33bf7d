"""What the gateway alone needs: its ledger read by tenant, and the look-up at log-in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from gateway.domain.brands import Brand
from pulsepoint.ports.directory import UserDirectory
from pulsepoint.tenancy import TenantContext


@dataclass(frozen=True, slots=True)
class Standing:
    """A person as they are now, whatever their token says."""

    email: str
    role: str
    disabled: bool
    tenant_status: str


class Ledger(Protocol):
    """Rows of one tenant; another's are not there. Rows are dictionaries of the table's columns, as JSON."""

    async def standing(self, scope: TenantContext, user_id: UUID) -> Standing | None:
        """Who this user is."""
        ...

    async def brands(self, scope: TenantContext) -> list[Brand]:
        """All brands, by name."""
        ...

    async def brand(self, scope: TenantContext, brand_id: UUID) -> Brand | None:
        """One brand."""
        ...

    async def integrations(self, scope: TenantContext, brand_id: UUID) -> list[dict[str, Any]]:
        """Connections of a brand."""
        ...

    async def held(self, scope: TenantContext, kind: str, *, limit: int, offset: int) -> list[dict[str, Any]]:
        """Messages of this kind still held, newest first."""
        ...

    async def held_message(self, scope: TenantContext, kind: str, held_id: str) -> dict[str, Any] | None:
        """One of them."""
        ...

    async def count_held(self, scope: TenantContext, kind: str) -> int:
        """How many are held."""
        ...

    async def audit(self, scope: TenantContext, *, limit: int, offset: int) -> list[dict[str, Any]]:
        """What people and platforms did or asked for, newest first."""
        ...


class Directory(UserDirectory, Protocol):
    """Log-in, and whether there is anybody yet."""

    async def is_empty(self) -> bool:
        """Whether nobody can log in yet."""
        ...
