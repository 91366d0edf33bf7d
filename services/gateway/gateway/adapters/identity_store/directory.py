"""Log-in's look-up, and the brands that schedules are for: all that the gateway asks without a tenant."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from gateway.adapters.identity_store.engine import untenanted
from pulsepoint.ports.directory import LoginUser
from pulsepoint.tenancy import TenantContext

_BY_EMAIL = text("SELECT * FROM ledger.directory_user_by_email(:email)")
_IS_EMPTY = text("SELECT ledger.directory_is_empty()")
_ACTIVE_BRANDS = text("SELECT * FROM ledger.directory_active_brands(:tenant, :brand, :most)")


class PostgresDirectory:
    """See `Directory`; its functions belong to a role nobody can log in as."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def user_by_email(self, email: str) -> LoginUser | None:
        """See `UserDirectory.user_by_email`."""
        async with untenanted(self._engine) as connection:
            row = (await connection.execute(_BY_EMAIL, {"email": email})).first()
        return None if row is None else LoginUser(*row)

    async def is_empty(self) -> bool:
        """See `Directory.is_empty`."""
        async with untenanted(self._engine) as connection:
            return bool((await connection.execute(_IS_EMPTY)).scalar_one())

    async def active_brands(self, *, after: TenantContext, limit: int) -> list[TenantContext]:
        """See `Directory.active_brands`."""
        parameters = {"tenant": after.tenant_id, "brand": after.brand_id, "most": limit}
        async with untenanted(self._engine) as connection:
            return [TenantContext(*row) for row in await connection.execute(_ACTIVE_BRANDS, parameters)]
