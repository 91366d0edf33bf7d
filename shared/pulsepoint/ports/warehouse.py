"""Facts, appended and never updated, and the questions asked of them through `pulsepoint.metrics`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from pulsepoint.ports.document_store import FactRow
from pulsepoint.tenancy import TenantContext
from pulsepoint.values import QueryValue, Row


class Warehouse(Protocol):
    """One dataset a tenant; rows are idempotent by fact id."""

    async def append(self, facts: Sequence[FactRow]) -> frozenset[str]:
        """Return once all rows are durable; a row whose `fact_id` is there already changes nothing.

        The fact ids of rows that were there as recorded at another moment, where the engine can tell: what was
        recorded is that row. Facts of the system tenant go to the shared dataset. Raises `EngineUnavailable`.
        """
        ...

    async def query(
        self, scope: TenantContext, sql: str, parameters: Mapping[str, QueryValue] | None = None
    ) -> list[Row]:
        """Rows of one SELECT in BigQuery's dialect with `@name` parameters, tables without a dataset.

        `@brand_id` is always set from `scope`. Timestamps come back as aware UTC datetimes, NUMERIC as int or
        Decimal. Only `pulsepoint.metrics` calls this. Raises `EngineUnavailable`.
        """
        ...

    async def erase(self, scope: TenantContext, table: str, fact_ids: Sequence[str], columns: Sequence[str]) -> None:
        """Set `columns` of these rows to NULL, in whatever the rows are rebuilt from first, then in the table.

        Done again it finishes what was cut off. Engines may keep pages of before for a while of their own. Raises
        `EngineUnavailable`, also for rows that are so new that the engine cannot change them yet.
        """
        ...

    async def forget_brand(self, scope: TenantContext) -> None:
        """Delete every row of a brand, as `erase` does it; raises `EngineUnavailable`."""
        ...

    async def refresh_current(self, scope: TenantContext) -> int:
        """Keep a tenant's current rows where that spares questions its history; the bytes billed.

        Answers are the same before and after. Meant to be called once a day for each tenant, at any hour, by as
        many as like; 0 where nothing needs it. Raises `EngineUnavailable`, `LimitExceeded`.
        """
        ...
