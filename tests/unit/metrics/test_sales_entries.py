"""The view `sales_entries` is `revenue.sales_entries` in SQL, whatever the order, number or repetition of appends."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import cast
from uuid import UUID, uuid4

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pulsepoint.adapters.duckdb.warehouse import DuckDBWarehouse, open_duckdb
from pulsepoint.brand.vocabulary import CancelledOrders, EntryKind
from pulsepoint.events.orders import Refund
from pulsepoint.metrics.revenue import OrderChange, SoldOrder, sales_entries
from pulsepoint.ports.document_store import FactRow
from pulsepoint.tenancy import TenantContext
from pulsepoint.warehouse import schema
from pulsepoint.warehouse.dialect import to_duckdb
from pulsepoint.warehouse.rows import relations
from tests.builders.orders import order_line
from tests.builders.warehouse import (
    SCOPE,
    change_facts,
    credit_facts,
    fact,
    line_facts,
    order_fact,
    refund_fact,
    sold_order_fact,
)

START = datetime(2026, 1, 1, tzinfo=UTC)
TIMESTAMPS = st.integers(0, 10**7).map(lambda seconds: START + timedelta(seconds=seconds))
MONEY = st.integers(-(10**9), 10**12)
SMALL = st.integers(-(10**6), 10**9)


@pytest.fixture(scope="module")
async def warehouse() -> AsyncIterator[DuckDBWarehouse]:
    async with open_duckdb() as opened:
        yield opened


@st.composite
def snapshots(draw: st.DrawFn, order_id: str) -> list[tuple[int, SoldOrder]]:
    """Versions of one order, highest last; none for an order nobody knows."""
    versions = sorted(draw(st.sets(st.integers(1, 5), max_size=3)))
    return [
        (
            version,
            SoldOrder(
                order_id,
                draw(TIMESTAMPS),
                draw(MONEY),
                draw(st.booleans()),
                draw(st.none() | TIMESTAMPS),
                draw(st.integers(0, 4)) == 0,
                draw(st.integers(0, 4)) == 0,
                draw(st.none() | MONEY),
            ),
        )
        for version in versions
    ]


@st.composite
def returns(draw: st.DrawFn, order_id: str) -> list[tuple[int, Refund]]:
    """Versions of the refunds of one order."""
    refunds = []
    for number in range(draw(st.integers(0, 3))):
        for version in sorted(draw(st.sets(st.integers(1, 3), min_size=1, max_size=2))):
            amounts = {
                "subtotal_micros": draw(MONEY),
                "tax_micros": draw(SMALL),
                "adjustment_micros": draw(SMALL),
                "shipping_micros": draw(SMALL),
                "total_micros": draw(st.none() | MONEY),
                "taxes_included": draw(st.none() | st.booleans()),
                "is_total": draw(st.booleans()),
            }
            refunds.append((version, Refund(refund_id=f"{order_id}-r{number}", issued_at=draw(TIMESTAMPS), **amounts)))
    return refunds


@st.composite
def edits(draw: st.DrawFn) -> list[tuple[int, tuple[OrderChange, ...]]]:
    """Versions of what was concluded to have changed about an order, highest last; none for most."""
    change = st.builds(OrderChange, TIMESTAMPS, st.sampled_from(["1", "2"]), st.integers(-3, 3), MONEY, SMALL)
    by_line = st.lists(change, max_size=3, unique_by=lambda each: (each.occurred_at, each.line_id)).map(tuple)
    return [(version, draw(by_line)) for version in sorted(draw(st.sets(st.integers(1, 3), max_size=2)))]


Shop = dict[
    str, tuple[list[tuple[int, SoldOrder]], list[tuple[int, Refund]], list[tuple[int, tuple[OrderChange, ...]]]]
]


@st.composite
def shops(draw: st.DrawFn) -> Shop:
    names = [f"o{number}" for number in range(draw(st.integers(1, 4)))]
    return {name: (draw(snapshots(name)), draw(returns(name)), draw(edits())) for name in names}


def latest_refunds(refunds: list[tuple[int, Refund]]) -> list[Refund]:
    by_id = groupby(sorted(refunds, key=lambda each: (each[1].refund_id, each[0])), key=lambda each: each[1].refund_id)
    return [list(versions)[-1][1] for _, versions in by_id]


def new_scope() -> TenantContext:
    return SCOPE.brand(uuid4())


@pytest.mark.rule("REV-01")
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(shop=shops(), seed=st.integers(0, 2**32), policy=st.sampled_from(CancelledOrders))
@pytest.mark.slow
def test_the_view_and_the_rule_agree(
    warehouse: DuckDBWarehouse,
    shop: Shop,
    seed: int,
    policy: CancelledOrders,
) -> None:
    scope = new_scope()
    facts: list[FactRow] = []
    expected = set()
    for order_id, (orders, refunds, changed) in shop.items():
        facts += [sold_order_fact(order, version, scope=scope) for version, order in orders]
        facts += [refund_fact(refund, order_id, version, scope=scope) for version, refund in refunds]
        for version, changes in changed:
            facts += change_facts(order_id, changes, version, scope=scope)
        sold = replace(orders[-1][1], changes=changed[-1][1] if changed else ()) if orders else None
        expected |= {
            (order_id, entry.entry_id, entry.kind, entry.occurred_at, entry.net_micros)
            for entry in sales_entries(sold, latest_refunds(refunds), cancelled_orders=policy)
        }
    generator = random.Random(seed)
    delivered = facts + generator.choices(facts, k=len(facts)) if facts else []
    generator.shuffle(delivered)

    async def shown() -> set[tuple[object, ...]]:
        for start in range(0, len(delivered), 3):
            await warehouse.append(delivered[start : start + 3])
        sql = f"SELECT * FROM sales_entries WHERE brand_id = @brand_id AND {policy.sql}"
        rows = await warehouse.query(scope, sql)
        seen = [(row["order_id"], row["entry_id"], row["kind"], row["occurred_at"], row["net_micros"]) for row in rows]
        assert len(seen) == len(set(seen))
        return set(seen)

    assert asyncio.run(shown()) == expected


@pytest.mark.rule("SHOP-06")
async def test_equal_versions_with_different_content_show_the_same_one_every_time(warehouse: DuckDBWarehouse) -> None:
    first, other = order_fact(net=1, digest="a"), order_fact(net=2, digest="b")
    seen = []
    for delivered in ([first, other], [other, first]):
        scope = new_scope()
        rows = [FactRow(scope, each.table, {**each.row, "brand_id": str(scope.brand_id)}) for each in delivered]
        for row in rows:
            row.row["fact_id"] += scope.brand_id.hex
            await warehouse.append([row])
        shown = await warehouse.query(scope, "SELECT net_micros FROM sales_entries WHERE brand_id = @brand_id")
        seen.append(shown)
    assert seen == [[{"net_micros": 2_000_000}]] * 2


async def test_lines_are_those_of_the_newest_snapshot_alone(warehouse: DuckDBWarehouse) -> None:
    scope = new_scope()
    old, new = order_fact(version=1, scope=scope), order_fact(version=2, net=50, scope=scope)
    lines = [*line_facts(new, [order_line("1")]), *line_facts(old, [order_line("1"), order_line("2")])]
    await warehouse.append([*lines, new, old])
    rows = await warehouse.query(scope, "SELECT line_id FROM order_lines_current WHERE brand_id = @brand_id")
    assert rows == [{"line_id": "1"}]


@pytest.mark.rule("REV-10")
async def test_two_brands_of_a_tenant_with_the_same_order_id_stay_apart(warehouse: DuckDBWarehouse) -> None:
    first, other = new_scope(), new_scope()
    await warehouse.append([order_fact(net=1, scope=first), order_fact(net=2, version=9, test=True, scope=other)])
    sql = "SELECT net_micros FROM sales_entries WHERE brand_id = @brand_id"
    assert await warehouse.query(first, sql) == [{"net_micros": 1_000_000}]
    assert await warehouse.query(other, sql) == []


def test_views_show_a_fact_once_even_where_no_key_keeps_it_unique() -> None:
    """BigQuery's insertAll may store a row twice: the views themselves must not count it twice."""
    types = {"STRING": "VARCHAR", "INT64": "BIGINT", "TIMESTAMP": "TIMESTAMPTZ", "DATE": "DATE", "BOOL": "BOOLEAN"}
    engine = duckdb.connect()
    engine.execute("SET TimeZone = 'UTC'")
    for table in schema.tables():
        columns = ", ".join(f'"{column.name}" {types[column.type]}' for column in table.columns)
        engine.execute(f"CREATE TABLE {table.name} ({columns})")
    for view in schema.views():
        select = to_duckdb(view.select, relations(shared=False), unique_facts=False).within("main")
        engine.execute(f"CREATE VIEW {view.name} AS {select}")
    order = order_fact(cancelled_at=START)
    head, row = credits_of_touch()
    changes = change_facts("o1", [OrderChange(START, "1", 1, 3, 0)])
    lines = line_facts(order, [order_line("1")])
    for each in [order, *lines, *changes, refund_fact(a_refund()), head, row] * 2:
        names = ", ".join(f'"{name}"' for name in each.row)
        marks = ", ".join("?" for _ in each.row)
        engine.execute(f"INSERT INTO {each.table} ({names}) VALUES ({marks})", list(each.row.values()))
    counts = {
        view: engine.execute(f"SELECT COUNT(*) FROM {view}").fetchall()[0][0]
        for view in (
            "orders_current",
            "order_lines_current",
            "refunds_current",
            "credits_current",
            "order_changes_current",
        )
    }
    assert set(counts.values()) == {1}, counts
    assert engine.execute("SELECT SUM(net_micros), COUNT(*) FROM sales_entries").fetchall() == [(0, 4)]
    assert engine.execute("SELECT SUM(quantity), COUNT(*) FROM sold_lines").fetchall() == [(1, 3)]


def a_refund() -> Refund:
    return Refund(refund_id="r1", issued_at=START, subtotal_micros=10_000_000)


def credits_of_touch() -> tuple[FactRow, FactRow]:
    head, row = credit_facts("o1", [("meta", "Spring Sale", 90)])
    return head, row


def test_the_builder_gives_equal_facts_equal_ids() -> None:
    assert fact("orders", "o", 1, {"a": 1}) == fact("orders", "o", 1, {"a": 1})
    assert UUID(order_fact().row["brand_id"]) == SCOPE.brand_id


class OnlySales:
    """A policy of which only `counts` is known: what a cancelled order sold stays, nothing goes back."""

    def counts(self, kind: EntryKind, *, cancelled: bool) -> bool:
        return kind is EntryKind.SALE or not cancelled


@pytest.mark.rule("REV-03")
@pytest.mark.parametrize(("cancelled", "kinds"), [(True, ["sale"]), (False, ["sale", "refund"])])
def test_what_a_policy_counts_is_all_that_decides(cancelled: bool, kinds: list[str]) -> None:
    cancelled_at = START if cancelled else None
    order = SoldOrder("o", START, 50_000_000, True, cancelled_at, False, False)
    entries = sales_entries(order, [a_refund()], cancelled_orders=cast(CancelledOrders, OnlySales()))
    assert [entry.kind for entry in entries] == kinds
