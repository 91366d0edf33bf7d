"""One DuckDB schema a tenant, with the tables and views of `pulsepoint.warehouse`, made when first needed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import duckdb
import orjson

from pulsepoint.errors import MalformedInput
from pulsepoint.tenancy import TenantContext
from pulsepoint.warehouse import schema as warehouse
from pulsepoint.warehouse.dialect import to_duckdb

_TYPES = {"STRING": "VARCHAR", "INT64": "BIGINT", "TIMESTAMP": "TIMESTAMPTZ", "DATE": "DATE", "BOOL": "BOOLEAN"}
_PYTHON = {"STRING": (str,), "INT64": (int,), "BOOL": (bool,)}


def schema_of(scope: TenantContext) -> str:
    """The schema a scope's facts are in; the system tenant's are the deployment's own."""
    return warehouse.SHARED_SCHEMA if scope.is_system else scope.schema


@cache
def tables(shared: bool) -> Mapping[str, warehouse.Table]:
    """The tables of the shared schema, or of a tenant's, by name."""
    found = warehouse.shared_tables() if shared else warehouse.tables()
    return {table.name: table for table in found}


@cache
def relations(shared: bool) -> frozenset[str]:
    """The names a question may read."""
    views = () if shared else warehouse.views()
    return frozenset(tables(shared)) | frozenset(view.name for view in views)


@dataclass(frozen=True, slots=True)
class RowShape:
    """How rows of one table are checked and inserted: `insert` into a schema takes a JSON array of rows."""

    table: str
    select: str
    columns: frozenset[str]
    required: tuple[str, ...]
    typed: tuple[tuple[str, type], ...]

    def insert(self, schema: str) -> str:
        """The statement that appends rows to the table of `schema`, leaving out those that are there."""
        return f'INSERT INTO {schema}."{self.table}" {self.select} ON CONFLICT DO NOTHING'

    def check(self, row: Mapping[str, Any]) -> None:
        """Raise `MalformedInput` naming the column of `row` that the table cannot hold exactly."""
        if not row.keys() <= self.columns:
            raise MalformedInput(f"{self.table}: no column {min(row.keys() - self.columns)!r}")
        for name in self.required:
            if row.get(name) is None:
                raise MalformedInput(f"{self.table}.{name}: required")
        for name, kind in self.typed:
            value = row.get(name)
            # Not isinstance: True is no count, and DuckDB would round 1.5 to a whole number without a word.
            if value is not None and type(value) is not kind:
                raise MalformedInput(f"{self.table}.{name}: expected {kind.__name__}, got {type(value).__name__}")


@cache
def row_shape(shared: bool, table: str) -> RowShape:
    """The shape of rows of `table`; raises `MalformedInput` when there is no such table."""
    declared = tables(shared).get(table)
    if declared is None:
        raise MalformedInput(f"no warehouse table {table!r}")
    struct = orjson.dumps([{column.name: _TYPES[column.type] for column in declared.columns}]).decode()
    names = ", ".join(f'"{column.name}"' for column in declared.columns)
    return RowShape(
        table=table,
        select=f"({names}) SELECT unnest(from_json(?, '{struct}'), recursive := true)",
        columns=frozenset(column.name for column in declared.columns),
        required=tuple(column.name for column in declared.columns if column.required),
        typed=tuple((column.name, kind) for column in declared.columns for kind in _PYTHON.get(column.type, ())),
    )


def ensure(connection: duckdb.DuckDBPyConnection, schema: str) -> None:
    """Make the schema's tables and views as they are declared now; new columns are added to old tables.

    Runs inside the caller's transaction. Raises `duckdb.Error`.
    """
    declared = warehouse.fingerprint()
    connection.execute("CREATE TABLE IF NOT EXISTS main.made_schemas (name VARCHAR PRIMARY KEY, declared VARCHAR)")
    made_as = connection.execute("SELECT declared FROM main.made_schemas WHERE name = ?", [schema]).fetchone()
    if made_as == (declared,):
        return
    shared = schema == warehouse.SHARED_SCHEMA
    connection.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
    for table in tables(shared).values():
        connection.execute(_create_table(schema, table))
        _add_columns(connection, schema, table)
    if not shared:
        for view in warehouse.views():
            select = to_duckdb(view.select, relations(shared)).within(schema)
            connection.execute(f'CREATE OR REPLACE VIEW {schema}."{view.name}" AS {select}')
    connection.execute("INSERT OR REPLACE INTO main.made_schemas VALUES (?, ?)", [schema, declared])


def _create_table(schema: str, table: warehouse.Table) -> str:
    columns = ", ".join(
        f'"{column.name}" {_TYPES[column.type]}{" NOT NULL" if column.required else ""}' for column in table.columns
    )
    return f'CREATE TABLE IF NOT EXISTS {schema}."{table.name}" ({columns}, PRIMARY KEY (fact_id))'


def _add_columns(connection: duckdb.DuckDBPyConnection, schema: str, table: warehouse.Table) -> None:
    there = connection.execute(
        "SELECT column_name FROM duckdb_columns() WHERE schema_name = ? AND table_name = ?"
        " AND database_name = current_database()",
        [schema, table.name],
    ).fetchall()
    missing = {column.name for column in table.columns} - {name for (name,) in there}
    for column in table.columns:
        if column.name in missing:
            connection.execute(f'ALTER TABLE {schema}."{table.name}" ADD COLUMN "{column.name}" {_TYPES[column.type]}')
