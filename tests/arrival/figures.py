"""Every figure of a shop, day by day: sales and credits by every model on both date bases, and the stock."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from pulsepoint.brand.settings import BrandChoices
from pulsepoint.brand.vocabulary import AttributionModel, DateBasis
from pulsepoint.metrics.basis import MetricSettings, Period
from pulsepoint.metrics.query import Breakdown, Measurement, measure_all
from tests.arrival.shop import Facts
from tests.arrival.sources import Source
from tests.builders.inventory import SCOPE
from tests.builders.metrics import CODEC

SALES = ("net_revenue", "gross_sales", "discounts", "returns", "orders", "aov")
LINES = ("units",)
CUSTOMERS = ("new_customers",)
CREDITS = ("attributed_revenue", "unattributed_revenue", "ad_revenue", "attributed_orders", "unattributed_orders")
STOCK = ("available_units", "velocity", "days_of_cover")
LEVELS = ("level_units",)
SHELVES = ("days_in_stock", "days_unknown")

Figures = dict[tuple[str, ...], int | None]
"""Numbers in the catalog's units by basis, model, group and metric."""


async def figures_of(source: Source, facts: Facts) -> Figures:
    """All figures."""
    figures: Figures = {}
    for basis in DateBasis:
        for model in AttributionModel:
            settings = MetricSettings.of(BrandChoices(timezone=source.timezone), 1, model=model, date_basis=basis)
            answers = await measure_all(
                facts.duckdb,
                CODEC,
                SCOPE,
                list(_breakdowns(source.period)),
                settings=settings,
                currency=source.currency,
            )
            figures |= {(str(basis), str(model), *key): value for answer in answers for key, value in _flat(answer)}
    return figures


def _breakdowns(days: Period) -> Iterator[Breakdown]:
    for names in (SALES, LINES, CUSTOMERS):
        yield Breakdown(names, days, ("day",))
    yield Breakdown(CREDITS, days, ("day", "channel", "campaign"))
    yield Breakdown(STOCK, days, ("variant_id",))
    yield Breakdown(LEVELS, days, ("inventory_item_id",))
    yield Breakdown(SHELVES, days, ("inventory_item_id",))


def _flat(answer: Measurement) -> Iterator[tuple[tuple[str, ...], int | None]]:
    for row in answer.rows:
        group = tuple(f"{name}={value}" for name, value in sorted(row.at.items()))
        for name, number in row.numbers.items():
            yield (*group, name), number.value


def net_by_day(figures: Figures) -> dict[date, int]:
    """Net revenue in micros of each day, on the default basis."""
    return {
        date.fromisoformat(key[2].removeprefix("day=")): value or 0
        for key, value in figures.items()
        if key[0] == DateBasis.OCCURRED and key[1] == AttributionModel.LAST_TOUCH and key[-1] == "net_revenue"
    }


def differences(first: Figures, other: Figures) -> list[str]:
    """The figures that are not the same, in words."""
    return [
        f"{' '.join(key)}: {first.get(key)} and {other.get(key)}"
        for key in sorted(first.keys() | other.keys())
        if first.get(key) != other.get(key)
    ]
