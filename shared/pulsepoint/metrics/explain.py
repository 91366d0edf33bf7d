"""A number computed again from its fact id, with its formula and the rows behind it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from pulsepoint.brand.facts import Note
from pulsepoint.errors import PermanentError
from pulsepoint.metrics import earlier_ids
from pulsepoint.metrics.catalog import metric, sums_of
from pulsepoint.metrics.citations import Citation, CitationCodec, KeptSettings, Opened, Unresolved
from pulsepoint.metrics.definitions import CATALOG_VERSION
from pulsepoint.metrics.quarantined_days import QuarantinedDay
from pulsepoint.metrics.query import measure
from pulsepoint.metrics.statements import NOWHERE, Part, rows_statement, values_statement
from pulsepoint.ports.warehouse import Warehouse
from pulsepoint.tenancy import TenantContext

MAX_ROWS = 200
_BEFORE_ALL = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Behind:
    """The first rows of one source that a number sums, and how many there are."""

    source: str
    rows: tuple[Mapping[str, Any], ...]
    total_rows: int


@dataclass(frozen=True, slots=True)
class Explained:
    """A number with everything it depends on.

    A value that its citation gave as a digest and that is nowhere any more (a person was erased) is missing in
    `citation.at` and named in `lost`. `notes` and `left_out` as in `Measurement`; `partial` where it rests on guesses.
    """

    citation: Citation
    value: int | None
    label: str
    formula: str
    unit: str
    behind: tuple[Behind, ...]
    lost: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()
    left_out: tuple[QuarantinedDay, ...] = ()
    partial: bool = False


async def recompute(
    warehouse: Warehouse, codec: CitationCodec, scope: TenantContext, fact_id: str, kept_settings: KeptSettings
) -> Explained:
    """The number behind a fact id, computed again from the facts known at its `as_of`.

    Raises `AccessDenied` for what is no authentic id of this scope, `MalformedInput` for what is none at all, and
    `PermanentError` (`stale_fact`) when the metric's formula has changed since or its settings are no longer kept.
    """
    opened = earlier_ids.decode(scope, fact_id) if earlier_ids.is_earlier(fact_id) else codec.decode(scope, fact_id)
    opened = await _with_settings(_current(opened), kept_settings)
    citation, lost = await _resolved(warehouse, opened)
    where = {**citation.at, **dict.fromkeys(lost, NOWHERE)}
    as_of = citation.as_of or _BEFORE_ALL
    measured = await measure(
        warehouse,
        codec,
        scope,
        [citation.metric],
        period=citation.period,
        settings=citation.settings,
        currency=citation.currency,
        where=where,
        as_of=as_of,
    )
    behind = [await _rows(warehouse, citation, part, as_of) for part in _parts(citation, where)]
    definition = metric(citation.metric)
    value = measured.total.values[citation.metric]
    return Explained(
        citation,
        value,
        definition.label,
        definition.formula,
        definition.unit.value,
        tuple(behind),
        lost,
        measured.notes,
        measured.left_out,
        bool(measured.partial),
    )


def _current(opened: Opened) -> Opened:
    """The citation that was opened, where its metric still means what it meant then; raises `stale_fact`."""
    if not metric(opened.citation.metric).since <= opened.citation.catalog <= CATALOG_VERSION:
        raise PermanentError("the metric's definition has changed since; ask for the number again", reason="stale_fact")
    return opened


async def _with_settings(opened: Opened, kept_settings: KeptSettings) -> Opened:
    named = opened.citation.settings
    if named.version == earlier_ids.OF_NO_VERSION:
        return opened
    kept = await kept_settings(named.version)
    if kept is None:
        raise PermanentError(
            "the settings it was made under are not kept; ask for the number again", reason="stale_fact"
        )
    settings = replace(kept, model=named.model, cancelled_orders=named.cancelled_orders, date_basis=named.date_basis)
    return replace(opened, citation=replace(opened.citation, settings=settings))


async def _resolved(warehouse: Warehouse, opened: Opened) -> tuple[Citation, tuple[str, ...]]:
    """The citation with the values its digest is of, and the dimensions whose values were not found."""
    citation, unresolved = opened.citation, opened.unresolved
    if unresolved is None:
        return citation, ()
    for part in _parts(citation, citation.at):
        values = await _matching(warehouse, citation, part, unresolved)
        if values is not None:
            return replace(citation, at={**citation.at, **values}), ()
    return citation, unresolved.dimensions


async def _matching(
    warehouse: Warehouse, citation: Citation, part: Part, unresolved: Unresolved
) -> dict[str, str | None] | None:
    as_of = citation.as_of or _BEFORE_ALL
    statement = values_statement(part, unresolved.dimensions, citation.settings, as_of)
    for row in await warehouse.query(citation.scope, statement.sql, statement.parameters):
        if unresolved.is_of(row):
            return dict(row)
    return None


def _parts(citation: Citation, where: Mapping[str, object]) -> list[Part]:
    """The part that each source of a citation's metric adds to it."""
    sums = sums_of(citation.metric)
    return [
        Part(source, tuple(each for each in sums if each.source == source), (), citation.period, where)
        for source in sorted({each.source for each in sums})
    ]


async def _rows(warehouse: Warehouse, citation: Citation, part: Part, as_of: datetime) -> Behind:
    statement = rows_statement(part, citation.settings, citation.currency, as_of, MAX_ROWS)
    rows = await warehouse.query(citation.scope, statement.sql, statement.parameters)
    total = rows[0]["total_rows"] if rows else 0
    kept = tuple({name: value for name, value in row.items() if name != "total_rows"} for row in rows)
    return Behind(part.source, kept, total)
