"""DuckDB as the warehouse: the port's suite, and what this adapter alone promises."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import duckdb
import pytest

from pulsepoint.adapters.duckdb.errors import OURS, THEIRS, mapped
from pulsepoint.adapters.duckdb.warehouse import DuckDBWarehouse, open_duckdb
from pulsepoint.errors import EngineUnavailable, MalformedInput, PulsepointError
from pulsepoint.warehouse.rows import tables_by_name
from tests.builders.warehouse import NOON, SCOPE, fact, order_fact
from tests.contract.suites.warehouse import WarehouseSuite, count

ROOT = Path(__file__).parents[3]


@pytest.fixture
async def warehouse() -> AsyncIterator[DuckDBWarehouse]:
    async with open_duckdb() as opened:
        yield opened


class TestDuckDBWarehouse(WarehouseSuite):
    """The conformance suite on a DuckDB in memory."""


def python(code: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "shared")])},
    )


def every_error(kind: type[duckdb.Error] = duckdb.Error) -> set[type[duckdb.Error]]:
    errors: set[type[duckdb.Error]] = set()
    for each in kind.__subclasses__():
        errors |= {each} | every_error(each)
    return errors


@pytest.mark.parametrize("kind", sorted(every_error(), key=str), ids=str)
def test_every_error_of_duckdb_has_a_place_in_our_tree(kind: type[duckdb.Error]) -> None:
    assert issubclass(kind, OURS) != issubclass(kind, THEIRS) or kind is duckdb.DatabaseError
    error = mapped(kind("what happened\nand where"))
    assert isinstance(error, PulsepointError)
    assert "what happened" in str(error)
    assert "and where" not in str(error)


async def test_the_engines_own_errors_reach_callers_as_ours(warehouse: DuckDBWarehouse) -> None:
    with pytest.raises(MalformedInput, match="no_such_column"):
        await warehouse.query(SCOPE, "SELECT no_such_column FROM orders")


async def test_a_file_another_process_holds_is_unavailable(tmp_path: Path) -> None:
    path = tmp_path / "warehouse.duckdb"
    holder = python(f"import duckdb; held = duckdb.connect({str(path)!r}); print('open', flush=True); input()")
    assert holder.stdout is not None
    assert holder.stdout.readline() == "open\n"
    try:
        with pytest.raises(EngineUnavailable, match=r"warehouse\.duckdb"):
            async with open_duckdb(path):
                pass
    finally:
        holder.communicate("\n")


async def test_rows_are_there_when_the_file_is_opened_again(tmp_path: Path) -> None:
    path = tmp_path / "nested" / "warehouse.duckdb"
    async with open_duckdb(path) as first:
        await first.append([order_fact()])
    assert not path.with_suffix(".duckdb.wal").exists()
    async with open_duckdb(path) as second:
        await second.append([order_fact(), order_fact("o2")])
        assert await count(second) == 2


async def test_appends_that_wait_at_closing_are_written(tmp_path: Path) -> None:
    path = tmp_path / "warehouse.duckdb"
    async with open_duckdb(path) as first:
        waiting = [asyncio.ensure_future(first.append([order_fact(f"o{i}")])) for i in range(10)]
        await asyncio.sleep(0)
    await asyncio.gather(*waiting)
    async with open_duckdb(path) as second:
        assert await count(second) == 10


async def test_a_closed_warehouse_says_so() -> None:
    async with open_duckdb() as closed:
        await closed.append([order_fact()])
    with pytest.raises(EngineUnavailable, match="closed"):
        await closed.append([order_fact("o2")])
    with pytest.raises(EngineUnavailable, match="closed"):
        await closed.query(SCOPE, "SELECT 1 AS x FROM orders")


CRASHER = """
import asyncio, sys
from pulsepoint.adapters.duckdb.warehouse import open_duckdb
from tests.builders.warehouse import order_fact

async def main():
    async with open_duckdb(sys.argv[1]) as warehouse:
        number = 0
        while True:
            await asyncio.gather(*(warehouse.append([order_fact(f"o{number + i}")]) for i in range(5)))
            number += 5
            print(number, flush=True)

asyncio.run(main())
"""


async def test_every_append_that_returned_survives_kill_9(tmp_path: Path) -> None:
    path = tmp_path / "warehouse.duckdb"
    process = python(CRASHER, str(path))
    assert process.stdout is not None
    acknowledged = 0
    while acknowledged < 50:
        acknowledged = int(process.stdout.readline())
    process.send_signal(signal.SIGKILL)
    rest = process.stdout.read().split()
    process.wait()
    acknowledged = int(rest[-1]) if rest and rest[-1].isdigit() else acknowledged
    async with open_duckdb(path) as again:
        assert await count(again) >= acknowledged
        await again.append([order_fact("o0"), order_fact("o1")])
        assert await count(again) >= acknowledged
        twice = await again.query(SCOPE, "SELECT COUNT(*) AS n FROM orders GROUP BY fact_id HAVING COUNT(*) > 1")
        assert twice == []


async def test_a_known_row_among_new_ones_is_skipped_inside_one_batch(warehouse: DuckDBWarehouse) -> None:
    await warehouse.append([order_fact("o1")])
    await asyncio.gather(*(warehouse.append([order_fact("o1"), order_fact(f"n{i}")]) for i in range(10)))
    assert await count(warehouse) == 11


async def test_a_column_declared_later_is_added_to_a_table_made_before(tmp_path: Path) -> None:
    path = tmp_path / "warehouse.duckdb"
    async with open_duckdb(path) as first:
        await first.append([order_fact()])
    with duckdb.connect(str(path)) as old:
        for (view,) in old.execute(
            "SELECT view_name FROM duckdb_views() WHERE schema_name = ?", [SCOPE.schema]
        ).fetchall():
            old.execute(f'DROP VIEW {SCOPE.schema}."{view}"')
        old.execute(f"ALTER TABLE {SCOPE.schema}.orders_keyed DROP COLUMN shipping_region")
        old.execute("UPDATE main.made_schemas SET declared = 'an earlier declaration'")
    async with open_duckdb(path) as second:
        await second.append([order_fact("o2", shipping_region="ENG")])
        rows = await second.query(SCOPE, "SELECT order_id, shipping_region FROM orders_current ORDER BY order_id")
    assert rows == [{"order_id": "o1", "shipping_region": None}, {"order_id": "o2", "shipping_region": "ENG"}]


async def test_what_need_not_be_told_any_more_may_be_null_in_a_table_made_before(tmp_path: Path) -> None:
    """An alert of today, without sentences, beside one of an earlier release, which had to have some."""
    path = tmp_path / "warehouse.duckdb"
    alert = {"type": "roas_drop", "severity": "high", "subject": "channel:meta", "opened_at": NOON, "facts": "[]"}
    async with open_duckdb(path) as first:
        await first.append([fact("alerts", "a1", 1, {**alert, "alert_id": "a1", "title": "ROAS of Meta fell"})])
    with duckdb.connect(str(path)) as old:
        for (view,) in old.execute(
            "SELECT view_name FROM duckdb_views() WHERE schema_name = ?", [SCOPE.schema]
        ).fetchall():
            old.execute(f'DROP VIEW {SCOPE.schema}."{view}"')
        for column in ("cause", "figures", "names"):
            old.execute(f"ALTER TABLE {SCOPE.schema}.alerts_keyed DROP COLUMN {column}")
        old.execute(f"ALTER TABLE {SCOPE.schema}.alerts_keyed ALTER COLUMN title SET NOT NULL")
        old.execute("UPDATE main.made_schemas SET declared = 'an earlier declaration'")
    async with open_duckdb(path) as second:
        await second.append([fact("alerts", "a2", 1, {**alert, "alert_id": "a2", "figures": "{}"})])
        rows = await second.query(SCOPE, "SELECT alert_id, title, figures FROM alerts_current ORDER BY alert_id")
    assert rows == [
        {"alert_id": "a1", "title": "ROAS of Meta fell", "figures": None},
        {"alert_id": "a2", "title": None, "figures": "{}"},
    ]


async def test_the_key_is_no_column_of_the_tables_questions_read(warehouse: DuckDBWarehouse) -> None:
    await warehouse.append([order_fact()])
    (row,) = await warehouse.query(SCOPE, "SELECT * FROM orders")
    assert list(row) == [column.name for column in tables_by_name(shared=False)["orders"].columns]
    with pytest.raises(MalformedInput):
        await warehouse.query(SCOPE, "SELECT * FROM orders_keyed")
