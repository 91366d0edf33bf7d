"""Rows reach BigQuery together, once as far as a query can tell, and one append's fault is its own."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from google.cloud import bigquery

from pulsepoint.adapters.bigquery.batcher import MAX_BYTES, MAX_ROWS
from pulsepoint.adapters.bigquery.warehouse import Caps
from pulsepoint.errors import EngineUnavailable, LimitExceeded, MalformedInput
from pulsepoint.ports.document_store import FactRow
from pulsepoint.warehouse import schema
from tests.builders.bigquery import Call, Served, served_bigquery
from tests.builders.warehouse import OTHER_TENANT, SCOPE, credit_facts, order_fact
from tests.contract.suites.warehouse import count


async def stored(served: Served, table: str) -> int:
    """The number of rows in a table, repeats counted."""
    table_resource = await asyncio.to_thread(served.client().get_table, f"{SCOPE.schema}.{table}")
    return int(table_resource.num_rows or 0)


def ids(calls: list[Call]) -> list[list[str]]:
    return [[row["insertId"] for row in call.body["rows"]] for call in calls]


async def test_each_row_is_sent_under_its_fact_id_with_when_it_was_sent() -> None:
    async with served_bigquery() as served, served.warehouse() as warehouse:
        fact = order_fact()
        await warehouse.append([fact])
        (call,) = served.sent("POST", "/tables/orders/insertAll")
    (row,) = call.body["rows"]
    assert row["insertId"] == fact.row["fact_id"]
    assert row["json"]["gross_micros"] == "100000000"
    assert row["json"]["processed_at"] == "2026-03-10T12:00:00+00:00"
    assert row["json"]["appended_at"] > "2026"
    assert "cancelled_at" not in row["json"]


async def test_appends_that_wait_go_together_and_never_beyond_the_recommended_rows() -> None:
    async with served_bigquery() as served, served.warehouse() as warehouse:
        facts = [order_fact(f"o{number}") for number in range(1_300)]
        await asyncio.gather(*(warehouse.append(facts[start : start + 2]) for start in range(0, 1_000, 2)))
        await warehouse.append(facts[1_000:])
        batches = ids(served.sent("POST", "/insertAll"))
        assert await count(warehouse) == 1_300
    assert len(batches) <= 5
    assert max(map(len, batches)) == MAX_ROWS


async def test_a_request_stays_below_ten_megabytes() -> None:
    async with served_bigquery() as served, served.warehouse() as warehouse:
        # Told in JSON, each character takes six bytes.
        await warehouse.append([order_fact(f"o{number}", name="é" * 1_200_000) for number in range(2)])
        batches = ids(served.sent("POST", "/insertAll"))
        assert await count(warehouse) == 2
        with pytest.raises(LimitExceeded, match="bytes"):
            await warehouse.append([order_fact("large", name="x" * MAX_BYTES)])
    assert [len(batch) for batch in batches] == [1, 1]


@pytest.mark.parametrize("remembered_seconds", [60.0, 0.0])
async def test_a_redelivered_append_is_told_once_however_short_googles_memory(remembered_seconds: float) -> None:
    facts = [order_fact(), *credit_facts("o1", [("meta", "Spring", 60), ("email", None, 40)])]
    async with served_bigquery(remembered_seconds=remembered_seconds) as served:
        for _ in range(2):
            async with served.warehouse() as warehouse:
                await warehouse.append(facts)
        assert await stored(served, "orders") == (1 if remembered_seconds else 2)
        async with served.warehouse() as warehouse:
            for relation in ("orders", "orders_current", "attributions", "attributions_current"):
                assert await warehouse.query(SCOPE, f"SELECT COUNT(*) AS n FROM {relation}") == [{"n": 1}], relation
            for relation in ("credits", "credits_current"):
                assert await warehouse.query(SCOPE, f"SELECT COUNT(*) AS n FROM {relation}") == [{"n": 2}], relation
            rows = await warehouse.query(SCOPE, "SELECT SUM(revenue_micros) AS total FROM unified_performance")
            assert rows == [{"total": 100_000_000}]


async def make_narrow_table(served: Served, column: str) -> None:
    """A table of orders whose `column` takes whole numbers only, as nobody declared it."""
    async with served.warehouse() as warehouse:
        await warehouse.query(SCOPE, "SELECT order_id FROM orders")
    declared = next(table for table in schema.tables() if table.name == "orders")
    fields = [
        bigquery.SchemaField(each.name, "INT64" if each.name == column else each.type) for each in declared.columns
    ]
    table = bigquery.Table(
        f"test-project.{SCOPE.schema}.orders", [*fields, bigquery.SchemaField("appended_at", "TIMESTAMP")]
    )
    client = served.client()
    await asyncio.to_thread(client.delete_table, table)
    await asyncio.to_thread(client.create_table, table)
    served.calls.clear()


async def test_a_row_bigquery_refuses_fails_its_append_alone_and_is_named() -> None:
    async with served_bigquery() as served:
        await make_narrow_table(served, "name")
        async with served.warehouse() as warehouse:
            results = await asyncio.gather(
                warehouse.append([order_fact("o1", name="1"), order_fact("o2")]),
                warehouse.append([order_fact("o3"), order_fact("bad", name="none")]),
                warehouse.append([order_fact("o4", name="4")]),
                return_exceptions=True,
            )
        assert [type(result) for result in results] == [frozenset, MalformedInput, frozenset]
        assert "orders.name" in str(results[1])
        assert await stored(served, "orders") == 3


async def test_a_table_just_made_is_waited_for() -> None:
    async with served_bigquery(table_lag=3) as served, served.warehouse() as warehouse:
        await warehouse.append([order_fact()])
        assert len(served.sent("POST", "/tables/orders/insertAll")) == 4
        assert await count(warehouse) == 1


async def test_a_table_that_does_not_appear_is_an_engine_unavailable() -> None:
    caps = Caps(settling_seconds=0.2)
    async with served_bigquery(table_lag=10**6) as served, served.warehouse(caps=caps) as warehouse:
        with pytest.raises(EngineUnavailable, match="orders"):
            await warehouse.append([order_fact()])


async def test_appends_that_wait_at_closing_are_written() -> None:
    async with served_bigquery() as served:
        async with served.warehouse() as first:
            await first.append([order_fact("o")])
            waiting = [asyncio.ensure_future(first.append([order_fact(f"o{i}")])) for i in range(10)]
            await asyncio.sleep(0)
        await asyncio.gather(*waiting)
        async with served.warehouse() as second:
            assert await count(second) == 11


async def test_an_append_given_up_by_its_caller_harms_no_other() -> None:
    async with served_bigquery() as served, served.warehouse() as warehouse:
        await warehouse.append([order_fact("o")])
        paused = asyncio.Event()
        reached = asyncio.Event()

        async def hold(call: Call) -> None:
            if call.path.endswith("/insertAll"):
                reached.set()
                await paused.wait()

        served.before = hold
        given_up = asyncio.ensure_future(warehouse.append([order_fact("o1")]))
        other = asyncio.ensure_future(warehouse.append([order_fact("o2")]))
        await reached.wait()
        given_up.cancel()
        paused.set()
        await other
        with pytest.raises(asyncio.CancelledError):
            await given_up
        assert await count(warehouse) == 3


async def test_tenants_are_written_to_their_own_datasets() -> None:
    async with served_bigquery() as served, served.warehouse() as warehouse:
        await warehouse.append([order_fact("mine"), order_fact("theirs", scope=OTHER_TENANT)])
        paths = sorted(call.path for call in served.sent("POST", "/insertAll"))
    assert paths == [f"/datasets/{scope.schema}/tables/orders/insertAll" for scope in (SCOPE, OTHER_TENANT)]


@pytest.mark.parametrize("reason", ["backendError", "timeout", "quotaExceeded"])
async def test_rows_refused_for_what_passes_are_sent_again(reason: str) -> None:
    async with served_bigquery() as served:
        problems: list[dict[str, Any]] = [{"index": 0, "errors": [{"reason": reason, "message": "later"}]}]
        served.answers = {"/insertAll": [{"insertErrors": problems}, {"insertErrors": problems}]}
        async with served.warehouse() as warehouse:
            await warehouse.append([order_fact()])
            assert await count(warehouse) == 1
        assert len(served.sent("POST", "/insertAll")) == 3


async def test_rows_of_one_append_that_fail_in_one_table_can_be_appended_again() -> None:
    facts = [order_fact(), *credit_facts("o1", [("meta", None, 100)])]
    async with served_bigquery(remembered_seconds=0.0) as served, served.warehouse() as warehouse:
        bad = FactRow(SCOPE, "credits", {**facts[-1].row, "credit_micros": 2**63})
        with pytest.raises(MalformedInput):
            await warehouse.append([*facts[:-1], bad])
        await warehouse.append(facts)
        await warehouse.append(facts)
        assert await warehouse.query(SCOPE, "SELECT SUM(credit_micros) AS n FROM credits_current") == [
            {"n": 100_000_000}
        ]
