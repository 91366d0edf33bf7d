"""Breakdowns that the catalog is asked for, and its answers: numbers that cite themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from pulsepoint.brand.facts import Note
from pulsepoint.brand.figures import Figure
from pulsepoint.brand.vocabulary import Unit
from pulsepoint.metrics.basis import MetricSettings, Period
from pulsepoint.metrics.catalog import metric
from pulsepoint.metrics.citations import Citation, CitationCodec
from pulsepoint.metrics.quarantined_days import QuarantinedDay
from pulsepoint.tenancy import TenantContext


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
class Basis:
    """All that the numbers of one breakdown have in common; `where` are the values it was filtered by."""

    codec: CitationCodec = field(repr=False, compare=False)
    scope: TenantContext
    period: Period
    settings: MetricSettings
    as_of: datetime | None
    where: Mapping[str, object]


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


class MeasuredRow(NamedTuple):
    """The numbers of one group by the names asked for; `at` names the group by its dimensions.

    `values` are integers in the metrics' units. Money is in `currency`, a ratio of money in another one in what
    `other_currencies` says.
    """

    at: Mapping[str, Any]
    values: Mapping[str, int | None]
    currency: str | None
    other_currencies: Mapping[str, str | None]
    basis: Basis

    def value(self, name: str) -> int:
        """The integer of a number, 0 where it is None."""
        return self.values[name] or 0

    def number(self, name: str) -> Number:
        """One number with its citation."""
        basis = self.basis
        citation = Citation(
            metric(name).name,
            basis.scope,
            basis.period,
            basis.settings,
            self.other_currencies.get(name, self.currency),
            basis.as_of,
            {**basis.where, **self.at},
        )
        return Number(self.values[name], citation, basis.codec)

    @property
    def numbers(self) -> dict[str, Number]:
        """All numbers, each with its citation."""
        return {name: self.number(name) for name in self.values}


@dataclass(frozen=True, slots=True)
class Excluded:
    """Money in another currency than asked for: listed apart, part of no sum."""

    at: Mapping[str, Any]
    metric: str
    currency: str | None
    value: int


@dataclass(frozen=True, slots=True)
class Measurement:
    """The measurement; `currency` is None where no money was asked for, `as_of` the newest fact it rests on.

    `left_out` are the days of the period whose ad spend is in quarantine, where spend was asked for: it is part of no
    number, and ratios of sales and spend leave these days out on both sides. `guessed_customers` are the new customers
    of whom only the first order that is known says so; where there are any, those of `partial` rest on them.
    """

    rows: tuple[MeasuredRow, ...]
    currency: str | None
    excluded: tuple[Excluded, ...]
    notes: tuple[Note, ...]
    as_of: datetime | None
    left_out: tuple[QuarantinedDay, ...] = ()
    guessed_customers: int = 0
    partial: tuple[str, ...] = ()

    @property
    def total(self) -> MeasuredRow:
        """The only row of what was not broken down."""
        (row,) = self.rows
        return row
