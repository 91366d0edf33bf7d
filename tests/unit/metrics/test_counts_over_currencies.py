"""What is counted adds up over orders and accounts of several currencies, however it is broken down."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import date, timedelta
from itertools import combinations

import pytest

from pulsepoint.adapters.duckdb.warehouse import DuckDBWarehouse, open_duckdb
from pulsepoint.brand.vocabulary import Unit
from pulsepoint.metrics.catalog import METRICS, dimensions_of, divided, sums_of
from pulsepoint.metrics.definitions import Ratio, Sum
from pulsepoint.metrics.query import Breakdown, Measurement, measure_all
from pulsepoint.ports.document_store import FactRow
from tests.builders.metrics import CODEC, LONDON, MARCH, measured, recomputed
from tests.builders.orders import order_line
from tests.builders.warehouse import NOON, SCOPE, ad_fact, credit_facts, fact, line_facts, order_fact

pytestmark = pytest.mark.slow

MONEY_BESIDE = {"sales": "net_revenue", "ads": "spend", "credits": "attributed_revenue"}
"""Money of the same rows: it is told by currency, what is counted beside it is not."""
NO_SUM_OF_GROUPS = {"spend_days"}
"""Counts of different days: one day may be in several groups."""
COUNTED = {Unit.COUNT, Unit.MICRO_COUNT}
COUNTS = [
    name for name, each in METRICS.items()
    if isinstance(each, Sum) and each.unit in COUNTED and name not in NO_SUM_OF_GROUPS
]  # fmt: skip
RATIOS = [
    name for name, each in METRICS.items()
    if isinstance(each, Ratio) and all(part.unit in COUNTED for part in sums_of(name))
]  # fmt: skip


def sold(order_id: str, currency: str, quantity: int, channel: str, days: int) -> list[FactRow]:
    """An order of the one variant, with its credit and its touch."""
    at = NOON + timedelta(days=days)
    order = order_fact(order_id, subject=order_id, currency=currency, processed_at=at)
    credits_ = credit_facts(order_id, [(channel, "spring", 100)], currency=currency, occurred_at=at)
    seen = {"order_id": order_id, "occurred_at": at, "channel": channel, "paid": True, "evidence": "note_attributes"}
    touch = fact("touches", order_id, 1, seen, digest=credits_[0].row["digest"], part="0")
    return [order, *line_facts(order, [order_line(quantity=quantity)]), *credits_, touch]


def advertised(account: str, currency: str, day: int, clicks: int) -> FactRow:
    return ad_fact(
        "spring", date(2026, 3, day), account_id=account, account_currency=currency, clicks=clicks,
        impressions=clicks * 30, conversions_micros=clicks * 10**6, conversion_value_micros=clicks * 10**7,
        click_window_days=7, view_window_days=1,
    )  # fmt: skip


@pytest.fixture(scope="module")
async def warehouse() -> AsyncIterator[DuckDBWarehouse]:
    """A GBP shop with an order in JPY told last, and ads in accounts of both."""
    facts = [
        *sold("o1", "GBP", 700, "meta", 0), *sold("o2", "GBP", 503, "email", 0), *sold("o3", "GBP", 4, "direct", 1),
        *sold("o4", "JPY", 1, "meta", 0), *sold("o5", "JPY", 2, "email", 1), *sold("o6", "AUD", 3, "unattributed", 0),
        advertised("a", "GBP", 10, 50), advertised("b", "JPY", 10, 1), advertised("b", "JPY", 11, 2),
    ]  # fmt: skip
    async with open_duckdb() as opened:
        await opened.append(facts)
        yield opened


def ways(name: str) -> list[tuple[str, ...]]:
    """No dimension, each of a metric's dimensions, and each two of them."""
    dimensions = sorted(dimensions_of(name))
    return [(), *((each,) for each in dimensions), *combinations(dimensions, 2)]


async def broken_down(
    warehouse: DuckDBWarehouse, name: str, metrics: Sequence[str]
) -> dict[tuple[str, ...], Measurement]:
    requested = [Breakdown(metrics, MARCH, by) for by in ways(name)]
    got = await measure_all(warehouse, CODEC, SCOPE, requested, settings=LONDON, currency="GBP")
    return dict(zip(ways(name), got, strict=True))


@pytest.mark.rule("REV-12")
@pytest.mark.parametrize("name", COUNTS)
async def test_the_groups_of_a_count_add_up_to_it(warehouse: DuckDBWarehouse, name: str) -> None:
    beside = MONEY_BESIDE.get(sums_of(name)[0].source)
    for metrics in ([name], [name, beside] if beside else [name, name]):
        got = await broken_down(warehouse, name, metrics)
        sums = {by: sum(row.value(name) for row in each.rows) for by, each in got.items()}
        assert sums == dict.fromkeys(sums, got[()].total.value(name)), metrics
        assert sums[()] > 0 or sums_of(name)[0].source not in {"sales", "lines", "ads", "credits", "touches"}


@pytest.mark.parametrize("name", RATIOS)
async def test_a_ratio_of_counts_is_that_of_its_groups(warehouse: DuckDBWarehouse, name: str) -> None:
    definition = METRICS[name]
    assert isinstance(definition, Ratio)
    numerator, denominator = definition.numerator, definition.denominator
    for by, each in (await broken_down(warehouse, name, [name, numerator, denominator])).items():
        for row in each.rows:
            parts = row.values[numerator], row.values[denominator]
            assert row.values[name] == divided(*parts, definition.scale, floor=definition.floor), by


@pytest.mark.rule("REV-12")
async def test_an_order_in_another_currency_adds_its_units(warehouse: DuckDBWarehouse) -> None:
    by_variant = await measured(warehouse, ["units"], by=["variant_id"])
    assert [row.value("units") for row in by_variant.rows] == [700 + 503 + 4 + 1 + 2 + 3]
    by_day = await measured(warehouse, ["units"], by=["day"])
    assert [row.value("units") for row in by_day.rows] == [700 + 503 + 1 + 3, 4 + 2]
    by_channel = await measured(warehouse, ["traced_share", "traced_orders", "attributed_orders"], by=["channel"])
    assert {row.at["channel"]: row.value("traced_orders") for row in by_channel.rows}["meta"] == 2


async def test_a_day_of_spend_in_two_currencies_is_one_day(warehouse: DuckDBWarehouse) -> None:
    assert (await measured(warehouse, ["spend_days"])).total.values == {"spend_days": 2}
    by_channel = await measured(warehouse, ["spend_days"], by=["channel"])
    assert [row.value("spend_days") for row in by_channel.rows] == [2]


@pytest.mark.rule("REV-12")
@pytest.mark.parametrize(
    ("name", "counted", "rows"),
    [("units", 1213, 6), ("orders", 6, 6), ("clicks", 53, 3), ("net_revenue", 300_000_000, 3)],
)
async def test_the_rows_behind_a_count_are_of_every_currency(
    warehouse: DuckDBWarehouse, name: str, counted: int, rows: int
) -> None:
    number = (await measured(warehouse, [name], currency="GBP")).total.numbers[name]
    explained = await recomputed(warehouse, number.fact_id)
    assert (explained.value, [each.total_rows for each in explained.behind]) == (counted, [rows])


@pytest.mark.rule("REV-06")
async def test_money_beside_a_count_stays_apart(warehouse: DuckDBWarehouse) -> None:
    got = await measured(warehouse, ["orders", "net_revenue", "aov"], by=["day"], currency="GBP")
    assert [tuple(row.values.values()) for row in got.rows] == [(4, 200_000_000, None), (2, 100_000_000, None)]
    excluded = [(each.metric, each.currency, each.value) for each in got.excluded]
    assert set(excluded) >= {("net_revenue", "JPY", 100_000_000), ("net_revenue", "AUD", 100_000_000)}


async def test_what_was_not_asked_of_a_platform_stays_unknown_in_every_currency() -> None:
    accounts = [ad_fact("spring", account_id=code, account_currency=code) for code in ("GBP", "JPY")]
    async with open_duckdb() as opened:
        await opened.append(accounts)
        for by in ([], ["channel"], ["day"]):
            (row,) = (await measured(opened, ["clicks", "platform_conversions", "ctr"], by=by)).rows
            assert row.values == {"clicks": None, "platform_conversions": None, "ctr": None}
