"""The metric catalog, queried about one brand under its settings; every number as a figure with its citation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from gateway.domain.brands import Brand
from gateway.domain.periods import Period
from pulsepoint.brand.figures import Figure, Figures
from pulsepoint.brand.vocabulary import AttributionModel, DateBasis, Unit
from pulsepoint.metrics.access import Metrics
from pulsepoint.metrics.basis import MetricSettings
from pulsepoint.metrics.basis import Period as MetricPeriod
from pulsepoint.metrics.catalog import metric
from pulsepoint.metrics.citations import Citation, CitationCodec
from pulsepoint.metrics.derived import citable
from pulsepoint.metrics.query import Breakdown, MeasuredRow, Measurement
from pulsepoint.tenancy import TenantContext


@dataclass(frozen=True, slots=True)
class Basis:
    """The basis of numbers: the model, the day money counts on, and what was known (None: now)."""

    model: AttributionModel
    date_basis: DateBasis = DateBasis.OCCURRED
    as_of: datetime | None = None


class Measuring:
    """Measures a brand in its timezone and currency, on one basis."""

    def __init__(
        self, metrics: Metrics, codec: CitationCodec, scope: TenantContext, brand: Brand, basis: Basis
    ) -> None:
        self.brand, self.basis = brand, basis
        self._metrics, self._codec, self._scope = metrics, codec, scope
        self._settings = MetricSettings.of(
            brand.settings, brand.version, model=basis.model, date_basis=basis.date_basis
        )

    @classmethod
    async def open(cls, metrics: Metrics, scope: TenantContext, brand: Brand, basis: Basis) -> Measuring:
        """With the deployment's key for citations; raises `EngineUnavailable`."""
        return cls(metrics, await metrics.codec(), scope, brand, basis)

    @property
    def currency(self) -> str:
        """The brand's currency."""
        return self.brand.settings.currency

    async def measure(self, metrics: Sequence[str], days: Period, by: Sequence[str] = ()) -> Measurement:
        """See `pulsepoint.metrics.query.measure`; money in the brand's currency."""
        return await self._metrics.measure(
            self._scope,
            metrics,
            period=MetricPeriod(days.start, days.end),
            by=by,
            settings=self._settings,
            currency=self.currency,
            as_of=self.basis.as_of,
        )

    async def measure_all(self, *breakdowns: Breakdown) -> tuple[Measurement, ...]:
        """Several breakdowns of one snapshot; money in the brand's currency."""
        return await self._metrics.measure_all(
            self._scope, breakdowns, settings=self._settings, currency=self.currency, as_of=self.basis.as_of
        )

    async def rows(self, name: str, **parameters: Any) -> list[dict[str, Any]]:
        """The rows of a named query, as they were known at the basis' `as_of`."""
        return await self._metrics.query(self._scope, name, as_of=self.basis.as_of, **parameters)

    def cite(
        self, name: str, days: Period, as_of: datetime | None, currency: str | None = None, **at: str | date
    ) -> str:
        """The fact id of a metric's number at hand, as it is true at `as_of`; `at` gives its dimensions' values."""
        return self._codec.encode(self._citation(name, days, as_of, currency or self.currency, at))

    def given(self, name: str, value: int, days: Period) -> Figure:
        """The figure of a number that no rows define (`metrics/derived.py`), which its citation holds itself."""
        cited = replace(self._citation(name, days, self.basis.as_of, self.currency, {}), given=(value,))
        return Figure(value=value, unit=citable(name).unit, fact_id=self._codec.encode(cited))

    def _citation(
        self, name: str, days: Period, as_of: datetime | None, currency: str, at: Mapping[str, str | date]
    ) -> Citation:
        period = MetricPeriod(days.start, days.end)
        return Citation(citable(name).name, self._scope, period, self._settings, currency, as_of, at)


def breakdown(metrics: Iterable[str], days: Period, *by: str, optional: bool = False) -> Breakdown:
    """Asks for metrics over days, each once, in groups of `by`; `optional` as in `Breakdown`."""
    return Breakdown(tuple(dict.fromkeys(metrics)), MetricPeriod(days.start, days.end), by, optional=optional)


def figure(name: str, value: int | None, currency: str, fact_id: str | None = None) -> Figure:
    """The figure of a metric with that value; money in `currency`."""
    unit = metric(name).unit
    return Figure(value=value, unit=unit, currency=currency if unit is Unit.MONEY else None, fact_id=fact_id)


def figures(row: MeasuredRow, names: Mapping[str, str], currency: str) -> Figures:
    """The figures of a measured row under the names they are shown by (`names`: shown name → metric)."""
    return {shown: figure(name, row.values[name], currency, row.number(name).fact_id) for shown, name in names.items()}
