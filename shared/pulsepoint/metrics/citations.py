"""Citations made by services: the fact ids of the figures that their events and facts hold."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from pulsepoint.brand.settings import BrandSettings
from pulsepoint.metrics import facts
from pulsepoint.tenancy import TenantContext

Cite = Callable[[str, Mapping[str, str], date, date], str | None]
"""`(metric, dimensions, first day, last day) -> fact id`; None where nothing can be cited."""


@dataclass(frozen=True, slots=True)
class Citations:
    """Whose figures, under which settings, as they were known at `as_of`; calling it is a `Cite`."""

    scope: TenantContext
    brand: BrandSettings
    as_of: datetime

    def __call__(self, metric: str, at: Mapping[str, str], start: date, end: date) -> str:
        """The fact id of a metric for days `start` to `end`, both included, where its dimensions are `at`."""
        days = facts.Period(start, end, self.brand.timezone)
        settings = facts.Settings(self.brand.default_model, self.brand.cancelled_orders)
        return facts.fact_id(facts.Fact(metric, self.scope, days, settings, self.brand.currency, self.as_of, at))
