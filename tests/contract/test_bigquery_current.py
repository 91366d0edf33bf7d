"""Current tables: after a refresh views read no history, and show what the views over all of it show."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import duckdb
import pytest
import pytest_asyncio

from pulsepoint.adapters.bigquery.current import SETTLED
from pulsepoint.adapters.bigquery.datasets import KEPT_FROM, marked_table
from pulsepoint.adapters.bigquery.statements import kept_views
from pulsepoint.adapters.bigquery.warehouse import BigQueryWarehouse, Caps
from pulsepoint.adapters.memory.clock import START, FixedClock
from pulsepoint.errors import LimitExceeded
from pulsepoint.ports.document_store import FactRow
from pulsepoint.tenancy import SYSTEM
from pulsepoint.warehouse import dialect, schema
from pulsepoint.warehouse.as_of import select_as_of
from pulsepoint.warehouse.rows import relations
from tests.builders.bigquery import Call, Served, queries, served_bigquery
from tests.builders.warehouse import OTHER_BRAND, SCOPE, ad_fact, credit_facts, order_fact, quarantine_fact

FAR = datetime(2999, 1, 1, tzinfo=UTC)
HOURS = SETTLED / timedelta(hours=1)


@pytest_asyncio.fixture
async def served() -> AsyncIterator[Served]:
    async with served_bigquery() as fake:
        yield fake


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest_asyncio.fixture
async def warehouse(served: Served, clock: FixedClock) -> AsyncIterator[BigQueryWarehouse]:
    async with served.warehouse(clock=clock) as opened:
        yield opened


def test_every_current_view_is_kept() -> None:
    named = {view.name for view in schema.views() if view.name.endswith("_current")}
    assert {kept.view.name for kept in kept_views()} == named


def as_text(rows: list[dict[str, Any]]) -> list[str]:
    return sorted(repr(sorted(row.items())) for row in rows)


async def check_against_history(warehouse: BigQueryWarehouse) -> int:
    """Every view shows what it shows over the whole history; how many rows were seen."""
    seen = 0
    for view in schema.views():
        shown = await warehouse.query(SCOPE, f"SELECT * FROM {view.name}")
        oracle = await warehouse.query(SCOPE, select_as_of(f"SELECT * FROM {view.name}"), {"as_of": FAR})
        assert as_text(shown) == as_text(oracle), view.name
        seen += len(shown)
    return seen


def world(chance: random.Random) -> list[list[FactRow]]:
    """Appends of a small shop, in no order: versions of orders, of their credits, of ad-days."""
    appends: list[list[FactRow]] = []
    for number in range(12):
        for version in chance.sample(range(1, 9), 3):
            scope = chance.choice([SCOPE, SCOPE, OTHER_BRAND])
            appends.append([order_fact(f"o{number}", version, net=version, scope=scope)])
            precedence = chance.choice([None, 1, 2**62])
            appends.append([order_fact(f"o{number}", version, net=version + 1, precedence=precedence, scope=scope)])
            head, *parts = credit_facts(
                f"o{number}", [("meta", "Spring", version), ("email", None, 1)], version=version
            )
            # A crash between two requests: parts of a snapshot may come before its head, or without it for long.
            appends += [[head], parts]
            appends.append([ad_fact(f"Campaign {number}", spend=version, version=version)])
    appends += [[quarantine_fact()], [quarantine_fact(quarantined=False, version=2)]]
    chance.shuffle(appends)
    return appends


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_views_show_the_same_before_between_and_after_refreshes(
    warehouse: BigQueryWarehouse, clock: FixedClock, seed: int
) -> None:
    chance = random.Random(seed)
    appends = world(chance)
    for part in range(3):
        third = appends[part * len(appends) // 3 : (part + 1) * len(appends) // 3]
        await warehouse.append([row for facts in third[: len(third) // 2] for row in facts])
        clock.advance(hours=chance.choice([0.1, HOURS + 0.1]))
        assert await warehouse.refresh_current(SCOPE) > 0
        await warehouse.append([row for facts in third[len(third) // 2 :] for row in facts])
        clock.advance(hours=chance.choice([0.1, HOURS + 0.1]))
        assert await check_against_history(warehouse) > 0


async def history_lost(served: Served, tables: list[str]) -> None:
    """Take away all rows of tables, to see who reads them."""
    connection: duckdb.DuckDBPyConnection = served.app.state.connection  # type: ignore[attr-defined]
    for table in tables:
        await asyncio.to_thread(connection.execute, f'DELETE FROM "{SCOPE.schema}${table}"')


async def test_a_refreshed_view_reads_no_row_from_before(
    warehouse: BigQueryWarehouse, served: Served, clock: FixedClock
) -> None:
    await warehouse.append([order_fact("o1", 2), *credit_facts("o1", [("meta", None, 100)])])
    clock.advance(hours=HOURS + 1)
    await warehouse.refresh_current(SCOPE)
    await history_lost(served, ["orders", "attributions", "credits"])
    await warehouse.append([order_fact("o1", 1), order_fact("o2")])
    rows = await warehouse.query(SCOPE, "SELECT order_id, version FROM orders_current ORDER BY order_id")
    assert rows == [{"order_id": "o1", "version": 2}, {"order_id": "o2", "version": 1}]
    assert await warehouse.query(SCOPE, "SELECT COUNT(*) AS n FROM credits_current") == [{"n": 1}]


async def test_rows_that_waited_for_their_head_are_shown_once_it_comes(
    warehouse: BigQueryWarehouse, clock: FixedClock
) -> None:
    head, *parts = credit_facts("o1", [("meta", None, 100)])
    newer_head, *newer_parts = credit_facts("o2", [("meta", None, 5)], version=2)
    await warehouse.append([*parts, *credit_facts("o2", [("email", None, 4)]), *newer_parts])
    clock.advance(hours=HOURS + 1)
    await warehouse.refresh_current(SCOPE)
    statement = "SELECT order_id, credit_micros FROM credits_current ORDER BY order_id"
    assert await warehouse.query(SCOPE, statement) == [{"order_id": "o2", "credit_micros": 4_000_000}]
    await warehouse.append([head, newer_head])
    assert await warehouse.query(SCOPE, statement) == [
        {"order_id": "o1", "credit_micros": 100_000_000},
        {"order_id": "o2", "credit_micros": 5_000_000},
    ]


async def test_a_row_under_way_during_a_refresh_is_shown(warehouse: BigQueryWarehouse, clock: FixedClock) -> None:
    """It was stamped before the refresh, or by a clock that is slow, and is there only after it."""
    await warehouse.append([order_fact("o1")])
    clock.advance(hours=5)
    await warehouse.refresh_current(SCOPE)
    clock.advance(minutes=-50)
    await warehouse.append([order_fact("o1", 2), order_fact("o2")])
    rows = await warehouse.query(SCOPE, "SELECT order_id, version FROM orders_current ORDER BY order_id")
    assert rows == [{"order_id": "o1", "version": 2}, {"order_id": "o2", "version": 1}]


async def kept_tables(served: Served, view: str) -> list[str]:
    client = served.client()
    listed = await asyncio.to_thread(lambda: [each.table_id for each in client.list_tables(SCOPE.schema)])
    return [name for name in listed if name.startswith(f"{view}_kept_")]


async def kept_from(served: Served, view: str = "orders_current") -> str | None:
    table = await asyncio.to_thread(served.client().get_table, f"{SCOPE.schema}.{view}")
    shown: str | None = table.labels.get(KEPT_FROM)
    return shown


async def test_the_table_before_stays_for_questions_under_way_and_the_one_before_that_goes(
    warehouse: BigQueryWarehouse, served: Served, clock: FixedClock
) -> None:
    for _ in range(4):
        await warehouse.append([order_fact()])
        await warehouse.refresh_current(SCOPE)
        clock.advance(hours=24)
    days = ["20260103000000", "20260104000000"]
    assert await kept_tables(served, "orders_current") == [f"orders_current_kept_{day}" for day in days]
    assert await kept_from(served) == days[1]


async def test_a_refresh_that_began_earlier_does_not_turn_a_view_back(served: Served, clock: FixedClock) -> None:
    later = FixedClock(START + timedelta(hours=HOURS + 2))
    async with served.warehouse(clock=clock) as slow, served.warehouse(clock=later) as fast:
        await slow.append([order_fact("o1")])
        reached, go_on = asyncio.Event(), asyncio.Event()

        async def hold(call: Call) -> None:
            if call.method == "PATCH" and call.path.endswith("/tables/orders_current") and not reached.is_set():
                reached.set()
                await go_on.wait()

        served.before = hold
        slow_refresh = asyncio.ensure_future(slow.refresh_current(SCOPE))
        await reached.wait()
        await fast.append([order_fact("o2")])
        await fast.refresh_current(SCOPE)
        go_on.set()
        await slow_refresh
        assert await kept_from(served) == f"{later.now():%Y%m%d%H%M%S}"
        assert await kept_tables(served, "orders_current") == [f"orders_current_kept_{later.now():%Y%m%d%H%M%S}"]
        await check_against_history(fast)


async def test_a_refresh_is_capped_too(served: Served) -> None:
    async with served.warehouse(caps=Caps(refresh_bytes=5 * 2**20)) as warehouse:
        await warehouse.append([order_fact()])
        with pytest.raises(LimitExceeded, match="bytes billed"):
            await warehouse.refresh_current(SCOPE)
        assert await warehouse.query(SCOPE, "SELECT order_id FROM orders_current") == [{"order_id": "o1"}]


async def test_the_deployments_own_facts_have_no_current_tables(warehouse: BigQueryWarehouse, served: Served) -> None:
    assert await warehouse.refresh_current(SYSTEM) == 0
    assert served.calls == []


async def test_views_declared_anew_read_the_history_until_the_next_refresh(
    served: Served, warehouse: BigQueryWarehouse, clock: FixedClock
) -> None:
    await warehouse.append([order_fact("o1")])
    clock.advance(hours=HOURS + 1)
    await warehouse.refresh_current(SCOPE)
    client = served.client()
    marked = await asyncio.to_thread(client.get_table, f"{SCOPE.schema}.{marked_table(SCOPE.schema)}")
    marked.labels = dict.fromkeys(marked.labels)
    await asyncio.to_thread(client.update_table, marked, ["labels"])
    async with served.warehouse(clock=clock) as anew:
        await anew.append([order_fact("o2")])
        assert await kept_from(served) is None
        await check_against_history(anew)
        clock.advance(hours=24)
        await anew.refresh_current(SCOPE)
        assert await kept_from(served) is not None
        assert await check_against_history(anew) > 0


async def test_everything_sent_passes_the_allow_list_but_for_the_names_of_datasets(
    warehouse: BigQueryWarehouse, served: Served
) -> None:
    await warehouse.append([order_fact()])
    await warehouse.query(SCOPE, "SELECT COUNT(*) AS n FROM sales_entries WHERE brand_id = @brand_id")
    await warehouse.refresh_current(SCOPE)
    views = [call.body["view"]["query"] for call in served.calls if "view" in call.body]
    sent = views + [query["query"] for query in queries(served.calls)]
    assert len(sent) == len(schema.views()) + 1 + 2 * len(kept_views())
    kept = frozenset([name for view in schema.views() for name in await kept_tables(served, view.name)])
    for sql in sent:
        inside = sql.replace(f"`test-project`.`{SCOPE.schema}`.", "")
        dialect.parse(inside, relations(False) | kept)
