"""Every table, view and query stays within the constructs that mean the same on both engines."""

from __future__ import annotations

import ast
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from pulsepoint.adapters.duckdb.warehouse import DuckDBWarehouse, open_duckdb
from pulsepoint.errors import PermanentError
from pulsepoint.metrics.named_queries import run_named_query
from pulsepoint.tenancy import SYSTEM
from pulsepoint.warehouse import dialect, schema
from pulsepoint.warehouse.named_queries import UnknownNamedQuery, read_named_queries
from pulsepoint.warehouse.rows import relations
from tests.builders.queries import every_query
from tests.builders.warehouse import SCOPE

pytestmark = pytest.mark.slow

SHARED = Path(__file__).parents[3] / "shared"
TENANT = relations(shared=False)
HEAD = ["fact_id", "brand_id", "entity", "version", "digest", "recorded_at"]


@pytest.fixture
async def warehouse() -> AsyncIterator[DuckDBWarehouse]:
    async with open_duckdb() as opened:
        yield opened


@pytest.mark.parametrize("table", [*schema.tables(), *schema.shared_tables()], ids=lambda table: table.name)
def test_every_table_starts_with_the_same_six_columns_of_known_types(table: schema.Table) -> None:
    assert [column.name for column in table.columns[:6]] == HEAD
    assert all(column.required for column in table.columns[:6])
    assert {column.type for column in table.columns} <= {"STRING", "INT64", "TIMESTAMP", "DATE", "BOOL"}
    assert all(column.type == "INT64" for column in table.columns if column.name.endswith("_micros"))


@pytest.mark.parametrize("view", schema.views(), ids=lambda view: view.name)
def test_every_view_uses_only_what_is_allowed(view: schema.View) -> None:
    dialect.parse(view.select, TENANT)


@pytest.mark.parametrize("view", schema.views(), ids=lambda view: view.name)
def test_every_view_reads_only_views_made_before_it(view: schema.View) -> None:
    names = [each.name for each in schema.views()]
    before = frozenset(names[: names.index(view.name)]) | {table.name for table in schema.tables()}
    dialect.parse(view.select, frozenset(before))


@pytest.mark.parametrize("name", sorted(every_query()))
async def test_every_query_is_allowed_and_runs_on_an_empty_warehouse(warehouse: DuckDBWarehouse, name: str) -> None:
    query = every_query()[name]
    scope = SYSTEM if "observability_events" in query.sql else SCOPE
    tree = dialect.parse(query.sql, relations(scope.is_system))
    used = dialect.parameters_of(tree)
    assert query.parameters == used - {"brand_id"}
    assert "brand_id" in used, f"{query.file}: {name} does not filter by @brand_id"
    await warehouse.query(scope, query.sql, dict.fromkeys(query.parameters))


@pytest.mark.parametrize(
    ("sql", "construct"),
    [
        ("SELECT n, place FROM UNNEST(GENERATE_DATE_ARRAY(@a, @b)) AS n WITH OFFSET AS place", "WITH OFFSET"),
        ("SELECT EXTRACT(DAYOFWEEK FROM day) AS d FROM ad_performance", "Extract"),
        ("SELECT TIMESTAMP_DIFF(recorded_at, issued_at, DAY) AS d FROM refunds", "TimestampDiff"),
        ("SELECT CAST(version AS NUMERIC) AS v FROM orders", "NUMERIC"),
        ("SELECT CAST(version AS FLOAT64) AS v FROM orders", "FLOAT64"),
        ("SELECT PERCENTILE_CONT(version, 0.5) OVER () AS p FROM orders", "PercentileCont"),
        ("SELECT version / 3 AS v FROM orders", "Div"),
        ("SELECT AVG(version) AS v FROM orders", "Avg"),
        ("SELECT ARRAY_AGG(order_id LIMIT 2) AS v FROM orders", "ArrayAgg"),
        ("SELECT SAFE_CAST(name AS INT64) AS v FROM orders", "TryCast"),
        ("SELECT SAFE.SUBSTR(name, 1) AS v FROM orders", "Safe"),
        ("SELECT DATE_TRUNC(day, ISOWEEK) AS w FROM ad_performance", "DateTrunc"),
        ("SELECT DATE_TRUNC(day, WEEK) AS w FROM ad_performance", "DateTrunc"),
        ("SELECT DATE(recorded_at) AS d FROM orders", "Date"),
        ("SELECT DATE_DIFF(day, day, MONTH) AS d FROM ad_performance", "DateDiff"),
        ("SELECT FORMAT_TIMESTAMP('%Y', recorded_at) AS d FROM orders", "TimeToStr"),
        ("SELECT FORMAT_DATE('%G-%V', day) AS d FROM ad_performance", "TimeToStr"),
        ("SELECT FARM_FINGERPRINT(name) AS f FROM orders", "FarmFingerprint"),
        ("SELECT CURRENT_TIMESTAMP() AS t FROM orders", "CurrentTimestamp"),
        ("SELECT * EXCEPT (name) FROM orders", "Star"),
        ("SELECT * FROM orders FOR SYSTEM_TIME AS OF @t", "Version"),
        ("SELECT * FROM other.orders", "without a dataset"),
        ("SELECT * FROM nowhere", "no such table"),
        ("SELECT read_text('x') AS t FROM orders", "Anonymous"),
        ("WITH orders AS (SELECT 1 AS x) SELECT * FROM orders", "hides"),
        ("SELECT 1 AS x; SELECT 2 AS x", "exactly one"),
        ("DELETE FROM orders WHERE TRUE", "exactly one"),
        ("SELECT FROM WHERE", "parsed"),
    ],
)
def test_a_construct_that_is_not_allowed_is_named(sql: str, construct: str) -> None:
    with pytest.raises(dialect.UnsupportedSQL, match=rf"(?i){construct}"):
        dialect.to_duckdb(sql, TENANT)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("CAST(DATE_SUB(CAST('2024-03-01' AS DATE), INTERVAL 1 DAY) AS STRING)", "2024-02-29"),
        ("CAST(DATE_ADD(CAST('2024-01-31' AS DATE), INTERVAL 1 MONTH) AS STRING)", "2024-02-29"),
        ("CAST(DATE_TRUNC(CAST('2024-02-29' AS DATE), MONTH) AS STRING)", "2024-02-01"),
        ("DATE_DIFF(CAST('2024-03-01' AS DATE), CAST('2024-02-28' AS DATE), DAY)", 2),
        ("UNIX_MICROS(TIMESTAMP(CAST('2024-07-01' AS DATE), 'Europe/London'))", 1719788400000000),
        ("CAST(DATE(CAST('2024-06-30T23:30:00Z' AS TIMESTAMP), 'Europe/London') AS STRING)", "2024-07-01"),
        (
            "CAST(DATE_TRUNC(DATE(CAST('2024-06-30T23:30:00Z' AS TIMESTAMP), 'Europe/London'), MONTH) AS STRING)",
            "2024-07-01",
        ),
        ("DIV(-7, 2)", -3),
        ("MOD(-7, 2)", -1),
        ("REGEXP_REPLACE(LOWER(TRIM(' Spring_Sale  -2024 ')), r'[ _+-]+', '-')", "spring-sale-2024"),
        ("GREATEST(1, CAST(NULL AS INT64))", None),
        ("CONCAT('a', CAST(NULL AS STRING))", None),
        ("FORMAT_DATE('%Y-%m', CAST('2024-02-29' AS DATE))", "2024-02"),
        ("SUBSTR('abc', 2, 1)", "b"),
    ],
)
async def test_an_allowed_construct_means_what_bigquery_says(
    warehouse: DuckDBWarehouse, expression: str, expected: object
) -> None:
    """Expected values: https://cloud.google.com/bigquery/docs/reference/standard-sql/functions-all"""
    assert await warehouse.query(SCOPE, f"SELECT {expression} AS answer") == [{"answer": expected}]


def test_a_ranking_by_fact_id_is_left_out_only_where_a_key_does_its_work() -> None:
    sql = "SELECT * FROM credits QUALIFY ROW_NUMBER() OVER (PARTITION BY fact_id ORDER BY recorded_at) = 1"
    kept = "SELECT * FROM orders QUALIFY ROW_NUMBER() OVER (PARTITION BY entity ORDER BY version DESC) = 1"
    assert "QUALIFY" not in dialect.to_duckdb(sql, TENANT).sql
    assert "QUALIFY" in dialect.to_duckdb(sql, TENANT, unique_facts=False).sql
    assert "QUALIFY" in dialect.to_duckdb(kept, TENANT).sql


async def test_an_unknown_query_and_wrong_parameters_are_named(warehouse: DuckDBWarehouse) -> None:
    with pytest.raises(UnknownNamedQuery, match="'no_such_query'"):
        await run_named_query(warehouse, SCOPE, "no_such_query")
    with pytest.raises(UnknownNamedQuery, match=r"lacks @model.*takes no @models"):
        await run_named_query(warehouse, SCOPE, "newest_orders", models="x", limit=1)
    with pytest.raises(PermanentError):
        await run_named_query(warehouse, SCOPE, "dashboard_advice", brand_id="another")


def test_a_query_without_a_comment_or_select_is_refused_with_its_file() -> None:
    for text in (
        "-- name: bare\nSELECT 1",
        "-- name: empty\n-- says nothing",
        "-- name: Not-Snake\n-- words\nSELECT 1",
    ):
        with pytest.raises(ValueError, match=r"family\.sql: query"):
            list(read_named_queries(text, "family.sql"))


def test_parameters_in_comments_and_text_are_none() -> None:
    (query,) = read_named_queries("-- name: one\n-- says\nSELECT 'a@b.c' AS x, @real AS y -- not @this\n;", "f.sql")
    assert (query.parameters, query.description) == (frozenset({"real"}), "says")


def test_only_metrics_asks_the_warehouse_directly() -> None:
    """An adapter that hands queries on to another asks none of its own."""
    asking = set()
    for file in [*SHARED.rglob("*.py"), *(SHARED.parent / "services").rglob("*.py")]:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and node.attr == "query":
                owner = ast.unparse(node.value)
                if "warehouse" in owner:
                    asking.add(file.relative_to(SHARED.parent).as_posix())
    assert {name for name in asking if not name.startswith("shared/pulsepoint/metrics/")} == {
        "shared/pulsepoint/adapters/cached_warehouse.py",
        "shared/pulsepoint/adapters/duckdb/healing.py",
        "shared/pulsepoint/adapters/single_flight_warehouse.py",
        "shared/pulsepoint/warehouse/named_queries.py",
    }
