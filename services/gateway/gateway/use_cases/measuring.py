"""The metric catalog, queried about one brand under its settings."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from gateway.domain.brands import Brand
from gateway.domain.periods import Period
from pulsepoint.brand.vocabulary import AttributionModel
from pulsepoint.metrics.facts import Settings
from pulsepoint.metrics.named_queries import run_named_query
from pulsepoint.metrics.query import Measurement, measure
from pulsepoint.ports.warehouse import Warehouse
from pulsepoint.tenancy import TenantContext


class Measuring:
    """Measures a brand in its timezone and currency, under one model, as it is known or was known at `as_of`."""

    def __init__(
        self,
        warehouse: Warehouse,
        scope: TenantContext,
        brand: Brand,
        model: AttributionModel,
        as_of: datetime | None = None,
    ) -> None:
        self.warehouse, self.scope, self.brand, self.model, self.as_of = warehouse, scope, brand, model, as_of
        self._settings = Settings(model.value, brand.settings.cancelled_orders.value)

    async def measure(self, metrics: Sequence[str], days: Period, by: Sequence[str] = ()) -> Measurement:
        """See `pulsepoint.metrics.query.measure`; money in the brand's currency."""
        return await measure(
            self.warehouse,
            self.scope,
            metrics,
            start=days.start,
            end=days.end,
            timezone=self.brand.settings.timezone,
            by=by,
            settings=self._settings,
            currency=self.brand.settings.currency,
            as_of=self.as_of,
        )

    async def run_named_query(self, name: str, **parameters: Any) -> list[dict[str, Any]]:
        """See `pulsepoint.metrics.named_queries.run_named_query`."""
        return await run_named_query(self.warehouse, self.scope, name, **parameters)
