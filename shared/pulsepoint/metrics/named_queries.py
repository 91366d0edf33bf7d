"""Named queries that list rows: alerts, recommendations, stock, orders, traces. None of them sums (`queries/*.sql`)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from importlib.resources import files

from pulsepoint.ports.warehouse import Warehouse
from pulsepoint.tenancy import TenantContext
from pulsepoint.values import QueryValue, Row
from pulsepoint.warehouse.named_queries import NamedQueries, NamedQuery, texts_of

_QUERIES = NamedQueries(lambda: texts_of(files(__package__) / "queries"))


async def run_named_query(
    warehouse: Warehouse,
    scope: TenantContext,
    name: str,
    *,
    as_of: datetime | None = None,
    **parameters: QueryValue,
) -> list[Row]:
    """The rows that answer a named query within a brand, as they are or as they were known at `as_of`.

    Raises `UnknownNamedQuery` for a name that is not there, for parameters it lacks and for others than its own.
    """
    return await _QUERIES.run(warehouse, scope, name, parameters, as_of=as_of)


def named_queries() -> Mapping[str, NamedQuery]:
    """Every named query by its name; raises `ValueError` when a file is not well formed."""
    return _QUERIES.by_name
