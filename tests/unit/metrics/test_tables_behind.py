"""The tables behind a statement, read off its words, are those of its syntax tree."""

from __future__ import annotations

import pytest
from sqlglot import exp

from pulsepoint.brand.vocabulary import DateBasis
from pulsepoint.metrics.sources import SOURCES
from pulsepoint.warehouse import dialect, schema
from pulsepoint.warehouse.as_of import select_as_of, tables_behind

TABLES = frozenset(table.name for table in schema.tables())


def by_syntax_tree(sql: str) -> frozenset[str]:
    tree = dialect.parse(select_as_of(sql), TABLES)
    return frozenset(table.name for table in tree.find_all(exp.Table) if table.name in TABLES)


@pytest.mark.slow
@pytest.mark.parametrize("view", schema.views(), ids=lambda view: view.name)
def test_tables_behind_every_view_are_those_of_its_syntax_tree(view: schema.View) -> None:
    assert tables_behind(view.select) == by_syntax_tree(view.select) != frozenset()


@pytest.mark.slow
@pytest.mark.parametrize("source", SOURCES)
def test_tables_behind_every_source_are_those_of_its_syntax_tree(source: str) -> None:
    read = {SOURCES[source].rows_with(frozenset(), basis) for basis in DateBasis}
    for rows in read | {SOURCES[source].detail_rows(basis) for basis in DateBasis}:
        sql = f"SELECT brand_id FROM {rows} AS behind"
        assert tables_behind(sql) == by_syntax_tree(sql) != frozenset()


def test_a_table_in_a_nested_select_is_found() -> None:
    nested = "SELECT 1 FROM (SELECT 1\n from  orders AS o) AS x LEFT JOIN refunds ON TRUE"
    assert tables_behind(nested) == {"orders", "refunds"}
