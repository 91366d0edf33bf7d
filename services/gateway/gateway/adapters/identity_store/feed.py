"""A brand's feed in PostgreSQL: numbered under the lock of the commit, the last entries kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, func, insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from gateway.adapters.identity_store.engine import tenant_transaction, untenanted
from gateway.adapters.identity_store.rows import typed
from gateway.adapters.identity_store.tables import feed
from gateway.domain.feed import COLLECTION, KEPT, FeedEntry, FeedPlace
from pulsepoint.adapters.document_rules import EncodedWrite
from pulsepoint.errors import MalformedInput
from pulsepoint.tenancy import TenantContext

_LOOK = text(
    "SELECT * FROM ledger.sweep_feed(CAST(:tenants AS uuid[]), CAST(:brands AS uuid[]), CAST(:numbers AS bigint[]),"
    " :most)"
).columns(*feed.c)


async def add(connection: AsyncConnection, encoded: EncodedWrite) -> None:
    """Append an entry to its brand's feed, whose lock the commit holds, and drop what is no longer kept."""
    tenant_id, brand_id, _, _ = encoded.key
    if encoded.write.data is None:
        raise MalformedInput("entries of the feed are never deleted one by one")
    newest = select(func.coalesce(func.max(feed.c.number), 0)).where(feed.c.brand_id == brand_id)
    number = (await connection.execute(newest)).scalar_one() + 1
    row = typed(feed, encoded.write.data) | {"tenant_id": tenant_id, "brand_id": brand_id, "number": number}
    await connection.execute(insert(feed).values(row))
    await connection.execute(delete(feed).where(feed.c.brand_id == brand_id, feed.c.number <= number - KEPT))


class PostgresFeed:
    """See `Feed`."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def newest(self, scope: TenantContext) -> int:
        """See `Feed.newest`."""
        statement = select(func.coalesce(func.max(feed.c.number), 0)).where(feed.c.brand_id == scope.brand_id)
        async with tenant_transaction(self._engine, scope) as connection:
            return int((await connection.execute(statement)).scalar_one())

    async def since(self, scope: TenantContext, number: int, *, limit: int) -> list[FeedEntry]:
        """See `Feed.since`."""
        statement = (
            select(feed)
            .where(feed.c.brand_id == scope.brand_id, feed.c.number > number)
            .order_by(feed.c.number)
            .limit(limit)
        )
        async with tenant_transaction(self._engine, scope) as connection:
            return [_entry(row) for row in (await connection.execute(statement)).mappings()]

    async def after(self, places: Sequence[FeedPlace], *, limit: int) -> list[FeedEntry]:
        """See `Feed.after`; a function of `ledger_sweeper` looks across tenants."""
        parameters = {
            "tenants": [place.tenant_id for place in places],
            "brands": [place.brand_id for place in places],
            "numbers": [place.number for place in places],
            "most": limit,
        }
        async with untenanted(self._engine) as connection:
            return [_entry(row) for row in (await connection.execute(_LOOK, parameters)).mappings()]


def _entry(row: Any) -> FeedEntry:
    return FeedEntry(**{name: row[name] for name in FeedEntry.__dataclass_fields__})


__all__ = ["COLLECTION", "PostgresFeed", "add"]
