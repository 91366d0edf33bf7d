"""Asks the metric catalog: any metrics, broken down any way they share, each number with its citation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from pulsepoint.errors import MalformedInput, PermanentError
from pulsepoint.metrics.basis import MetricSettings, Period
from pulsepoint.metrics.citations import CitationCodec
from pulsepoint.metrics.collecting import Collected
from pulsepoint.metrics.measurement import Basis, Breakdown, Excluded, MeasuredRow, Measurement, Number
from pulsepoint.metrics.sources import SOURCES
from pulsepoint.metrics.statements import LEFT_OUT, NEWEST, Part, sums_statement
from pulsepoint.ports.warehouse import Warehouse
from pulsepoint.tenancy import TenantContext

__all__ = ["Breakdown", "Excluded", "MeasuredRow", "Measurement", "Number", "measure", "measure_all"]

MEANINGLESS = frozenset({"mixed_currencies", "mixed_windows", "mixed_platforms"})
"""Reasons of errors that refuse a sum which means nothing."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


async def measure(
    warehouse: Warehouse,
    codec: CitationCodec,
    scope: TenantContext,
    metrics: Sequence[str],
    *,
    period: Period,
    settings: MetricSettings,
    by: Sequence[str] = (),
    where: Mapping[str, object] | None = None,
    currency: str | None = None,
    as_of: datetime | None = None,
) -> Measurement:
    """Metrics of a brand over a period, in groups of `by`; see `measure_all`."""
    breakdown = Breakdown(metrics, period, by, where or {})
    (measurement,) = await measure_all(
        warehouse, codec, scope, [breakdown], settings=settings, currency=currency, as_of=as_of
    )
    return measurement


async def measure_all(
    warehouse: Warehouse,
    codec: CitationCodec,
    scope: TenantContext,
    breakdowns: Sequence[Breakdown],
    *,
    settings: MetricSettings,
    currency: str | None = None,
    as_of: datetime | None = None,
) -> tuple[Measurement, ...]:
    """Several breakdowns of a brand's numbers out of one snapshot of the warehouse, in the order asked for.

    Without `as_of` they are those of the current rows, and their citations pin the newest moment among these. Without
    `currency` all money of a breakdown must be in one, unless it is broken down by `currency` or says one in `where`.
    A ratio with a part in another currency is None, unless it divides money of one source that is all in the same:
    that is the same in every currency. Raises `UnknownMetric`, `MalformedInput`, and `PermanentError` with reason
    `mixed_currencies`, `mixed_windows` or `mixed_platforms` for sums that mean nothing.
    """
    collected = [Collected.of(each) for each in breakdowns]
    parts = [part for each in collected for part in each.parts]
    _check_periods(parts)
    statement = sums_statement(parts, settings, as_of)
    owners = [each for each in collected for _ in each.parts]
    newest = as_of
    for row in await warehouse.query(scope, statement.sql, statement.parameters):
        place = row["part"]
        if place == LEFT_OUT:
            for each in collected:
                each.leave_out(row)
        elif place != NEWEST:
            owners[place].add(row, parts[place])
        elif row["sum_0"] is not None:
            newest = _EPOCH + timedelta(microseconds=row["sum_0"])
    return tuple(
        _answer(each, Basis(codec, scope, each.request.period, settings, newest, each.request.where), currency)
        for each in collected
    )


def _answer(collected: Collected, basis: Basis, currency: str | None) -> Measurement:
    try:
        return collected.measurement(basis, currency)
    except PermanentError as error:
        if not collected.request.optional or error.reason not in MEANINGLESS:
            raise
        return Measurement((), currency, (), (), basis.as_of)


def _check_periods(parts: Sequence[Part]) -> None:
    """Raise `MalformedInput` where rows that are made for one period are asked for several at once."""
    if len({part.period for part in parts}) > 1:
        for part in parts:
            if not SOURCES[part.source].facts:
                raise MalformedInput(f"{part.sums[0].name} is measured over one period at a time")
