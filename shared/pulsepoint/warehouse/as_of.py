"""The knowledge of a past moment: a query over views, said over their tables as they stood then."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from pulsepoint.warehouse import dialect, schema
from pulsepoint.warehouse.syntax import tree_of

if TYPE_CHECKING:
    from sqlglot import exp

_READ = re.compile(r"\b(?:FROM|JOIN)\s+(\w+)", re.IGNORECASE)


@lru_cache(maxsize=512)
def select_as_of(sql: str) -> str:
    """The SELECT with every table cut to rows recorded at or before `@as_of`, in BigQuery's dialect.

    Views take no parameters, so each is written out in place. A row that was recorded before `@as_of` but
    appended after it (a crash between commit and append) is counted once it is there.
    """
    names = frozenset(table.name for table in schema.tables()) | frozenset(_selects())
    return dialect.to_bigquery(_written_out(dialect.parse(sql, names)))


@lru_cache(maxsize=512)
def tables_behind(sql: str) -> frozenset[str]:
    """The tables a SELECT reads, through views too.

    Read off the words after FROM and JOIN, which a test compares with the syntax trees: making the trees of all views
    costs a second of CPU.
    """
    read, selects = frozenset(_READ.findall(sql)), _selects()
    tables = read & {table.name for table in schema.tables()}
    return tables.union(*(tables_behind(selects[name]) for name in read & selects.keys()))


@cache
def _selects() -> dict[str, str]:
    return {view.name: view.select for view in schema.views()}


def _written_out(tree: exp.Expr) -> exp.Expr:
    from sqlglot import exp

    selects, tables = _selects(), {table.name for table in schema.tables()}

    def replace(node: exp.Expr) -> exp.Expr:
        if not isinstance(node, exp.Table):
            return node
        if node.name in selects:
            inner = _written_out(tree_of(selects[node.name]))
        elif node.name in tables:
            inner = tree_of(f"SELECT * FROM {node.name} WHERE recorded_at <= @as_of")
        else:
            return node
        return exp.Subquery(this=inner, alias=exp.TableAlias(this=exp.to_identifier(node.alias or node.name)))

    written: exp.Expr = tree.transform(replace)
    return written
