"""The suite of every Warehouse; an adapter's test subclasses `WarehouseSuite` and gives a `warehouse` fixture."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest

from pulsepoint.errors import MalformedInput
from pulsepoint.ports.document_store import FactRow
from pulsepoint.ports.warehouse import Warehouse
from pulsepoint.tenancy import SYSTEM
from pulsepoint.values import QueryValue
from tests.builders.warehouse import OTHER_BRAND, OTHER_TENANT, RECORDED_AT, SCOPE, ad_fact, fact, order_fact

COUNT = "SELECT COUNT(*) AS n FROM orders WHERE brand_id = @brand_id"


async def count(warehouse: Warehouse, scope: Any = SCOPE) -> int:
    rows = await warehouse.query(scope, COUNT)
    return int(rows[0]["n"])


def span_fact() -> FactRow:
    columns = {
        "trace_id": "t", "span_id": "s", "links": "[]", "service": "gateway", "name": "n", "kind": "server",
        "started_at": RECORDED_AT, "duration_us": 5, "status": "ok", "tokens_input": 0, "tokens_output": 0,
        "cost_nano_usd": 0, "attributes": "{}",
    }  # fmt: skip
    return fact("observability_events", "t:s", 1, columns, scope=SYSTEM)


class WarehouseSuite:
    """The port's conformance suite."""

    async def test_an_appended_row_can_be_asked_for_at_once(self, warehouse: Warehouse) -> None:
        await warehouse.append([order_fact()])
        assert await count(warehouse) == 1

    async def test_a_fact_appended_again_changes_nothing(self, warehouse: Warehouse) -> None:
        first = order_fact(net=100)
        await warehouse.append([first])
        changed = FactRow(first.scope, first.table, {**first.row, "gross_micros": 5})
        await warehouse.append([changed, order_fact("o2"), order_fact("o2")])
        rows = await warehouse.query(SCOPE, "SELECT order_id, gross_micros FROM orders ORDER BY order_id")
        assert rows == [
            {"order_id": "o1", "gross_micros": 100_000_000},
            {"order_id": "o2", "gross_micros": 100_000_000},
        ]

    async def test_erased_values_are_gone_and_their_rows_stay(self, warehouse: Warehouse) -> None:
        """Of the rows named alone, and again without harm; in views of current rows too, kept or not."""
        first, second = order_fact("o1", name="#1"), order_fact("o2", name="#2")
        await warehouse.append([first, second])
        await warehouse.refresh_current(SCOPE)
        for _ in range(2):
            await warehouse.erase(SCOPE, "orders", [first.row["fact_id"]], ["name", "financial_status"])
        rows = "SELECT order_id, name, gross_micros FROM {} ORDER BY order_id"
        expected = [
            {"order_id": "o1", "name": None, "gross_micros": first.row["gross_micros"]},
            {"order_id": "o2", "name": "#2", "gross_micros": second.row["gross_micros"]},
        ]
        for table in ("orders", "orders_current"):
            assert await warehouse.query(SCOPE, rows.format(table)) == expected

    async def test_of_a_brand_that_is_forgotten_no_row_stays(self, warehouse: Warehouse) -> None:
        await warehouse.append([order_fact("o1"), ad_fact(), order_fact("o1", scope=OTHER_BRAND)])
        await warehouse.refresh_current(SCOPE)
        for _ in range(2):
            await warehouse.forget_brand(SCOPE)
        for table in ("orders", "orders_current", "ad_performance"):
            assert await warehouse.query(SCOPE, f"SELECT fact_id FROM {table} WHERE brand_id = @brand_id") == []
        assert await count(warehouse, OTHER_BRAND) == 1
        await warehouse.append([order_fact("o9")])
        assert len(await warehouse.query(SCOPE, "SELECT order_id FROM orders_current WHERE brand_id = @brand_id")) == 1

    async def test_appends_that_wait_together_are_all_written(self, warehouse: Warehouse) -> None:
        await asyncio.gather(*(warehouse.append([order_fact(f"o{i}"), order_fact(f"o{i + 1}")]) for i in range(50)))
        assert await count(warehouse) == 51

    async def test_a_row_that_cannot_be_stored_fails_alone(self, warehouse: Warehouse) -> None:
        bad = FactRow(SCOPE, "orders", {**order_fact("bad").row, "gross_micros": 1.5})
        results = await asyncio.gather(
            warehouse.append([order_fact("o1")]),
            warehouse.append([bad]),
            warehouse.append([order_fact("o2")]),
            return_exceptions=True,
        )
        assert [type(result) for result in results] == [frozenset, MalformedInput, frozenset]
        assert await count(warehouse) == 2

    @pytest.mark.parametrize(
        ("column", "value"),
        [
            ("gross_micros", 1.5),
            ("gross_micros", "15"),
            ("gross_micros", True),
            ("gross_micros", 2**63),
            ("processed_at", "yesterday"),
            ("processed_at", datetime(2026, 1, 1)),
            ("test", 1),
            ("order_id", None),
            ("name", 7),
            ("no_such_column", "x"),
        ],
    )
    async def test_a_value_that_cannot_be_held_exactly_is_refused_by_name(
        self, warehouse: Warehouse, column: str, value: object
    ) -> None:
        row = {**order_fact().row, column: value}
        with pytest.raises(MalformedInput, match=column):
            await warehouse.append([FactRow(SCOPE, "orders", row)])
        assert await count(warehouse) == 0

    async def test_an_unknown_table_is_refused_by_name(self, warehouse: Warehouse) -> None:
        with pytest.raises(MalformedInput, match="no_such_table"):
            await warehouse.append([FactRow(SCOPE, "no_such_table", order_fact().row)])

    async def test_integers_instants_days_and_text_come_back_exactly(self, warehouse: Warehouse) -> None:
        timestamp = datetime(2026, 3, 10, 23, 59, 59, 999_999, tzinfo=timezone(timedelta(hours=9)))
        name = "Ünïcode \u2028 ' \" \\ 🙂 {x} ?"
        await warehouse.append(
            [
                order_fact("a", gross_micros=2**63 - 1, processed_at=timestamp, name=name),
                order_fact("b", gross_micros=-(2**63), processed_at="2026-03-10T14:59:59.999999Z", name=""),
                ad_fact(day=date(2024, 2, 29)),
            ]
        )
        rows = await warehouse.query(SCOPE, "SELECT gross_micros, processed_at, name FROM orders ORDER BY order_id")
        expected = datetime(2026, 3, 10, 14, 59, 59, 999_999, tzinfo=UTC)
        assert rows == [
            {"gross_micros": 2**63 - 1, "processed_at": expected, "name": name},
            {"gross_micros": -(2**63), "processed_at": expected, "name": ""},
        ]
        assert all(row["processed_at"].tzinfo is UTC for row in rows)
        assert await warehouse.query(SCOPE, "SELECT day FROM ad_performance") == [{"day": date(2024, 2, 29)}]

    async def test_sums_beyond_64_bits_stay_whole(self, warehouse: Warehouse) -> None:
        await warehouse.append([order_fact(f"o{i}", gross_micros=2**53 + 1) for i in range(3)])
        rows = await warehouse.query(SCOPE, "SELECT SUM(gross_micros) AS total FROM orders")
        assert rows == [{"total": 3 * (2**53 + 1)}]

    async def test_a_day_is_a_day_of_the_timezone_asked_for(self, warehouse: Warehouse) -> None:
        await warehouse.append([order_fact(processed_at=datetime(2026, 6, 30, 23, 30, tzinfo=UTC))])
        day = "SELECT DATE(processed_at, @timezone) AS day FROM orders"
        in_london = await warehouse.query(SCOPE, day, {"timezone": "Europe/London"})
        in_new_york = await warehouse.query(SCOPE, day, {"timezone": "America/New_York"})
        assert (in_london, in_new_york) == ([{"day": date(2026, 7, 1)}], [{"day": date(2026, 6, 30)}])

    async def test_parameters_are_values_never_sql(self, warehouse: Warehouse) -> None:
        await warehouse.append([order_fact("o1"), order_fact("o2")])
        sql = "SELECT order_id FROM orders WHERE order_id = @order_id AND processed_at < @before"
        given: dict[str, QueryValue] = {"order_id": "o1' OR 'x' = 'x", "before": datetime(2027, 1, 1, tzinfo=UTC)}
        assert await warehouse.query(SCOPE, sql, given) == []
        assert await warehouse.query(SCOPE, sql, {**given, "order_id": "o1"}) == [{"order_id": "o1"}]

    async def test_a_parameter_not_given_is_named(self, warehouse: Warehouse) -> None:
        with pytest.raises(MalformedInput, match="@order_id"):
            await warehouse.query(SCOPE, "SELECT 1 AS x FROM orders WHERE order_id = @order_id")

    async def test_the_brand_is_always_the_scopes_own(self, warehouse: Warehouse) -> None:
        await warehouse.append([order_fact("mine"), order_fact("theirs", scope=OTHER_BRAND)])
        sql = "SELECT order_id FROM orders WHERE brand_id = @brand_id"
        rows = await warehouse.query(SCOPE, sql, {"brand_id": str(OTHER_BRAND.brand_id)})
        assert rows == [{"order_id": "mine"}]

    async def test_a_tenant_sees_nothing_of_another(self, warehouse: Warehouse) -> None:
        await warehouse.append([order_fact("mine"), order_fact("theirs", scope=OTHER_TENANT)])
        assert await warehouse.query(SCOPE, "SELECT order_id FROM orders") == [{"order_id": "mine"}]

    @pytest.mark.parametrize(
        "sql",
        [
            "SELECT * FROM {other}.orders",
            "SELECT * FROM `{other}.orders`",
            "SELECT * FROM `{other}`.orders_current",
            "SELECT (SELECT COUNT(*) FROM {other}.orders) AS n FROM orders",
            "WITH stolen AS (SELECT * FROM {other}.orders) SELECT * FROM stolen",
            "SELECT * FROM information_schema.tables",
            "SELECT * FROM observability_events",
            "SELECT * FROM read_csv('/etc/passwd')",
            "SELECT * FROM '/etc/passwd'",
            "SELECT 1; DROP TABLE orders",
            "DROP TABLE orders",
            "DELETE FROM orders WHERE TRUE",
            "INSERT INTO orders (fact_id) VALUES ('x')",
            "CREATE TABLE x AS SELECT 1 AS y",
        ],
    )
    async def test_sql_that_reaches_elsewhere_is_refused(self, warehouse: Warehouse, sql: str) -> None:
        await warehouse.append([order_fact("mine"), order_fact("theirs", scope=OTHER_TENANT)])
        with pytest.raises(MalformedInput):
            await warehouse.query(SCOPE, sql.format(other=OTHER_TENANT.schema))
        assert await count(warehouse) == 1

    async def test_facts_of_the_system_tenant_are_the_deployments_own(self, warehouse: Warehouse) -> None:
        await warehouse.append([span_fact(), span_fact(), order_fact()])
        rows = await warehouse.query(SYSTEM, "SELECT trace_id FROM observability_events WHERE brand_id = @brand_id")
        assert rows == [{"trace_id": "t"}]

    async def test_keeping_current_rows_changes_no_answer(self, warehouse: Warehouse) -> None:
        await warehouse.append([order_fact("o1"), order_fact("o2"), order_fact("theirs", scope=OTHER_TENANT)])
        sql = "SELECT order_id FROM orders_current ORDER BY order_id"
        before = await warehouse.query(SCOPE, sql)
        assert await warehouse.refresh_current(SCOPE) >= 0
        assert await warehouse.query(SCOPE, sql) == before == [{"order_id": "o1"}, {"order_id": "o2"}]

    async def test_an_empty_append_and_an_empty_tenant_are_no_error(self, warehouse: Warehouse) -> None:
        await warehouse.append([])
        assert await warehouse.query(SCOPE, "SELECT * FROM sales_entries") == []

    async def test_questions_are_answered_while_rows_are_written(self, warehouse: Warehouse) -> None:
        async def write() -> None:
            for i in range(20):
                await warehouse.append([order_fact(f"o{i}")])

        async def read() -> list[int]:
            return [await count(warehouse) for _ in range(20)]

        _, seen = await asyncio.gather(write(), read())
        assert seen == sorted(seen)
        assert await count(warehouse) == 20
