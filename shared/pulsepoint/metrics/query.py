"""Asks the metric catalog: any metrics, broken down any way they share, each number with its citation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pulsepoint.brand.figures import Figure
from pulsepoint.brand.vocabulary import Unit
from pulsepoint.errors import MalformedInput, PermanentError
from pulsepoint.metrics.basis import MetricSettings, Period
from pulsepoint.metrics.catalog import UnknownMetric, dimensions_of, divided, metric, sums_of
from pulsepoint.metrics.citations import Citation, CitationCodec
from pulsepoint.metrics.definitions import Metric, Ratio, Sum
from pulsepoint.metrics.sources import SOURCES
from pulsepoint.metrics.statements import NEWEST, Part, sums_statement
from pulsepoint.ports.warehouse import Warehouse
from pulsepoint.tenancy import TenantContext

Key = tuple[Any, ...]
MEANINGLESS = frozenset({"mixed_currencies", "mixed_windows", "mixed_platforms"})
"""Reasons of errors that refuse a sum which means nothing."""


@dataclass(frozen=True, slots=True)
class Number:
    """One integer in its metric's unit, or None where there is nothing to divide by or nothing was asked for."""

    value: int | None
    citation: Citation
    codec: CitationCodec = field(repr=False, compare=False)

    @property
    def fact_id(self) -> str:
        """Its citation as it is written on the wire."""
        return self.codec.encode(self.citation)

    @property
    def figure(self) -> Figure:
        """It as events and facts hold it, in its metric's unit and with its citation."""
        unit = metric(self.citation.metric).unit
        currency = self.citation.currency if unit is Unit.MONEY else None
        return Figure(value=self.value, unit=unit, currency=currency, fact_id=self.fact_id)


@dataclass(frozen=True, slots=True)
class MeasuredRow:
    """The numbers of one group by the names asked for; `at` names the group by its dimensions."""

    at: Mapping[str, Any]
    numbers: Mapping[str, Number]

    def value(self, name: str) -> int:
        """The integer of a number, 0 where it is None."""
        return self.numbers[name].value or 0


@dataclass(frozen=True, slots=True)
class Excluded:
    """Money in another currency than asked for: listed apart, part of no sum."""

    at: Mapping[str, Any]
    metric: str
    currency: str | None
    value: int


@dataclass(frozen=True, slots=True)
class Breakdown:
    """Metrics over a period, in groups of `by`, of rows whose dimensions have the values of `where`.

    An `optional` one has no rows where its sums mean nothing, instead of an error.
    """

    metrics: Sequence[str]
    period: Period
    by: Sequence[str] = ()
    where: Mapping[str, Any] = field(default_factory=dict)
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Measurement:
    """The measurement; `currency` is None where no money was asked for, `as_of` the newest fact it rests on."""

    rows: tuple[MeasuredRow, ...]
    currency: str | None
    excluded: tuple[Excluded, ...]
    notes: tuple[str, ...]
    as_of: datetime | None

    @property
    def total(self) -> MeasuredRow:
        """The only row of what was not broken down."""
        (row,) = self.rows
        return row


@dataclass(slots=True)
class _Group:
    """Sums of one group by currency, and what decides whether claims may be summed."""

    sums: dict[str, dict[str | None, int]] = field(default_factory=dict)
    windows: set[str] = field(default_factory=set)
    platforms: set[str] = field(default_factory=set)


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
    collected = [_Breakdown.of(each) for each in breakdowns]
    parts = [part for each in collected for part in each.parts]
    _check_periods(parts)
    statement = sums_statement(parts, settings, as_of)
    owners = [each for each in collected for _ in each.parts]
    newest = as_of
    for row in await warehouse.query(scope, statement.sql, statement.parameters):
        place = row["part"]
        if place == NEWEST:
            newest = row["newest"]
        else:
            owners[place].add(row, parts[place])
    issuer = _Issuer(codec, scope, settings, newest)
    return tuple(_answer(each, issuer, currency) for each in collected)


def _answer(collected: _Breakdown, issuer: _Issuer, currency: str | None) -> Measurement:
    try:
        return collected.measurement(issuer, currency)
    except PermanentError as error:
        if not collected.request.optional or error.reason not in MEANINGLESS:
            raise
        return Measurement((), currency, (), (), issuer.as_of)


def _check_periods(parts: Sequence[Part]) -> None:
    """Raise `MalformedInput` where rows that are made for one period are asked for several at once."""
    if len({part.period for part in parts}) > 1:
        for part in parts:
            if not SOURCES[part.source].facts:
                raise MalformedInput(f"{part.sums[0].name} is measured over one period at a time")


@dataclass(frozen=True, slots=True)
class _Issuer:
    """Makes the citations of one answer."""

    codec: CitationCodec
    scope: TenantContext
    settings: MetricSettings
    as_of: datetime | None

    def number(
        self, name: str, breakdown: Breakdown, at: Mapping[str, object], value: int | None, code: str | None
    ) -> Number:
        citation = Citation(
            name, self.scope, breakdown.period, self.settings, code, self.as_of, {**breakdown.where, **at}
        )
        return Number(value, citation, self.codec)


@dataclass(slots=True)
class _Breakdown:
    """A breakdown while its sums come in."""

    request: Breakdown
    definitions: list[Metric]
    sums: dict[str, Sum]
    parts: list[Part]
    groups: dict[Key, _Group] = field(default_factory=dict)
    zones: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, request: Breakdown) -> _Breakdown:
        definitions = [metric(name) for name in request.metrics]
        _check_dimensions(definitions, [*request.by, *request.where])
        sums = {part.name: part for each in definitions for part in sums_of(each.name)}
        sources = sorted({part.source for part in sums.values()})
        parts = [
            Part(
                source,
                tuple(each for each in sums.values() if each.source == source),
                tuple(request.by),
                request.period,
                request.where,
            )
            for source in sources
        ]
        made = cls(request, definitions, sums, parts)
        if not request.by:
            made.groups[()] = _Group()
        return made

    def add(self, row: Mapping[str, Any], part: Part) -> None:
        """Take in one row of a part."""
        group = self.groups.setdefault(tuple(row[f"at_{name}"] for name in part.by), _Group())
        for number, each in enumerate(part.sums):
            value = row[f"sum_{number}"]
            if value is not None:
                currencies = group.sums.setdefault(each.name, {})
                code = row["money"] if each.unit is Unit.MONEY else None
                currencies[code] = currencies.get(code, 0) + int(value)
        if part.source == "ads":
            group.windows |= {row["first_window"], row["last_window"]} - {None}
            group.platforms |= {row["first_platform"], row["last_platform"]} - {None}
            self.zones |= {row["other_zone"]} - {None}

    def measurement(self, issuer: _Issuer, requested: str | None) -> Measurement:
        """The numbers of every group, in the order of their dimensions."""
        code = requested if self._has_own_currencies else self._currency(requested)
        rows: list[MeasuredRow] = []
        excluded: list[Excluded] = []
        for key in sorted(self.groups, key=_order):
            at = dict(zip(self.request.by, key, strict=True))
            own = {**self.request.where, **at}.get("currency", code)
            group = self.groups[key]
            numbers = {
                name: self._number(issuer, each, group, at, own)
                for name, each in zip(self.request.metrics, self.definitions, strict=True)
            }
            rows.append(MeasuredRow(at, numbers))
            excluded.extend(self._excluded(group, at, own))
        notes = tuple(
            f"Ad-days of some accounts are days of {zone}, not of {issuer.settings.timezone}."
            for zone in sorted(self.zones)
        )
        return Measurement(tuple(rows), code, tuple(excluded), notes, issuer.as_of)

    @property
    def _has_own_currencies(self) -> bool:
        return "currency" in self.request.by or "currency" in self.request.where

    def _number(
        self, issuer: _Issuer, each: Metric, group: _Group, at: Mapping[str, object], code: str | None
    ) -> Number:
        _refuse_mixed_claims(each, group)
        computed_in = _computed_in(each, group, code)
        return issuer.number(each.name, self.request, at, _value(each, group, computed_in), computed_in)

    def _currency(self, requested: str | None) -> str | None:
        """The currency of the answer; raises when none was asked for and there are several."""
        if requested is not None or not any(part.unit is Unit.MONEY for part in self.sums.values()):
            return requested
        present = {
            code
            for group in self.groups.values()
            for name, currencies in group.sums.items()
            if _has_currency(self.sums[name])
            for code, value in currencies.items()
            if value
        }
        if len(present) > 1:
            listed = ", ".join(sorted(map(str, present)))
            raise PermanentError(
                f"money in several currencies is not added up ({listed}): name one", reason="mixed_currencies"
            )
        return next(iter(present), None)

    def _excluded(self, group: _Group, at: Mapping[str, object], code: str | None) -> Iterable[Excluded]:
        for name, part in self.sums.items():
            for other, value in sorted(_in_other_currencies(part, group, code).items(), key=str):
                yield Excluded(at, name, other, value)


def _check_dimensions(definitions: Iterable[Metric], dimensions: Iterable[str]) -> None:
    for each in definitions:
        for dimension in dimensions:
            if dimension not in dimensions_of(each.name):
                allowed = ", ".join(sorted(dimensions_of(each.name))) or "none"
                raise UnknownMetric(f"{each.name} cannot be broken down by {dimension!r}, only by: {allowed}")


def _refuse_mixed_claims(each: Metric, group: _Group) -> None:
    if not any(part.claimed for part in sums_of(each.name)):
        return
    if len(group.platforms) > 1:
        raise PermanentError(
            f"{each.name}: what several platforms claim is not added up; break it down by channel",
            reason="mixed_platforms",
        )
    if len(group.windows) > 1:
        windows = ", ".join(sorted(group.windows))
        raise PermanentError(
            f"{each.name}: claims under several attribution windows are not added up ({windows})",
            reason="mixed_windows",
        )


def _computed_in(each: Metric, group: _Group, currency: str | None) -> str | None:
    """`currency`; for a ratio of two sums of money out of one source, the one currency they are in."""
    parts = sums_of(each.name)
    if each.unit is not Unit.RATIO or len({part.source for part in parts}) > 1 or not all(map(_has_currency, parts)):
        return currency
    present = {code for part in parts for code, value in group.sums.get(part.name, {}).items() if value}
    return present.pop() if len(present) == 1 else currency


def _value(each: Metric, group: _Group, currency: str | None) -> int | None:
    if isinstance(each, Ratio):
        parts = sums_of(each.name)
        if any(_in_other_currencies(part, group, currency) for part in parts):
            return None
        numerator, denominator = (_value(part, group, currency) for part in parts)
        return divided(numerator, denominator, each.scale)
    currencies = group.sums.get(each.name, {})
    if not _has_currency(each):
        return sum(currencies.values()) if currencies else each.absent
    if currency in currencies:
        return currencies[currency]
    return None if _in_other_currencies(each, group, currency) else each.absent


def _has_currency(part: Sum) -> bool:
    """True for money whose rows say what it is in; other money is in the brand's own currency."""
    return part.unit is Unit.MONEY and SOURCES[part.source].currency is not None


def _in_other_currencies(part: Sum, group: _Group, currency: str | None) -> dict[str | None, int]:
    if not _has_currency(part):
        return {}
    return {code: value for code, value in group.sums.get(part.name, {}).items() if code != currency and value}


def _order(key: Key) -> tuple[tuple[bool, str], ...]:
    return tuple((value is None, str(value)) for value in key)
