"""The tables and views of the warehouse, BigQuery dialect, the one source for every engine.

Tables and what is current of them stand in `sql/*.sql`; the views that metrics sum in `metrics/views.sql`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files

from pulsepoint.warehouse.macros import expand
from pulsepoint.warehouse.syntax import statements_of, tree_of

SHARED_SCHEMA = "pulsepoint_shared"
"""DuckDB's schema of the deployment's own facts, those of the system tenant; homes of before have it by this name."""

_SQL = files(__package__) / "sql"
_VIEWS = (_SQL / "views.sql", files("pulsepoint.metrics") / "views.sql")


@dataclass(frozen=True, slots=True)
class Column:
    """One column; `type` is BigQuery's name of it (STRING, INT64, TIMESTAMP, DATE, BOOL)."""

    name: str
    type: str
    required: bool


@dataclass(frozen=True, slots=True)
class Table:
    """A table facts are appended to."""

    name: str
    columns: tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class View:
    """A view over tables and earlier views; `select` is its query in BigQuery's dialect."""

    name: str
    select: str


def _table_text(name: str) -> str:
    return (_SQL / name).read_text(encoding="utf-8")


@cache
def _views_text() -> str:
    return "\n".join(expand(file.read_text(encoding="utf-8")) for file in _VIEWS)


@cache
def fingerprint() -> str:
    """Changes whenever a table or view is declared differently."""
    texts = (_table_text("tables.sql"), _table_text("shared_tables.sql"), _views_text())
    return sha256("\n".join(texts).encode()).hexdigest()


@cache
def tables() -> tuple[Table, ...]:
    """Every table of a tenant."""
    return tuple(_read_tables(_table_text("tables.sql")))


@cache
def shared_tables() -> tuple[Table, ...]:
    """Every table of the shared dataset."""
    return tuple(_read_tables(_table_text("shared_tables.sql")))


@cache
def views() -> tuple[View, ...]:
    """Every view of a tenant, in an order in which each stands after those it reads."""
    from sqlglot import exp

    declared = []
    for statement in statements_of(_views_text()):
        if not isinstance(statement, exp.Create) or statement.kind != "VIEW":
            raise ValueError(f"views: expected only CREATE VIEW, found {statement}")
        declared.append(View(statement.this.name, statement.expression.sql("bigquery")))
    return tuple(declared)


@dataclass(frozen=True, slots=True)
class Current:
    """A view of what is current: the rows of `table` that belong to the newest snapshot of each entity of `head`.

    A table is its own head where each snapshot is a row of it, or some rows of one version and digest.
    """

    table: str
    head: str


_HEAD = """SELECT * FROM {table}
QUALIFY ROW_NUMBER() OVER (
  PARTITION BY brand_id, entity ORDER BY version DESC, COALESCE(precedence, 0) DESC, digest DESC) = 1"""
_SET = """SELECT * FROM {table}
QUALIFY RANK() OVER (
  PARTITION BY brand_id, entity ORDER BY version DESC, COALESCE(precedence, 0) DESC, digest DESC) = 1
  AND ROW_NUMBER() OVER (PARTITION BY fact_id ORDER BY recorded_at) = 1"""
_PART = """SELECT part.* FROM {table} AS part
JOIN {head}_current AS head
  ON part.brand_id = head.brand_id AND part.entity = head.entity
  AND part.version = head.version AND part.digest = head.digest
  AND COALESCE(part.precedence, 0) = COALESCE(head.precedence, 0)
QUALIFY ROW_NUMBER() OVER (PARTITION BY part.fact_id ORDER BY part.recorded_at) = 1"""

_TABLE, _OF_HEAD = "the_table", "the_head"
"""Names that no table has."""


@cache
def current_views() -> Mapping[str, Current]:
    """The views that show what is current, by name, for engines that keep account of it while rows are appended."""
    declared = {view.name: view.select for view in views()}
    # Parsed once and filled in afterwards: there are many pairs of a table and a head.
    own_selects = [_normal(select.format(table=_TABLE)) for select in (_HEAD, _SET)]
    part_select = _normal(_PART.format(table=_TABLE, head=_OF_HEAD))
    names = [table.name for table in tables()]
    heads = [
        name
        for name in names
        if declared.get(f"{name}_current") in [select.replace(_TABLE, name) for select in own_selects]
    ]
    parts = {
        name: head
        for name in names
        for head in heads
        if declared.get(f"{name}_current") == part_select.replace(_TABLE, name).replace(_OF_HEAD, head)
    }
    return {
        f"{name}_current": Current(name, head) for name, head in {**{name: name for name in heads}, **parts}.items()
    }


def _normal(select: str) -> str:
    return tree_of(select).sql("bigquery")


def _read_tables(text: str) -> Iterable[Table]:
    from sqlglot import exp

    for statement in statements_of(text):
        if not isinstance(statement, exp.Create) or statement.kind != "TABLE":
            raise ValueError(f"expected only CREATE TABLE, found {statement}")
        columns = tuple(
            Column(
                definition.name,
                definition.kind.sql("bigquery") if definition.kind else "",
                any(isinstance(constraint.kind, exp.NotNullColumnConstraint) for constraint in definition.constraints),
            )
            for definition in statement.find_all(exp.ColumnDef)
        )
        yield Table(statement.this.this.name, columns)
