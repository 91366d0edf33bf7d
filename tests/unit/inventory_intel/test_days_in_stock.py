"""The metric `days_in_stock` against a plain reading of its definition."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inventory_intel.domain.window import Window, window_of
from pulsepoint.adapters.duckdb.warehouse import DuckDBWarehouse, open_duckdb
from pulsepoint.metrics.basis import Period
from pulsepoint.tenancy import TenantContext
from tests.builders.inventory import NOW, SCOPE, days_ago, level_fact
from tests.builders.metrics import measured, under

pytestmark = pytest.mark.slow

Level = tuple[int, str, int | None]
"""(hours before now, location, available)"""
LEVELS = st.lists(
    st.tuples(st.integers(1, 50 * 24), st.sampled_from("ab"), st.sampled_from([None, -2, 0, 0, 0, 1, 5])),
    min_size=1,
    max_size=12,
    unique_by=lambda level: (level[0], level[1]),
)


def expected(levels: list[Level], window: Window, timezone: str) -> tuple[int, int]:
    """Days with more than nothing at any hour, hour by hour; levels change on the hour."""
    zone = ZoneInfo(timezone)
    changes = sorted((days_ago(hours / 24), location, available) for hours, location, available in levels)
    in_stock = set()
    timestamp = window.start_at
    while timestamp < window.end_at:
        now: dict[str, int] = {}
        for at, location, available in changes:
            if at <= timestamp:
                now[location] = 1 if available is None else available
        if not now or sum(now.values()) > 0:
            in_stock.add(timestamp.astimezone(zone).date())
        timestamp += timedelta(hours=1)
    first = max(changes[0][0], window.start_at).astimezone(zone).date()
    return len(in_stock), (first - window.start_day).days


@pytest.fixture(scope="module")
async def warehouse() -> AsyncIterator[DuckDBWarehouse]:
    async with open_duckdb(":memory:") as warehouse:
        yield warehouse


@pytest.mark.rule("STOCK-01")
@pytest.mark.parametrize("timezone", ["UTC", "America/New_York", "Asia/Tokyo"])
@settings(max_examples=30, deadline=None)
@given(levels=LEVELS)
async def test_days_in_stock_are_those_of_the_definition(
    warehouse: DuckDBWarehouse, timezone: str, levels: list[Level]
) -> None:
    window = window_of(NOW, timezone, datetime(2020, 1, 1, tzinfo=UTC))
    brand = TenantContext(SCOPE.tenant_id, uuid4())
    facts = [level_fact("v1", days_ago(hours / 24), n, location_id=at, scope=brand) for hours, at, n in levels]
    await warehouse.append(facts)
    measurement = await measured(
        warehouse,
        ["days_in_stock", "days_unknown"],
        scope=brand,
        period=Period(window.start_day, window.end_day),
        settings=under(timezone=timezone),
        by=["inventory_item_id"],
    )
    [row] = measurement.rows
    assert (row.value("days_in_stock"), row.value("days_unknown")) == expected(levels, window, timezone)
