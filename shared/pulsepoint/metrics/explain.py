"""A number computed again from its fact id, with its formula and the rows behind it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from pulsepoint.brand.facts import Note
from pulsepoint.brand.figures import Figure
from pulsepoint.brand.vocabulary import Unit
from pulsepoint.brand.wording import Wording
from pulsepoint.errors import PermanentError
from pulsepoint.metrics import earlier_ids
from pulsepoint.metrics.basis import Period
from pulsepoint.metrics.catalog import sums_of
from pulsepoint.metrics.citations import Citation, CitationCodec, KeptSettings, Opened, Unresolved
from pulsepoint.metrics.definitions import CATALOG_VERSION, EARLIER, Metric
from pulsepoint.metrics.derived import DERIVED, Derived, Input, citable
from pulsepoint.metrics.quarantined_days import QuarantinedDay
from pulsepoint.metrics.query import Breakdown, Measurement, measure_all
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
class Read:
    """A number that a derived one is worked out of: its figure with its citation, where it is measured.

    `metric` is measured under that `name`; None where the citation itself holds the number.
    """

    name: str
    metric: str | None
    figure: Figure


@dataclass(frozen=True, slots=True)
class Explained:
    """A number with everything it depends on: the rows `behind` it, or the `inputs` that it is worked out of.

    A value that its citation gave as a digest and that is nowhere any more (a person was erased) is missing in
    `citation.at` and named in `lost`. `notes` and `left_out` as in `Measurement`; `partial` where it rests on guesses.
    """

    citation: Citation
    value: int | None
    formula: str
    unit: Unit
    behind: tuple[Behind, ...]
    lost: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()
    left_out: tuple[QuarantinedDay, ...] = ()
    partial: bool = False
    inputs: tuple[Read, ...] = ()

    def calculation(self, wording: Wording) -> str | None:
        """The formula of a derived number with the values of its inputs in words; None for any other number."""
        defined = DERIVED.get(self.citation.metric)
        return None if defined is None else defined.said(_worded(self.inputs, wording))


async def recompute(
    warehouse: Warehouse, codec: CitationCodec, scope: TenantContext, fact_id: str, kept_settings: KeptSettings
) -> Explained:
    """The number behind a fact id, computed again from the facts known at its `as_of`.

    Raises `AccessDenied` for what is no authentic id of this scope, `MalformedInput` for what is none at all, and
    `PermanentError` (`stale_fact`) when the metric's formula has changed since or its settings are no longer kept.
    """
    opened = earlier_ids.decode(scope, fact_id) if earlier_ids.is_earlier(fact_id) else codec.decode(scope, fact_id)
    name, opened = opened.citation.metric, await _with_settings(_current(_of_then(opened)), kept_settings)
    citation, lost = await _resolved(warehouse, opened)
    defined = citable(citation.metric)
    if isinstance(defined, Derived):
        return await _worked_out(warehouse, codec, defined, citation, lost)
    explained = await _summed(warehouse, codec, defined, citation, lost)
    if name == citation.metric:
        return explained
    # By the definition of then no day is left out: what is said of that is of the number of today.
    return replace(explained, citation=replace(citation, metric=name), notes=(), left_out=())


async def _summed(
    warehouse: Warehouse, codec: CitationCodec, defined: Metric, citation: Citation, lost: tuple[str, ...]
) -> Explained:
    """A metric measured again, with its rows."""
    where = {**citation.at, **dict.fromkeys(lost, NOWHERE)}
    (measured,) = await _measured(warehouse, codec, citation, lost, [(citation.metric, citation.period)])
    as_of = citation.as_of or _BEFORE_ALL
    behind = [await _rows(warehouse, citation, part, as_of) for part in _parts(citation, where)]
    return Explained(
        citation,
        measured.total.values[citation.metric],
        defined.formula,
        defined.unit,
        tuple(behind),
        lost,
        measured.notes,
        measured.left_out,
        bool(measured.partial),
    )


async def _worked_out(
    warehouse: Warehouse, codec: CitationCodec, defined: Derived, citation: Citation, lost: tuple[str, ...]
) -> Explained:
    """A derived number worked out again of its inputs, which are measured again or stand in the citation."""
    inputs = defined.inputs(citation.period, citation.given)
    metrics = [(each.metric, each.period) for each in inputs]
    measured = await _measured(warehouse, codec, citation, lost, metrics) if metrics else []
    values = [each.total.values[name] for each, (name, _) in zip(measured, metrics, strict=True)]
    read = [_read(codec, citation, each, value, lost) for each, value in zip(inputs, values, strict=True)]
    for given, value in zip(defined.given, citation.given, strict=True):
        currency = citation.currency if given.unit is Unit.MONEY else None
        read.append(Read(given.name, None, Figure(value=value, unit=given.unit, currency=currency)))
    return Explained(
        citation,
        defined.value(_summed_by_name(read)),
        defined.said(),
        defined.unit,
        (),
        lost,
        tuple({note.model_dump_json(): note for each in measured for note in each.notes}.values()),
        tuple(dict.fromkeys(day for each in measured for day in each.left_out)),
        any(each.partial for each in measured),
        tuple(read),
    )


async def _measured(
    warehouse: Warehouse,
    codec: CitationCodec,
    citation: Citation,
    lost: tuple[str, ...],
    metrics: Sequence[tuple[str, Period]],
) -> Sequence[Measurement]:
    """Metrics over periods, measured on the basis of a citation."""
    where = {**citation.at, **dict.fromkeys(lost, NOWHERE)}
    return await measure_all(
        warehouse,
        codec,
        citation.scope,
        [Breakdown((name,), period, where=where) for name, period in metrics],
        settings=citation.settings,
        currency=citation.currency,
        as_of=citation.as_of or _BEFORE_ALL,
    )


def _read(codec: CitationCodec, citation: Citation, of: Input, value: int | None, lost: Sequence[str]) -> Read:
    """An input with its own citation; without one where a value that it depends on is lost."""
    defined = citable(of.metric)
    cited = None if lost else codec.encode(replace(citation, metric=of.metric, period=of.period, given=()))
    currency = citation.currency if defined.unit is Unit.MONEY else None
    return Read(of.name, of.metric, Figure(value=value, unit=defined.unit, currency=currency, fact_id=cited))


def _summed_by_name(read: Iterable[Read]) -> dict[str, int | None]:
    """The values of inputs by name, those of one name added up; None where one of them is not known."""
    values: dict[str, int | None] = {}
    for each in read:
        value, before = each.figure.value, values.get(each.name, 0)
        values[each.name] = None if value is None or before is None else before + value
    return values


def _worded(read: Sequence[Read], wording: Wording) -> dict[str, str]:
    """The values of inputs by name, as people read them."""
    figures = {each.name: each.figure for each in read}
    return {
        name: wording.figure(figures[name].model_copy(update={"value": value}))
        for name, value in _summed_by_name(read).items()
    }


def _of_then(opened: Opened) -> Opened:
    """The citation under the definition that its metric had in its catalog, where that is kept."""
    citation = opened.citation
    earlier = EARLIER.get(citation.metric)
    if earlier is None or citation.catalog >= citable(citation.metric).since:
        return opened
    return replace(opened, citation=replace(citation, metric=earlier))


def _current(opened: Opened) -> Opened:
    """The citation that was opened, where its metric still means what it meant then; raises `stale_fact`."""
    citation = opened.citation
    names = [citation.metric, *(each.metric for each in _inputs(citation))]
    if not max(citable(name).since for name in names) <= citation.catalog <= CATALOG_VERSION:
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
    for part in _parts_read(citation):
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


def _parts_read(citation: Citation) -> list[Part]:
    """The parts of a citation's metric, or of what a derived number is worked out of."""
    if citation.metric not in DERIVED:
        return _parts(citation, citation.at)
    read = [replace(citation, metric=each.metric, period=each.period) for each in _inputs(citation)]
    return [part for each in read for part in _parts(each, each.at)]


def _inputs(citation: Citation) -> tuple[Input, ...]:
    """The metrics that a derived number is worked out of; none of a metric."""
    defined = DERIVED.get(citation.metric)
    return defined.inputs(citation.period, citation.given) if defined is not None else ()


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
