"""Log-in's look-up: the only question the gateway asks without a tenant."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from gateway.adapters.ledger.engine import untenanted
from pulsepoint.ports.directory import KnownUser

_BY_EMAIL = text("SELECT * FROM ledger.directory_user_by_email(:email)")
_IS_EMPTY = text("SELECT ledger.directory_is_empty()")


class LedgerDirectory:
    """See `UserDirectory`; its functions belong to a role nobody can log in as."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def user_by_email(self, email: str) -> KnownUser | None:
        """See `UserDirectory.user_by_email`."""
        async with untenanted(self._engine) as connection:
            row = (await connection.execute(_BY_EMAIL, {"email": email})).first()
        return None if row is None else KnownUser(*row)

    async def is_empty(self) -> bool:
        """Whether nobody can log in yet."""
        async with untenanted(self._engine) as connection:
            return bool((await connection.execute(_IS_EMPTY)).scalar_one())
