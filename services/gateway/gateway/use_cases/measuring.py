"""The metric catalog, queried about one brand under its settings; every number as a figure with its citation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from gateway.domain.brands import Brand
from gateway.domain.periods import Period
from pulsepoint.brand.figures import Figure, Figures
from pulsepoint.brand.vocabulary import AttributionModel, DateBasis, Unit
from pulsepoint.metrics.catalog import metric
from pulsepoint.metrics.facts import Fact, Settings, fact_id
from pulsepoint.metrics.facts import Period as FactPeriod
from pulsepoint.metrics.named_queries import named_query, run_named_query
from pulsepoint.metrics.query import MeasuredRow, Measurement, measure
from pulsepoint.ports.warehouse import Warehouse
from pulsepoint.tenancy import TenantContext
from pulsepoint.warehouse.as_of import select_as_of


@dataclass(frozen=True, slots=True)
class Basis:
    """What numbers are asked under: the model, the day money counts on, and what was known (None: now)."""

    model: AttributionModel
    date_basis: DateBasis = DateBasis.OCCURRED
    as_of: datetime | None = None


class Measuring:
    """Measures a brand in its timezone and currency, on one basis."""

    def __init__(self, warehouse: Warehouse, scope: TenantContext, brand: Brand, basis: Basis) -> None:
        self.brand, self.basis = brand, basis
        self._warehouse, self._scope = warehouse, scope
        self._settings = Settings(basis.model.value, brand.settings.cancelled_orders.value, basis.date_basis.value)

    @property
    def currency(self) -> str:
        """The brand's currency."""
        return self.brand.settings.currency

    async def measure(self, metrics: Sequence[str], days: Period, by: Sequence[str] = ()) -> Measurement:
        """See `pulsepoint.metrics.query.measure`; money in the brand's currency."""
        return await measure(
            self._warehouse,
            self._scope,
            metrics,
            start=days.start,
            end=days.end,
            timezone=self.brand.settings.timezone,
            by=by,
            settings=self._settings,
            currency=self.currency,
            as_of=self.basis.as_of,
        )

    async def rows(self, name: str, **parameters: Any) -> list[dict[str, Any]]:
        """The rows of a named query, as they were known at the basis' `as_of`."""
        if self.basis.as_of is None:
            return await run_named_query(self._warehouse, self._scope, name, **parameters)
        sql = select_as_of(named_query(name).sql)
        return await self._warehouse.query(self._scope, sql, {**parameters, "as_of": self.basis.as_of})

    def cite(
        self, name: str, days: Period, as_of: datetime | None, currency: str | None = None, **at: str | date
    ) -> str:
        """The fact id of a metric's number at hand, as it is true at `as_of`; `at` gives its dimensions' values."""
        period = FactPeriod(days.start, days.end, self.brand.settings.timezone)
        return fact_id(Fact(name, self._scope, period, self._settings, currency or self.currency, as_of, at))


def figure(row: MeasuredRow, name: str, currency: str) -> Figure:
    """The figure of a measured metric; money in `currency`."""
    unit, number = Unit(metric(name).unit), row.numbers[name]
    return Figure(
        value=number.value,
        unit=unit,
        currency=currency if unit is Unit.MONEY else None,
        fact_id=number.fact_id,
    )


def figures(row: MeasuredRow, names: Mapping[str, str], currency: str) -> Figures:
    """The figures of a measured row under the names they are shown by (`names`: shown name → metric)."""
    return {shown: figure(row, name, currency) for shown, name in names.items()}
