"""A warehouse that answers a question many ask at once for all of them together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pulsepoint.ports.document_store import FactRow
from pulsepoint.ports.warehouse import Warehouse
from pulsepoint.single_flight import SingleFlight
from pulsepoint.tenancy import TenantContext
from pulsepoint.values import QueryValue, Row

Rows = list[Row]


class SingleFlightWarehouse:
    """`Warehouse` over another: the same question of the same brand is under way only once (see `Together`)."""

    def __init__(self, warehouse: Warehouse) -> None:
        self._warehouse = warehouse
        self._flights = SingleFlight[Rows]()

    async def append(self, facts: Sequence[FactRow]) -> frozenset[str]:
        """See `Warehouse.append`."""
        return await self._warehouse.append(facts)

    async def query(self, scope: TenantContext, sql: str, parameters: Mapping[str, QueryValue] | None = None) -> Rows:
        """See `Warehouse.query`; the rows are the caller's own."""
        key = (scope, sql, repr(sorted((parameters or {}).items())))
        rows = await self._flights.do(key, lambda: self._warehouse.query(scope, sql, parameters))
        return [dict(row) for row in rows]

    async def erase(self, scope: TenantContext, table: str, fact_ids: Sequence[str], columns: Sequence[str]) -> None:
        """See `Warehouse.erase`."""
        await self._warehouse.erase(scope, table, fact_ids, columns)

    async def forget_brand(self, scope: TenantContext) -> None:
        """See `Warehouse.forget_brand`."""
        await self._warehouse.forget_brand(scope)

    async def refresh_current(self, scope: TenantContext) -> int:
        """See `Warehouse.refresh_current`."""
        return await self._warehouse.refresh_current(scope)
