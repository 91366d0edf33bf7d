"""One DuckDB schema a tenant, with the tables and views of `pulsepoint.warehouse`, made when first needed.

A table `orders` is kept as `orders_keyed`, which has two columns more. `fact_key`, the 128-bit MD5 of the fact id, is
its primary key: keyed by the id's text, appending 1,000 rows to 2 million takes 100 ms instead of 15 and the index
takes twice the space. `snapshot` is the MD5 of brand, entity, version, digest and precedence. `orders` itself is a
view without.

`orders_newest` says which snapshot of each order is the newest; whoever appends keeps it so. The views of what is
current read it instead of ranking the whole history: over 100,000 orders a sum takes a tenth of the time.
`views.sql` says what they must show, and `pulsepoint verify` compares.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import duckdb
import orjson

from pulsepoint.tenancy import TenantContext
from pulsepoint.warehouse import schema as warehouse
from pulsepoint.warehouse.dialect import to_duckdb
from pulsepoint.warehouse.rows import relations, tables_by_name

LAYOUT = 4
"""Counts how often the tables behind the declared ones were laid out, or their views said, differently."""
# A precedence of 0 is none, as in rows of earlier releases: the views take both for the same.
_SNAPSHOT = "md5_number(concat_ws('|', brand_id, entity, version, digest, nullif(precedence, 0)))"
_ENTITY = "md5_number(concat_ws('|', brand_id, entity))"
HEADER_BYTES = 3 * 4096
_HEADS = '[{"brand_id":"VARCHAR","entity":"VARCHAR","version":"BIGINT","digest":"VARCHAR","precedence":"BIGINT"}]'
_RECORDINGS = '[{"fact_id":"VARCHAR","recorded_at":"TIMESTAMPTZ"}]'
_TYPES = {"STRING": "VARCHAR", "INT64": "BIGINT", "TIMESTAMP": "TIMESTAMPTZ", "DATE": "DATE", "BOOL": "BOOLEAN"}


def schema_of(scope: TenantContext) -> str:
    """The schema a scope's facts are in; the system tenant's are the deployment's own."""
    return warehouse.SHARED_SCHEMA if scope.is_system else scope.schema


@dataclass(frozen=True, slots=True)
class RowShape:
    """The inserts of one table: each of `inserts` into a schema takes a JSON array of rows."""

    table: str
    head: bool
    select: str

    def inserts(self, schema: str, *, skip_existing: bool) -> list[str]:
        """The statements that append rows to the table of `schema`; on rows that are there they fail or skip them."""
        conflict_clause = " ON CONFLICT DO NOTHING" if skip_existing else ""
        append = f'INSERT INTO {schema}."{self.table}_keyed" {self.select}{conflict_clause}'
        if not self.head:
            return [append]
        rows = f"(SELECT unnest(from_json(?, '{_HEADS}'), recursive := true))"
        return [append, _note_newest(schema, self.table, rows)]

    def repeated(self, schema: str) -> str:
        """The query for the rows of a JSON array that are there as recorded at another moment: fact id and moment."""
        return f"""
        SELECT given.fact_id, given.recorded_at
        FROM (SELECT unnest(from_json(?, '{_RECORDINGS}'), recursive := true)) AS given
        JOIN {schema}."{self.table}_keyed" AS kept ON kept.fact_key = md5_number(given.fact_id)
        WHERE kept.recorded_at <> given.recorded_at
        """


@cache
def row_shape(shared: bool, table: str) -> RowShape:
    """The shape of rows of `table`, which is there."""
    return RowShape(table, not shared and table in _heads(), _keyed(shared, table, rows_of_json(shared, table)))


def rows_of_json(shared: bool, table: str) -> str:
    """The query for the rows of a JSON array, with the columns of `table` as they are declared now."""
    columns = tables_by_name(shared)[table].columns
    struct = orjson.dumps([{column.name: _TYPES[column.type] for column in columns}]).decode()
    return f"SELECT unnest(from_json(?, '{struct}'), recursive := true)"


def rows_of_lines(shared: bool, table: str, file: Path) -> str:
    """The query for the rows of a file with a JSON object a line, with the columns of `table` as declared now."""
    types = ", ".join(f"\"{column.name}\": '{_TYPES[column.type]}'" for column in tables_by_name(shared)[table].columns)
    return (
        f"FROM read_json('{file}', format = 'newline_delimited', maximum_object_size = 33554432, columns = {{{types}}})"
    )


def load_parquet(shared: bool, schema: str, table: str, file: Path) -> str:
    """The statement that takes in a file of rows, as an older or newer release may have written it."""
    declared = f'SELECT * FROM {schema}."{table}" LIMIT 0'
    every = f"({declared}) UNION ALL BY NAME (SELECT * FROM read_parquet('{file}'))"
    rows = f"SELECT {_names(shared, table)} FROM ({every})"
    return f'INSERT INTO {schema}."{table}_keyed" {_keyed(shared, table, rows)} ON CONFLICT DO NOTHING'


def _keyed(shared: bool, table: str, rows: str) -> str:
    return f"({_names(shared, table)}, fact_key, snapshot) SELECT *, md5_number(fact_id), {_SNAPSHOT} FROM ({rows})"


def _names(shared: bool, table: str) -> str:
    return ", ".join(f'"{column.name}"' for column in tables_by_name(shared)[table].columns)


def kept_tables(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, str]]:
    """Schema and table of every table of facts that the file has and this release declares."""
    rows = connection.execute(
        "SELECT schema_name, table_name FROM duckdb_tables() WHERE table_name LIKE '%\\_keyed' ESCAPE '\\'"
        " AND database_name = current_database() ORDER BY ALL"
    ).fetchall()
    kept = [(schema, table.removesuffix("_keyed")) for schema, table in rows]
    return [(schema, table) for schema, table in kept if table in tables_by_name(schema == warehouse.SHARED_SCHEMA)]


def least_size(connection: duckdb.DuckDBPyConnection) -> int:
    """Bytes that the open file says it has at least."""
    block, blocks = connection.execute("SELECT block_size, total_blocks FROM pragma_database_size()").fetchall()[0]
    return HEADER_BYTES + int(block) * int(blocks)


def archive_position(connection: duckdb.DuckDBPyConnection) -> tuple[str, int] | None:
    """The archive of the file and the last of its frames that the file holds; None where it has no archive."""
    connection.execute("CREATE TABLE IF NOT EXISTS main.archive_position (name VARCHAR, frame BIGINT)")
    row = connection.execute("SELECT name, frame FROM main.archive_position").fetchone()
    return None if row is None else (str(row[0]), int(row[1]))


def note_archive(connection: duckdb.DuckDBPyConnection, name: str, frame: int) -> None:
    """Notes within the caller's transaction that the file holds the archive up to `frame`."""
    if archive_position(connection) is None:
        connection.execute("INSERT INTO main.archive_position VALUES (?, ?)", [name, frame])
    else:
        connection.execute("UPDATE main.archive_position SET name = ?, frame = ?", [name, frame])


def note_newest(connection: duckdb.DuckDBPyConnection, schema: str) -> None:
    """Notes the newest snapshots of all rows that are there."""
    for head in sorted(_heads()):
        connection.execute(_note_newest(schema, head, f'{schema}."{head}_keyed"'))


def forget_brand(schema: str, table: str) -> list[str]:
    """The statements that delete all rows of a brand (their parameter) from a table, and what is noted of them."""
    own = f'FROM {schema}."{table}_keyed" WHERE brand_id = ?'
    noted = f'DELETE FROM {schema}."{table}_newest" WHERE entity_key IN (SELECT {_ENTITY} {own})'
    is_head = schema != warehouse.SHARED_SCHEMA and table in _heads()
    return [*([noted] if is_head else []), f"DELETE {own}"]


def _heads() -> frozenset[str]:
    return frozenset(current.head for current in warehouse.current_views().values())


def _note_newest(schema: str, table: str, rows: str) -> str:
    """The statement that notes the newest of `rows` (the columns of `_HEADS`) where it is newer than what is noted."""
    return f"""
    INSERT INTO {schema}."{table}_newest" AS noted (entity_key, version, precedence, digest, snapshot)
    SELECT {_ENTITY}, version, precedence, digest, {_SNAPSHOT} FROM (
        SELECT brand_id, entity, rank.version, nullif(rank.precedence, 0) AS precedence, rank.digest FROM (
            SELECT brand_id, entity, max({{
                'version': version, 'precedence': coalesce(precedence, 0), 'digest': digest}}) AS rank
            FROM {rows} GROUP BY brand_id, entity
        )
    )
    ON CONFLICT (entity_key) DO UPDATE
    SET version = excluded.version, precedence = excluded.precedence, digest = excluded.digest,
        snapshot = excluded.snapshot
    WHERE (excluded.version, coalesce(excluded.precedence, 0), excluded.digest)
        > (noted.version, coalesce(noted.precedence, 0), noted.digest)
    """


def ensure(connection: duckdb.DuckDBPyConnection, schema: str) -> None:
    """Make the schema's tables and views as they are declared now; new columns are added to old tables,
    and what need not be told any more may be null there.

    Runs inside the caller's transaction. Raises `duckdb.Error`.
    """
    declared = f"{LAYOUT}/{warehouse.fingerprint()}"
    connection.execute("CREATE TABLE IF NOT EXISTS main.made_schemas (name VARCHAR PRIMARY KEY, declared VARCHAR)")
    made_as = connection.execute("SELECT declared FROM main.made_schemas WHERE name = ?", [schema]).fetchone()
    if made_as == (declared,):
        return
    shared = schema == warehouse.SHARED_SCHEMA
    connection.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
    for table in tables_by_name(shared).values():
        connection.execute(_create_table(schema, table))
        _add_columns(connection, schema, table)
        names = ", ".join(f'"{column.name}"' for column in table.columns)
        connection.execute(
            f'CREATE OR REPLACE VIEW {schema}."{table.name}" AS SELECT {names} FROM {schema}."{table.name}_keyed"'
        )
    if not shared:
        _make_views(connection, schema)
    connection.execute("INSERT OR REPLACE INTO main.made_schemas VALUES (?, ?)", [schema, declared])


def _create_table(schema: str, table: warehouse.Table) -> str:
    columns = ", ".join(
        f'"{column.name}" {_TYPES[column.type]}{" NOT NULL" if column.required else ""}' for column in table.columns
    )
    return (
        f'CREATE TABLE IF NOT EXISTS {schema}."{table.name}_keyed"'
        f" (fact_key UHUGEINT PRIMARY KEY, snapshot UHUGEINT, {columns})"
    )


def _make_views(connection: duckdb.DuckDBPyConnection, schema: str) -> None:
    for head in sorted(_heads()):
        connection.execute(
            f'CREATE TABLE IF NOT EXISTS {schema}."{head}_newest"'
            " (entity_key UHUGEINT PRIMARY KEY, version BIGINT, digest VARCHAR, snapshot UHUGEINT, precedence BIGINT)"
        )
        connection.execute(f'ALTER TABLE {schema}."{head}_newest" ADD COLUMN IF NOT EXISTS precedence BIGINT')
        # Of rows appended before the table was there; of later ones it changes nothing.
        connection.execute(_note_newest(schema, head, f'{schema}."{head}_keyed"'))
    for view in warehouse.views():
        connection.execute(f'CREATE OR REPLACE VIEW {schema}."{view.name}" AS {_select_of(schema, view)}')


def _select_of(schema: str, view: warehouse.View) -> str:
    current = warehouse.current_views().get(view.name)
    if current is None:
        return to_duckdb(view.select, relations(False)).within(schema)
    names = ", ".join(f'"{column.name}"' for column in tables_by_name(False)[current.table].columns)
    newest = f'SELECT snapshot FROM {schema}."{current.head}_newest"'
    return f'SELECT {names} FROM {schema}."{current.table}_keyed" WHERE snapshot IN ({newest})'


def _add_columns(connection: duckdb.DuckDBPyConnection, schema: str, table: warehouse.Table) -> None:
    there = connection.execute(
        "SELECT column_name, is_nullable FROM duckdb_columns() WHERE schema_name = ? AND table_name = ?"
        " AND database_name = current_database()",
        [schema, f"{table.name}_keyed"],
    ).fetchall()
    names = {name for name, _ in there}
    required = {name for name, nullable in there if not nullable}
    missing = {column.name for column in table.columns} - names
    for column in table.columns:
        if column.name in missing:
            connection.execute(
                f'ALTER TABLE {schema}."{table.name}_keyed" ADD COLUMN "{column.name}" {_TYPES[column.type]}'
            )
        elif column.name in required and not column.required:
            connection.execute(f'ALTER TABLE {schema}."{table.name}_keyed" ALTER COLUMN "{column.name}" DROP NOT NULL')
    if "snapshot" not in names:
        connection.execute(f'ALTER TABLE {schema}."{table.name}_keyed" ADD COLUMN snapshot UHUGEINT')
        connection.execute(f'UPDATE {schema}."{table.name}_keyed" SET snapshot = {_SNAPSHOT}')
