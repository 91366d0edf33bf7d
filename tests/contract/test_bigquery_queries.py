"""Every question and metric of the product is answered by BigQuery as DuckDB answers it, from the same facts."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pytest
import pytest_asyncio

from pulsepoint.adapters.bigquery.warehouse import BigQueryWarehouse
from pulsepoint.adapters.duckdb.warehouse import DuckDBWarehouse, open_duckdb
from pulsepoint.errors import PermanentError
from pulsepoint.metrics.basis import Period
from pulsepoint.metrics.catalog import METRICS
from pulsepoint.ports.document_store import FactRow
from pulsepoint.tenancy import SYSTEM
from pulsepoint.warehouse import schema
from tests.builders.bigquery import served_bigquery
from tests.builders.metrics import measured
from tests.builders.queries import every_query
from tests.builders.warehouse import NOON, RECORDED_AT, SCOPE, fact
from tests.contract.suites.warehouse import span_fact

WORDS = {
    "platform": ("meta", "tiktok"),
    "channel": ("meta", "email"),
    "campaign": ("Spring Sale", "id-1"),
    "campaign_name": ("Spring Sale",),
    "model": ("last_non_direct",),
    "currency": ("GBP",),
    "account_currency": ("GBP",),
    "account_timezone": ("Europe/London",),
    "entry_kind": ("sale",),
    "status": ("short", "active"),
    "subject": ("s1", "s2"),
}
GIVEN: dict[str, Any] = {
    "account_id": "account_id-1",
    "after": "",
    "cancelled_orders": "return",
    "currency": "GBP",
    "end": "\uffff",
    "end_at": NOON + timedelta(days=30),
    "end_day": NOON.date() + timedelta(days=30),
    "limit": 20,
    "lookback_days": 30,
    "model": "last_non_direct",
    "order_ids": " order-0 order-1 order-2 order-3 ",
    "platform": "meta",
    "resolved": True,
    "settled_before": NOON + timedelta(days=60),
    "since": NOON - timedelta(days=30),
    "start": "",
    "start_at": NOON - timedelta(days=30),
    "start_day": NOON.date() - timedelta(days=30),
    "subject": "s1",
    "timezone": "America/New_York",
    "trace_id": "t",
}


def value(chance: random.Random, column: schema.Column, entity: int) -> Any:
    """Something that fits a column: ids meet across tables because there are few of each."""
    if not column.required and chance.random() < 0.1:
        return None
    if column.type == "STRING":
        named = WORDS.get(column.name) or (f"{column.name}-{entity}", f"{column.name}-{entity % 2}")
        return chance.choice(named) if column.name != "order_id" else f"order-{entity}"
    if column.type == "INT64":
        return chance.randrange(-3, 40) * 1_000_000
    if column.type == "BOOL":
        return chance.random() < 0.3
    timestamp = NOON + timedelta(hours=chance.randrange(-400, 400))
    return timestamp.date() if column.type == "DATE" else timestamp


def facts_of_every_table() -> list[FactRow]:
    """Two versions of a few entities in every table; rows of a snapshot follow their head by version and digest."""
    chance = random.Random(7)
    rows = []
    for table in schema.tables():
        for entity in range(4):
            for version in (1, 2):
                columns = {column.name: value(chance, column, entity) for column in table.columns[6:]}
                recorded = RECORDED_AT + timedelta(minutes=chance.randrange(1000))
                rows.append(
                    fact(table.name, f"e{entity}", version, columns, digest=f"d{version}", recorded_at=recorded)
                )
    return [*rows, *rows[::3], span_fact()]


@dataclass(frozen=True, slots=True)
class Both:
    cloud: BigQueryWarehouse
    local: DuckDBWarehouse


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def both() -> AsyncIterator[Both]:
    """Google's memory of insertIds is off, so repeated facts are stored twice there."""
    async with served_bigquery(remembered_seconds=0.0) as served, served.warehouse() as cloud, open_duckdb() as local:
        facts = facts_of_every_table()
        await cloud.append(facts)
        await local.append(facts)
        yield Both(cloud, local)


def as_text(rows: list[dict[str, Any]]) -> list[str]:
    return sorted(repr(row) for row in rows)


@pytest.mark.parametrize("name", sorted(every_query()))
async def test_a_named_question_has_one_answer(both: Both, name: str) -> None:
    query = every_query()[name]
    scope = SYSTEM if "observability_events" in query.sql else SCOPE
    parameters = {each: GIVEN[each] for each in query.parameters}
    cloud = await both.cloud.query(scope, query.sql, parameters)
    assert as_text(cloud) == as_text(await both.local.query(scope, query.sql, parameters))


async def test_the_facts_reach_most_questions(both: Both) -> None:
    answered = 0
    # Where the views agree with their base rows, what is asked of the views shows nothing.
    queries = [query for query in every_query().values() if query.file != "view.sql"]
    for query in queries:
        scope = SYSTEM if "observability_events" in query.sql else SCOPE
        rows = await both.cloud.query(scope, query.sql, {each: GIVEN[each] for each in query.parameters})
        answered += bool(rows)
    assert answered > len(queries) * 2 / 3


@pytest.mark.rule("SHOP-06")
@pytest.mark.parametrize("view", [view.name for view in schema.views()])
async def test_a_view_shows_the_same_rows(both: Both, view: str) -> None:
    sql = f"SELECT * FROM {view}"
    assert as_text(await both.cloud.query(SCOPE, sql)) == as_text(await both.local.query(SCOPE, sql))


@pytest.mark.parametrize("metric", sorted(METRICS))
async def test_a_metric_has_one_value(both: Both, metric: str) -> None:
    async def answer(warehouse: Any) -> Any:
        try:
            period = Period(date(2026, 2, 1), date(2026, 4, 30))
            return await measured(warehouse, [metric], period=period, currency="GBP")
        except PermanentError as error:
            return error.reason

    assert await answer(both.cloud) == await answer(both.local)
