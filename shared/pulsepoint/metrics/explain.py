"""A number computed again from its fact id, with its formula and the rows behind it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pulsepoint.metrics.catalog import metric, sums_of
from pulsepoint.metrics.facts import Fact, read_fact_id
from pulsepoint.metrics.query import measure
from pulsepoint.metrics.statements import rows_statement
from pulsepoint.ports.warehouse import Warehouse
from pulsepoint.tenancy import TenantContext

MAX_ROWS = 200


@dataclass(frozen=True, slots=True)
class Behind:
    """The first rows of one source that a number sums, and how many there are."""

    source: str
    rows: tuple[Mapping[str, Any], ...]
    total_rows: int


@dataclass(frozen=True, slots=True)
class Explained:
    """A number with everything it depends on."""

    fact: Fact
    value: int | None
    label: str
    formula: str
    unit: str
    behind: tuple[Behind, ...]


async def recompute(warehouse: Warehouse, scope: TenantContext, identifier: str) -> Explained:
    """The number behind a fact id, computed again from the facts known when it was first told.

    Raises `AccessDenied` for another brand's fact id, `MalformedInput` for what is none, and `PermanentError`
    (`stale_fact`) when the catalog has changed since.
    """
    fact = read_fact_id(scope, identifier)
    definition = metric(fact.metric)
    measured = await measure(
        warehouse,
        scope,
        [fact.metric],
        start=fact.period.start,
        end=fact.period.end,
        timezone=fact.period.timezone,
        settings=fact.settings,
        currency=fact.currency,
        where=fact.at,
        as_of=fact.as_of,
    )
    behind = []
    if fact.as_of is not None:
        for source in sorted({part.source for part in sums_of(fact.metric)}):
            behind.append(await _rows(warehouse, fact, source, fact.as_of))
    value = measured.rows[0].numbers[fact.metric].value
    return Explained(fact, value, definition.label, definition.formula, definition.unit, tuple(behind))


async def _rows(warehouse: Warehouse, fact: Fact, source: str, as_of: datetime) -> Behind:
    statement = rows_statement(source, fact.period, fact.settings, fact.at, fact.currency, as_of, MAX_ROWS)
    rows = await warehouse.query(fact.scope, statement.sql, statement.parameters)
    total = rows[0]["total_rows"] if rows else 0
    kept = tuple({name: value for name, value in row.items() if name != "total_rows"} for row in rows)
    return Behind(source, kept, total)
