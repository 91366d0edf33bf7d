"""A warehouse that answers from the cache what was answered before and has not changed since."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pulsepoint.ports.cache import Cache
from pulsepoint.ports.clock import Clock
from pulsepoint.ports.document_store import FactRow
from pulsepoint.ports.warehouse import Warehouse
from pulsepoint.tenancy import TenantContext
from pulsepoint.values import QueryValue, Row
from pulsepoint.warehouse.answers import KeptAnswers


class CachedWarehouse:
    """`Warehouse` over another, with answers kept for `seconds` in a cache that all who append share.

    Whoever appends ends the answers it changes (`facts_changed`; the runtime does), through this warehouse or not.
    Questions about the deployment's own facts are not kept.
    """

    def __init__(self, warehouse: Warehouse, cache: Cache, clock: Clock, *, seconds: float) -> None:
        self._warehouse = warehouse
        self._kept = KeptAnswers(cache, seconds)
        self._clock = clock

    async def append(self, facts: Sequence[FactRow]) -> frozenset[str]:
        """See `Warehouse.append`."""
        return await self._warehouse.append(facts)

    async def query(
        self, scope: TenantContext, sql: str, parameters: Mapping[str, QueryValue] | None = None
    ) -> list[Row]:
        """See `Warehouse.query`; the rows are the caller's own."""
        if scope.is_system:
            return await self._warehouse.query(scope, sql, parameters)
        # The key first: facts that come while the question is under way end it.
        key = await self._kept.key(scope, sql, parameters, self._clock.now())
        rows = await self._kept.get(scope, key)
        if rows is None:
            rows = await self._warehouse.query(scope, sql, parameters)
            await self._kept.keep(scope, key, rows)
        return rows

    async def erase(self, scope: TenantContext, table: str, fact_ids: Sequence[str], columns: Sequence[str]) -> None:
        """See `Warehouse.erase`; whoever erases ends the answers of before (`facts_erased`)."""
        await self._warehouse.erase(scope, table, fact_ids, columns)

    async def forget_brand(self, scope: TenantContext) -> None:
        """See `Warehouse.forget_brand`; as for `erase`."""
        await self._warehouse.forget_brand(scope)

    async def refresh_current(self, scope: TenantContext) -> int:
        """See `Warehouse.refresh_current`."""
        return await self._warehouse.refresh_current(scope)
