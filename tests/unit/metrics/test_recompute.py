"""Every number can be asked for as of a moment, and recomputed from its fact id."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from pulsepoint.adapters.duckdb.warehouse import DuckDBWarehouse, open_duckdb
from pulsepoint.errors import AccessDenied, MalformedInput, PermanentError
from pulsepoint.metrics.catalog import METRICS
from pulsepoint.metrics.explain import recompute
from pulsepoint.metrics.facts import fact_id, read_fact_id
from pulsepoint.metrics.query import Measurement, measure
from tests.builders.orders import refund
from tests.builders.warehouse import (
    OTHER_BRAND,
    OTHER_TENANT,
    RECORDED_AT,
    SCOPE,
    ad_fact,
    credit_facts,
    order_fact,
    refund_fact,
)

MARCH = {"start": date(2026, 3, 1), "end": date(2026, 3, 31), "timezone": "Europe/London"}
PARAMETERS = {
    "start_day": date(2026, 3, 1),
    "end_day": date(2026, 3, 31),
    "timezone": "UTC",
    "model": "last_non_direct",
}


@pytest.fixture
async def warehouse() -> AsyncIterator[DuckDBWarehouse]:
    async with open_duckdb() as opened:
        yield opened


async def measured(warehouse: DuckDBWarehouse, metrics: Sequence[str], **options: Any) -> Measurement:
    return await measure(warehouse, SCOPE, metrics, **{**MARCH, **options})


async def values(warehouse: DuckDBWarehouse, *metrics: str, **options: Any) -> dict[str, int | None]:
    """The numbers of the only row."""
    (row,) = (await measured(warehouse, metrics, **options)).rows
    return {name: number.value for name, number in row.numbers.items()}


@pytest.mark.rule("REV-08")
async def test_the_past_is_answered_as_it_was_known(warehouse: DuckDBWarehouse) -> None:
    later = RECORDED_AT + timedelta(days=5)
    await warehouse.append([ad_fact("a", spend=10)])
    before = await measured(warehouse, ["spend"])
    await warehouse.append([ad_fact("a", spend=12, version=2, recorded_at=later)])
    assert await values(warehouse, "spend") == {"spend": 12_000_000}
    assert await values(warehouse, "spend", as_of=RECORDED_AT) == {"spend": 10_000_000}
    explained = await recompute(warehouse, SCOPE, before.rows[0].numbers["spend"].fact_id)
    assert explained.value == 10_000_000
    assert [row["spend_micros"] for row in explained.behind[0].rows] == [10_000_000]


async def test_the_same_question_of_the_same_facts_has_the_same_fact_ids(warehouse: DuckDBWarehouse) -> None:
    await warehouse.append([order_fact(), ad_fact()])
    assert await measured(warehouse, ["mer"], by=["day"]) == await measured(warehouse, ["mer"], by=["day"])


@pytest.mark.rule("REV-08")
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
                explained = await recompute(warehouse, SCOPE, number.fact_id)
                assert (explained.fact.metric, explained.value) == (name, number.value)
                assert explained.formula == METRICS[name].formula
    total = (await measured(warehouse, ["net_revenue"])).rows[0].numbers["net_revenue"]
    (behind,) = (await recompute(warehouse, SCOPE, total.fact_id)).behind
    assert total.value == sum(row["net_micros"] for row in behind.rows) == 280_000_000
    assert behind.total_rows == 2


async def test_a_fact_of_another_brand_is_denied_and_nonsense_is_malformed(warehouse: DuckDBWarehouse) -> None:
    await warehouse.append([order_fact()])
    number = (await measured(warehouse, ["orders"])).rows[0].numbers["orders"]
    for foreign in (OTHER_BRAND, OTHER_TENANT):
        with pytest.raises(AccessDenied):
            await recompute(warehouse, foreign, number.fact_id)
    for nonsense in ("", "x", "e30", number.fact_id[:-4], "é"):
        with pytest.raises(MalformedInput):
            await recompute(warehouse, SCOPE, nonsense)


async def test_a_fact_of_an_older_catalog_is_stale(warehouse: DuckDBWarehouse) -> None:
    await warehouse.append([order_fact()])
    number = (await measured(warehouse, ["orders"])).rows[0].numbers["orders"]
    fact_now = read_fact_id(SCOPE, number.fact_id)
    assert fact_id(fact_now) == number.fact_id
    older = fact_id(replace(fact_now, catalog=0))
    with pytest.raises(PermanentError) as stale:
        await recompute(warehouse, SCOPE, older)
    assert stale.value.reason == "stale_fact"
