"""DuckDB keeps as current, while rows are appended, exactly what `views.sql` ranks out of the whole history."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pulsepoint.adapters.duckdb.warehouse import DuckDBWarehouse, open_duckdb
from pulsepoint.events.orders import OrderLine
from pulsepoint.ports.document_store import FactRow
from pulsepoint.warehouse import schema
from tests.builders.warehouse import OTHER_BRAND, SCOPE, credit_facts, line_facts, order_fact

VIEWS = ("orders_current", "order_lines_current", "attributions_current", "credits_current")


def history(seed: int, precedences: Sequence[int | None] = (None, 1, 2, 2**62)) -> list[FactRow]:
    """Some orders of two brands in several versions, some of them of one version told differently, or by another."""
    draw = random.Random(seed)
    facts: list[FactRow] = []
    for _ in range(120):
        order_id, version = f"o{draw.randrange(12)}", draw.randrange(1, 5)
        scope = draw.choice((SCOPE, OTHER_BRAND))
        net, precedence = draw.randrange(1, 4), draw.choice(precedences)
        order = order_fact(order_id, version, net=net, precedence=precedence, scope=scope)
        lines = [
            OrderLine(line_id=f"l{number}", title="a", quantity=1, gross_micros=1, discount_micros=0, tax_micros=0)
            for number in range(draw.randrange(3))
        ]
        facts += [order, *line_facts(order, lines)]
        facts += credit_facts(order_id, [("email", None, draw.randrange(1, 9))], version=version, scope=scope)
    return list({fact.row["fact_id"]: fact for fact in facts}.values())


async def ranked(warehouse: DuckDBWarehouse, view: str) -> list[dict[str, Any]]:
    """The rows the declared view shows, ranked here from everything that was appended."""
    current = schema.current_views()[view]
    heads = await warehouse.query(SCOPE, f"SELECT * FROM {current.head}")
    newest: dict[tuple[str, str], tuple[int, int, str]] = {}
    for row in heads:
        place = row["brand_id"], row["entity"]
        newest[place] = max(newest.get(place, (0, 0, "")), rank(row))
    rows = await warehouse.query(SCOPE, f"SELECT * FROM {current.table}")
    shown = [row for row in rows if newest[row["brand_id"], row["entity"]] == rank(row)]
    return sorted(shown, key=lambda row: str(row["fact_id"]))


def rank(row: dict[str, Any]) -> tuple[int, int, str]:
    return row["version"], row["precedence"] or 0, row["digest"]


async def current(warehouse: DuckDBWarehouse, view: str) -> list[dict[str, Any]]:
    return sorted(await warehouse.query(SCOPE, f"SELECT * FROM {view}"), key=lambda row: str(row["fact_id"]))


@pytest.mark.parametrize("seed", range(4))
async def test_in_whatever_order_and_however_often_rows_come_the_views_show_the_newest(seed: int) -> None:
    facts, draw = history(seed), random.Random(seed)
    async with open_duckdb() as warehouse:
        for _ in range(2):
            draw.shuffle(facts)
            for start in range(0, len(facts), 40):
                await warehouse.append(facts[start : start + 40])
        for view in VIEWS:
            shown = await current(warehouse, view)
            assert shown == await ranked(warehouse, view)
            assert shown


def test_every_view_of_what_is_current_is_kept_by_the_writer() -> None:
    named = {view.name for view in schema.views() if view.name.endswith("_current")}
    assert schema.current_views().keys() == named


async def test_a_file_of_the_earlier_layout_is_taken_over(tmp_path: Path) -> None:
    path = tmp_path / "warehouse.duckdb"
    facts = history(7)
    async with open_duckdb(path) as first:
        await first.append(facts[: len(facts) // 2])
    with duckdb.connect(str(path)) as old:
        in_schema = "FROM duckdb_{0}() WHERE schema_name = ?"
        for (view,) in old.execute(f"SELECT view_name {in_schema.format('views')}", [SCOPE.schema]).fetchall():
            old.execute(f'DROP VIEW {SCOPE.schema}."{view}"')
        for (table,) in old.execute(f"SELECT table_name {in_schema.format('tables')}", [SCOPE.schema]).fetchall():
            drop = f'ALTER TABLE {SCOPE.schema}."{table}" DROP COLUMN snapshot'
            old.execute(f'DROP TABLE {SCOPE.schema}."{table}"' if table.endswith("_newest") else drop)
        old.execute("UPDATE main.made_schemas SET declared = ?", [schema.fingerprint()])
    async with open_duckdb(path) as second:
        await second.append(facts[len(facts) // 2 :])
        for view in VIEWS:
            assert await current(second, view) == await ranked(second, view)


async def test_rows_of_a_file_without_precedence_rank_below_new_ones_of_the_same_version(tmp_path: Path) -> None:
    path = tmp_path / "warehouse.duckdb"
    earlier = history(8, precedences=(None,))
    async with open_duckdb(path) as first:
        await first.append(earlier)
    with duckdb.connect(str(path)) as old:
        in_schema = "FROM duckdb_{0}() WHERE schema_name = ?"
        for (view,) in old.execute(f"SELECT view_name {in_schema.format('views')}", [SCOPE.schema]).fetchall():
            old.execute(f'DROP VIEW {SCOPE.schema}."{view}"')
        for (table,) in old.execute(f"SELECT table_name {in_schema.format('tables')}", [SCOPE.schema]).fetchall():
            old.execute(f'ALTER TABLE {SCOPE.schema}."{table}" DROP COLUMN precedence')
        old.execute("UPDATE main.made_schemas SET declared = 'an earlier release'")
    async with open_duckdb(path) as second:
        before = await current(second, "orders_current")
        assert before == await ranked(second, "orders_current")
        again = [order_fact(row["entity"], row["version"], net=7, precedence=1, digest="0") for row in before]
        await second.append([fact for fact in again if fact.row["brand_id"] == str(SCOPE.brand_id)])
        for view in VIEWS:
            assert await current(second, view) == await ranked(second, view)
        shown = await second.query(SCOPE, "SELECT * FROM orders_current WHERE brand_id = @brand_id")
        assert {(row["precedence"], row["digest"]) for row in shown} == {(1, "0")}


async def test_a_refused_batch_changes_nothing_that_is_current() -> None:
    async with open_duckdb() as warehouse:
        await warehouse.append([order_fact("o1", 1, net=1)])
        newer, wrong = order_fact("o1", 2, net=2), order_fact("o2", 1)
        wrong.row["digest"] = None
        with pytest.raises(Exception, match="digest"):
            await warehouse.append([newer, wrong])
        assert [row["version"] for row in await current(warehouse, "orders_current")] == [1]
