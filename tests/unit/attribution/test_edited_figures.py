"""What the dashboard shows of an edited order: by day, on both date bases, with units and credits."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import pytest

from pulsepoint.adapters.duckdb.warehouse import open_duckdb
from pulsepoint.brand.settings import BrandChoices
from pulsepoint.brand.vocabulary import DateBasis
from pulsepoint.events.envelope import Event
from pulsepoint.metrics.basis import MetricSettings, Period
from pulsepoint.metrics.query import Breakdown, measure_all
from tests.builders.metrics import CODEC
from tests.builders.orders import SCOPE
from tests.builders.shop_books import delivered, facts_after
from tests.builders.shopify import line_body, order_body
from tests.unit.attribution.merging import ORDER_ID

EUR = 1_000_000
SOLD, EDITED = "2026-11-10T12:00:00Z", "2026-11-14T12:00:00Z"
SALES = ("net_revenue", "gross_sales", "discounts", "returns", "orders")
CREDITED = ("attributed_revenue", "unattributed_revenue")


def snapshot(at: str, *lines: dict[str, Any]) -> dict[str, Any]:
    body = order_body(ORDER_ID, lines=list(lines), created_at=SOLD, processed_at=SOLD, updated_at=at)
    return {"topic": "orders/updated", "body": body}


async def figures(events: Sequence[Event[Any]], basis: DateBasis) -> list[dict[int, tuple[int | None, ...]]]:
    """Sales, units and credits by day of November."""
    period = Period(date(2026, 11, 1), date(2026, 11, 30))
    settings = MetricSettings.of(BrandChoices(), 1, date_basis=basis)
    breakdowns = [Breakdown(names, period, ("day",)) for names in (SALES, ("units",), CREDITED)]
    async with open_duckdb() as warehouse:
        await warehouse.append(await facts_after(events))
        measurements = await measure_all(warehouse, CODEC, SCOPE, breakdowns, settings=settings, currency="EUR")
    return [
        {
            row.at["day"].day: values
            for row in measurement.rows
            if any(values := tuple(number.value for number in row.numbers.values()))
        }
        for measurement in measurements
    ]


@pytest.mark.rule("SHOP-25")
@pytest.mark.rule("REV-02")
@pytest.mark.slow
@pytest.mark.parametrize("basis", DateBasis)
async def test_an_edit_is_on_its_day_or_on_the_orders_in_sales_and_credits(basis: DateBasis) -> None:
    sold = snapshot(SOLD, line_body(1, price="100.00", current_quantity=1))
    lines = (line_body(1, price="100.00", current_quantity=1), line_body(2, price="15.00", quantity=2))
    sales, units, credits = await figures(delivered([snapshot(EDITED, *lines), sold]), basis)
    assert units == {10: (1,), 14: (2,)}
    if basis is DateBasis.ORDERED:
        assert sales == {10: (130 * EUR, 130 * EUR, 0, 0, 1)}
        assert {day: sum(filter(None, each)) for day, each in credits.items()} == {10: 130 * EUR}
    else:
        assert sales == {10: (100 * EUR, 100 * EUR, 0, 0, 1), 14: (30 * EUR, 30 * EUR, 0, 0, 0)}
        assert {day: sum(filter(None, each)) for day, each in credits.items()} == {10: 100 * EUR, 14: 30 * EUR}
