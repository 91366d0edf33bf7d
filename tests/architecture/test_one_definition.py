"""A number has one definition: only the metric catalog sums, but for verification, which sums on its own."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlglot
from sqlglot import exp

from gateway.verification.queries import QUERIES
from pulsepoint.brand.vocabulary import Platform, StockState
from pulsepoint.brand.words import sql_list
from pulsepoint.metrics.named_queries import named_queries
from pulsepoint.warehouse import schema
from pulsepoint.warehouse.macros import expand
from tests.architecture.sources import ROOT, sources

CATALOG = "shared/pulsepoint/metrics/"
VERIFICATION = "services/gateway/gateway/verification/"
TABLES = frozenset(table.name for table in schema.tables())
VIEWS = frozenset(view.name for view in schema.views())
AGGREGATE = re.compile(r"\b(?:SUM|COUNT|COUNTIF|COUNT_IF|AVG)\s*\(", re.IGNORECASE)
READS = re.compile(rf"\b(?:FROM|JOIN)\s+(?:{'|'.join(sorted(TABLES | VIEWS))})\b", re.IGNORECASE)
OF_FILES = {"shared/file_import/shopify_rows.py"}
"""Its `orders` are the rows of an uploaded file, of which it counts spellings of dates and taxes, no money."""
SHOWN = "shown"
"""The CTE of a check that reads the view it is about."""


def sums(tree: exp.Expr) -> list[str]:
    """The sums and counts in a statement."""
    return [node.sql() for node in tree.find_all(exp.Sum, exp.Count, exp.CountIf, exp.Avg)]


def texts(tree: ast.AST) -> Iterator[str]:
    """Every string in some code; what is filled into one is left out."""
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(part.value) for part in node.values if isinstance(part, ast.Constant))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def sums_of_the_warehouse(text: str) -> bool:
    """True for SQL that sums or counts rows of a table or view of the warehouse."""
    return bool(AGGREGATE.search(text) and READS.search(text))


def test_no_named_query_sums() -> None:
    for name, query in named_queries().items():
        assert not sums(sqlglot.parse_one(query.sql, read="bigquery")), name


def test_no_sql_file_outside_the_catalog_and_verification_sums() -> None:
    files = [
        path
        for folder in ("shared", "services", "deploy")
        for path in (ROOT / folder).rglob("*.sql")
        if "node_modules" not in path.parts
    ]
    checked = 0
    for path in files:
        name = path.relative_to(ROOT).as_posix()
        if not name.startswith((CATALOG, VERIFICATION)) and "postgres" not in name:
            assert not AGGREGATE.search(path.read_text(encoding="utf-8")), name
            checked += 1
    assert checked >= 3


def test_no_code_outside_the_catalog_and_verification_sums_the_warehouse() -> None:
    summing = {
        source.path
        for source in sources("shared", "services", "deploy")
        if not source.path.startswith((CATALOG, VERIFICATION)) and any(map(sums_of_the_warehouse, texts(source.tree)))
    }
    assert summing == OF_FILES


@pytest.mark.parametrize(
    "planted",
    [
        'rows = query("SELECT SUM(net_micros) AS n FROM sales_entries")',
        'rows = query(f"SELECT COUNT(*) AS n FROM orders_current WHERE brand_id = {brand}")',
        'SQL = """SELECT channel, countif(paid)\n  FROM x JOIN credits ON TRUE"""',
    ],
)
def test_a_planted_sum_is_found(planted: str) -> None:
    assert any(map(sums_of_the_warehouse, texts(ast.parse(planted))))


def imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            yield node.module or ""
        elif isinstance(node, ast.Import):
            yield from (each.name for each in node.names)


def test_verification_does_not_use_the_catalog() -> None:
    own = sources("services/gateway/gateway/verification")
    assert len(own) >= 3
    for source in own:
        assert not [name for name in imported(source.tree) if name.startswith("pulsepoint.metrics")], source.path
        assert not any("pulsepoint.metrics" in text for text in texts(source.tree)), source.path


def views_behind(select: exp.Expr, ctes: dict[str, exp.Expr], seen: frozenset[str] = frozenset()) -> set[str]:
    """The views that a SELECT reads, through the WITH of its statement too."""
    behind = set()
    for table in select.find_all(exp.Table):
        name = table.name
        if name in ctes and name not in seen:
            behind |= views_behind(ctes[name], ctes, seen | {name}) if name != SHOWN else set()
        elif name in VIEWS:
            behind.add(name)
    return behind


def views_summed(sql: str) -> set[str]:
    """The views whose rows a check sums, but where it looks at the view it is about."""
    tree: Any = sqlglot.parse_one(sql, read="bigquery")
    ctes = {cte.alias: cte.this for cte in tree.find_all(exp.CTE)}
    summed = set()
    for name, body in {**ctes, "": tree}.items():
        if name == SHOWN:
            continue
        outer = body.copy()
        outer.set("with_", None)
        outer.set("with", None)
        if sums(outer):
            summed |= views_behind(outer, ctes)
    return summed


@pytest.mark.parametrize("name", sorted(QUERIES.by_name))
def test_verification_sums_base_rows_alone(name: str) -> None:
    assert views_summed(QUERIES.get(name).sql) == set()


@pytest.mark.parametrize(
    ("sql", "views"),
    [
        ("SELECT SUM(net_micros) AS n FROM sales_entries", {"sales_entries"}),
        (
            "WITH sold AS (SELECT net_micros FROM sales_entries) SELECT SUM(net_micros) AS n FROM sold",
            {"sales_entries"},
        ),
        ("WITH a AS (SELECT COUNT(*) AS n FROM credits_current) SELECT n FROM a", {"credits_current"}),
        ("WITH shown AS (SELECT SUM(net_micros) AS n FROM sales_entries) SELECT n FROM shown", set()),
        ("SELECT SUM(gross_micros) AS n FROM orders", set()),
    ],
)
def test_a_sum_over_a_view_is_found(sql: str, views: set[str]) -> None:
    assert views_summed(sql) == views


def sql_files(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.sql"))


@pytest.mark.parametrize(
    "decided",
    ["@cancelled_orders", sql_list(Platform), *(f"'{state}'" for state in StockState if state.runs_out), r"[\s\p{P}"],
)
def test_what_the_vocabulary_decides_is_in_no_sql_file(decided: str) -> None:
    """The policy for cancelled orders, the platforms, the stock states and the key of a campaign come as macros."""
    for path in [*sql_files(CATALOG), *sql_files(VERIFICATION), *sql_files("shared/pulsepoint/warehouse/sql")]:
        assert decided not in path.read_text(encoding="utf-8"), path


def test_macros_are_written_out_and_unknown_ones_are_refused() -> None:
    assert expand("kind = '{{sale}}' AND {{ own }}", {"own": "x = 1"}) == "kind = 'sale' AND x = 1"
    assert expand("{{twice(a, b)}}", {"twice": lambda first, second: f"{first}+{second}"}) == "a+b"
    for wrong in ("{{nothing}}", "{{sale(x)}}", "{{stock_rank}}"):
        with pytest.raises(ValueError, match="no SQL macro"):
            expand(wrong)
