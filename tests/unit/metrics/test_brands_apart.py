"""What one brand is told does not change with what lies beside it: brands of a tenant share their tables."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest

from pulsepoint.adapters.duckdb.warehouse import DuckDBWarehouse, open_duckdb
from pulsepoint.brand.settings import BrandChoices
from pulsepoint.metrics.basis import MetricSettings, Period
from pulsepoint.metrics.catalog import METRICS, dimensions_of
from pulsepoint.ports.document_store import FactRow
from pulsepoint.tenancy import TenantContext
from pulsepoint.warehouse import schema
from tests.builders.metrics import measured
from tests.builders.queries import every_query
from tests.builders.storefront import fact

pytestmark = pytest.mark.slow

TENANT = UUID(int=1)
BRAND, NEIGHBOUR = TenantContext(TENANT, UUID(int=2)), TenantContext(TENANT, UUID(int=3))
EARLIER = datetime(2026, 3, 9, 6, tzinfo=UTC)
AT, DAY = datetime(2026, 3, 10, 12, tzinfo=UTC), date(2026, 3, 10)
UTC_DAYS = MetricSettings.of(BrandChoices(), 1)
TEXTS = {
    "channel": "meta", "platform": "meta", "campaign": "spring", "campaign_name": "spring", "kind": "sale",
    "entry_kind": "sale", "model": "last_non_direct", "severity": "critical", "currency": "GBP",
    "account_currency": "GBP", "account_timezone": "UTC", "facts": "[]", "evidence": "landing_site",
}  # fmt: skip
ENTITIES = {"advice": "advice", "ai_insights": "advice"}
OFTEN_NULL = frozenset({"cancelled_at", "resolved_at"})
TRUE = frozenset({"paid", "tracked", "is_cut"})
PARAMETERS: dict[str, Any] = {
    "start_day": date(2026, 3, 9), "end_day": DAY, "timezone": "UTC", "model": "last_non_direct", "currency": "GBP",
    "platform": "meta", "account_id": "account_id", "cancelled_orders": "return", "resolved": True, "limit": 9,
    "start_at": datetime(2026, 3, 9, 12, tzinfo=UTC), "end_at": datetime(2026, 3, 11, tzinfo=UTC),
    "settled_before": datetime(2026, 4, 1, tzinfo=UTC), "after": "", "since": datetime(2026, 3, 9, 12, tzinfo=UTC),
    "lookback_days": 30, "start": "", "end": "\uffff",
    "order_ids": " order_id ", "subject": "subject",
}  # fmt: skip
TELLS_WHAT_IS_WRONG = ("verify_", "unmatched_")
"""Starts of the names of queries that have no rows where nothing is wrong."""
NAMES = sorted(name for name, each in every_query().items() if "observability_events" not in each.sql)


def value(table: schema.Table, name: str, type_: str, amount: int, tag: str, at: datetime) -> Any:
    if name in OFTEN_NULL:
        return None
    if type_ == "BOOL":
        return name in TRUE
    if name == "status":
        return "critical" if table.name == "stock_statuses" else "active"
    number = {"discount_micros": amount // 4, "customer_order_index": 1}.get(name, amount)
    return {"INT64": number, "DATE": at.date(), "TIMESTAMP": at, "STRING": TEXTS.get(name, f"{name}{tag}")}[type_]


def row(scope: TenantContext, table: schema.Table, amount: int, tag: str, at: datetime) -> FactRow:
    columns = {each.name: value(table, each.name, each.type, amount, tag, at) for each in table.columns[6:]}
    if table.name == "ad_days_quarantined":
        columns |= {"quarantined": True, "day": EARLIER.date()}
    return fact(scope, table.name, ENTITIES.get(table.name, f"e{tag}"), **columns, recorded_at=at)


def facts(scope: TenantContext, amount: int, tag: str = "", at: datetime = AT) -> list[FactRow]:
    """A row of every table, a credit of a campaign that no platform reports, and a line that is no product."""
    rows = {table.name: row(scope, table, amount, tag, at) for table in schema.tables()}
    unmatched = other(rows["credits"], campaign="unheard@of.example")
    return [*rows.values(), unmatched, other(rows["order_lines"], entity="other", product_id=None)]


def other(like: FactRow, **columns: str | None) -> FactRow:
    """One more row, with an id of its own and these columns."""
    return replace(like, row={**like.row, "fact_id": f"{like.row['fact_id']}-other", **columns})


def neighbours() -> list[FactRow]:
    """Facts under the brand's own ids, and earlier ones under others."""
    return [*facts(NEIGHBOUR, 7_000_000), *facts(NEIGHBOUR, 9_000_000, tag="-other", at=EARLIER)]


@pytest.fixture(scope="module")
async def alone() -> AsyncIterator[DuckDBWarehouse]:
    async with open_duckdb() as warehouse:
        await warehouse.append(facts(BRAND, 1_000_000))
        yield warehouse


@pytest.fixture(scope="module")
async def beside() -> AsyncIterator[DuckDBWarehouse]:
    async with open_duckdb() as warehouse:
        await warehouse.append([*neighbours(), *facts(BRAND, 1_000_000)])
        yield warehouse


async def answer(warehouse: DuckDBWarehouse, name: str) -> list[dict[str, Any]]:
    """Its rows, whatever order they come in where the query says none."""
    query = every_query()[name]
    given = {parameter: PARAMETERS[parameter] for parameter in query.parameters}
    return sorted(await warehouse.query(BRAND, query.sql, given), key=repr)


@pytest.mark.parametrize("name", NAMES)
async def test_a_named_query_is_answered_from_its_brand_alone(
    alone: DuckDBWarehouse, beside: DuckDBWarehouse, name: str
) -> None:
    assert await answer(beside, name) == await answer(alone, name)


@pytest.mark.rule("REV-10")
@pytest.mark.parametrize("name", sorted(METRICS))
async def test_a_metric_is_measured_from_its_brand_alone(
    alone: DuckDBWarehouse, beside: DuckDBWarehouse, name: str
) -> None:
    by = sorted(dimensions_of(name))
    measurements = [
        await measured(each, [name], scope=BRAND, period=Period(EARLIER.date(), DAY), settings=UTC_DAYS, by=by)
        for each in (beside, alone)
    ]
    assert measurements[0] == measurements[1]
    assert measurements[0].rows


@pytest.mark.parametrize("name", [name for name in NAMES if not name.startswith(TELLS_WHAT_IS_WRONG)])
async def test_there_is_an_answer_to_compare(alone: DuckDBWarehouse, name: str) -> None:
    assert await answer(alone, name)
