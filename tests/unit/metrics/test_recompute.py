"""Every number can be asked for as of a moment, and recomputed from its fact id."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from pulsepoint.adapters.duckdb.warehouse import DuckDBWarehouse, open_duckdb
from pulsepoint.metrics.catalog import metric
from tests.builders.metrics import measured, recomputed, values
from tests.builders.orders import refund
from tests.builders.warehouse import (
    RECORDED_AT,
    ad_fact,
    credit_facts,
    order_fact,
    refund_fact,
)


@pytest.fixture
async def warehouse() -> AsyncIterator[DuckDBWarehouse]:
    async with open_duckdb() as opened:
        yield opened


@pytest.mark.rule("REV-08")
async def test_the_past_is_answered_as_it_was_known(warehouse: DuckDBWarehouse) -> None:
    later = RECORDED_AT + timedelta(days=5)
    await warehouse.append([ad_fact("a", spend=10)])
    before = await measured(warehouse, ["spend"])
    await warehouse.append([ad_fact("a", spend=12, version=2, recorded_at=later)])
    assert await values(warehouse, "spend") == {"spend": 12_000_000}
    assert await values(warehouse, "spend", as_of=RECORDED_AT) == {"spend": 10_000_000}
    explained = await recomputed(warehouse, before.rows[0].numbers["spend"].fact_id)
    assert explained.value == 10_000_000
    assert [row["spend_micros"] for row in explained.behind[0].rows] == [10_000_000]


async def test_the_same_question_of_the_same_facts_has_the_same_fact_ids(warehouse: DuckDBWarehouse) -> None:
    await warehouse.append([order_fact(), ad_fact()])
    assert await measured(warehouse, ["mer"], by=["day"]) == await measured(warehouse, ["mer"], by=["day"])


@pytest.mark.rule("REV-08")
@pytest.mark.slow
async def test_every_number_is_recomputed_from_its_fact_id_with_its_rows(warehouse: DuckDBWarehouse) -> None:
    await warehouse.append(
        [
            order_fact("o1", net=300), refund_fact(refund(amount=20)), ad_fact("a", spend=100, clicks=3),
            ad_fact("b", spend=9, platform="google"), *credit_facts("o1", [("meta", "A", 280), ("google", None, 7)]),
        ]
    )  # fmt: skip
    combinations: list[tuple[list[str], list[str]]] = [
        (["spend", "roas", "attributed_revenue", "cpc"], ["channel", "campaign", "day"]),
        (["net_revenue", "mer", "aov", "spend"], ["month"]),
        (["orders", "returns"], ["kind"]),
        (["mer", "roas", "clicks"], []),
    ]
    for metrics, by in combinations:
        for row in (await measured(warehouse, metrics, by=by)).rows:
            for name, number in row.numbers.items():
                explained = await recomputed(warehouse, number.fact_id)
                assert (explained.citation.metric, explained.value) == (metric(name).name, number.value)
                assert explained.formula == metric(name).formula
    total = (await measured(warehouse, ["net_revenue"])).rows[0].numbers["net_revenue"]
    (behind,) = (await recomputed(warehouse, total.fact_id)).behind
    assert total.value == sum(row["net_micros"] for row in behind.rows) == 280_000_000
    assert behind.total_rows == 2
