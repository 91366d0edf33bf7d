"""Every SELECT sent to BigQuery: built from `pulsepoint.warehouse`, then checked against its allow-list as sent.

A table of facts may hold a row twice: `insertId` keeps repeats out for about a minute only, and at best effort
(https://cloud.google.com/bigquery/docs/streaming-data-into-bigquery#dataconsistency). Views rank their rows, so
they show each fact once; a question that names a table itself reads it through a ranking by fact id. `appended_at`,
when a row was sent, partitions the tables and is no column that questions see.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from pulsepoint.errors import MalformedInput
from pulsepoint.values import QueryValue
from pulsepoint.warehouse import dialect, schema
from pulsepoint.warehouse.rows import relations, tables_by_name
from pulsepoint.warehouse.syntax import tree_of

if TYPE_CHECKING:
    from sqlglot import exp

APPENDED_AT = "appended_at"


@dataclass(frozen=True, slots=True)
class Statement:
    """One checked SELECT and the names of its parameters; tables are those of the job's default dataset."""

    sql: str
    parameters: frozenset[str]

    def bound(self, given: Mapping[str, QueryValue]) -> dict[str, QueryValue]:
        """Its parameters' values among those given; raises `MalformedInput` naming one that is not."""
        absent = self.parameters - given.keys()
        if absent:
            raise MalformedInput(f"parameter @{min(absent)} is not given")
        return {name: given[name] for name in sorted(self.parameters)}


@lru_cache(maxsize=512)
def statement(sql: str, shared: bool) -> Statement:
    """A question as it is sent; raises `UnsupportedSQL` naming what is not allowed."""
    relation_names = relations(shared)

    def once(table: str) -> str:
        return (
            f"SELECT {_columns(table, shared)} FROM {table}"
            " QUALIFY ROW_NUMBER() OVER (PARTITION BY fact_id ORDER BY recorded_at) = 1"
        )

    tree = _reading(dialect.parse(sql, relation_names), once, shared)
    return Statement(_checked(tree, relation_names), dialect.parameters_of(tree))


@dataclass(frozen=True, slots=True)
class Kept:
    """A `…_current` view whose rows can be kept in a table: `head` is the view its snapshots follow, if any."""

    view: schema.View
    table: str
    head: str | None

    def name(self, timestamp: datetime) -> str:
        """The table of the rows that were current at a moment, to the second."""
        return f"{self.view.name}{KEPT}{timestamp.astimezone(UTC):%Y%m%d%H%M%S}"

    def rows(self) -> str:
        """The SELECT of the rows to keep, over the whole history.

        Rows of a snapshot whose head is not there yet, or not yet current, are kept too: heads and their parts are
        appended by separate requests.
        """
        if self.head is None:
            return _over_history(self.view.select)
        return _over_history(
            f"SELECT part.* FROM {self.table} AS part LEFT JOIN {self.head} AS head"
            " ON part.brand_id = head.brand_id AND part.entity = head.entity"
            " WHERE head.entity IS NULL OR part.version > head.version"
            " OR (part.version = head.version AND COALESCE(part.precedence, 0) > COALESCE(head.precedence, 0))"
            " OR (part.version = head.version AND COALESCE(part.precedence, 0) = COALESCE(head.precedence, 0)"
            " AND part.digest >= head.digest)"
            " QUALIFY ROW_NUMBER() OVER (PARTITION BY part.fact_id ORDER BY part.recorded_at) = 1"
        )


KEPT = "_kept_"


@cache
def kept_views() -> tuple[Kept, ...]:
    """The views that can be kept."""
    selects = {view.name: view for view in schema.views()}
    return tuple(
        Kept(selects[name], current.table, None if current.head == current.table else f"{current.head}_current")
        for name, current in schema.current_views().items()
    )


def _over_history(select: str) -> str:
    """A SELECT whose tables are read as they are, every row ever appended."""
    relation_names = relations(False)
    tree = _reading(
        dialect.parse(select, relation_names), lambda table: f"SELECT {_columns(table, False)} FROM {table}", False
    )
    return _checked(tree, relation_names)


def view_query(view: schema.View, project: str, dataset: str) -> str:
    """The query of a view over the whole history; a view's tables must be named with their dataset."""
    return _view_template(view, project).replace(dialect.DATASET, dataset)


@lru_cache(maxsize=64)
def _view_template(view: schema.View, project: str) -> str:
    return _qualified(_over_history(view.select), project, dialect.DATASET, relations(False))


def kept_view_query(kept: Kept, project: str, dataset: str, stored: str, since: datetime) -> str:
    """The query of a view over its kept rows (table `stored`) and all rows appended since a moment.

    The moment is a literal: a partition is only left unread for a constant.
    https://cloud.google.com/bigquery/docs/querying-partitioned-tables
    """
    columns = _columns(kept.table, False)
    since_text = since.astimezone(UTC).isoformat(sep=" ")
    source = (
        f"SELECT {columns} FROM {stored} UNION ALL"
        f" SELECT {columns} FROM {kept.table} WHERE {APPENDED_AT} >= TIMESTAMP '{since_text}'"
    )
    relation_names = relations(False)
    tree = _reading(dialect.parse(kept.view.select, relation_names), lambda _: source, False)
    relation_names |= {stored}
    return _qualified(_checked(tree, relation_names), project, dataset, relation_names)


@lru_cache(maxsize=256)
def _columns(table: str, shared: bool) -> str:
    return ", ".join(column.name for column in tables_by_name(shared)[table].columns)


def _reading(tree: exp.Expr, source: Callable[[str], str], shared: bool) -> exp.Expr:
    """The tree with each table of facts replaced by the SELECT `source` gives for it."""
    from sqlglot import exp

    tables = tables_by_name(shared)

    def replace(node: exp.Expr) -> exp.Expr:
        if not isinstance(node, exp.Table) or node.name not in tables:
            return node
        alias = exp.TableAlias(this=exp.to_identifier(node.alias or node.name))
        return exp.Subquery(this=tree_of(source(node.name)), alias=alias)

    replaced: exp.Expr = tree.transform(replace)
    return replaced


def _checked(tree: exp.Expr, relation_names: frozenset[str]) -> str:
    """The text of a tree, after the text itself has passed the allow-list."""
    sql = dialect.to_bigquery(tree)
    dialect.parse(sql, relation_names)
    return sql


def _qualified(sql: str, project: str, dataset: str, relation_names: frozenset[str]) -> str:
    from sqlglot import exp

    tree = dialect.parse(sql, relation_names)
    for table in tree.find_all(exp.Table):
        if table.name in relation_names:
            if not table.alias:
                table.set("alias", exp.TableAlias(this=exp.to_identifier(table.name)))
            table.set("db", exp.to_identifier(dataset, quoted=True))
            table.set("catalog", exp.to_identifier(project, quoted=True))
    return dialect.to_bigquery(tree)
