"""Rows that lose values, or go: in the tables of the warehouse's file, and in the Parquet files of its archive."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import duckdb

from pulsepoint.adapters.duckdb import schemas


class Change(Protocol):
    """A change of rows; making it again changes nothing."""

    def concerns(self, schema: str, table: str) -> bool:
        """True for a table it may change."""
        ...

    def in_tables(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Make it in the open file, in a transaction. Raises `duckdb.Error`."""
        ...

    def in_file(self, path: Path, copy: Path) -> bool:
        """Write a Parquet file of rows again as changed; False where nothing changes, and then no copy is made.

        Raises `duckdb.Error`.
        """
        ...


@dataclass(frozen=True, slots=True)
class Erasure:
    """Columns of the rows of a table that lose their values, by fact id."""

    schema: str
    table: str
    fact_ids: Sequence[str]
    columns: Sequence[str]

    def concerns(self, schema: str, table: str) -> bool:
        """See `Change.concerns`."""
        return (schema, table) == (self.schema, self.table)

    def in_tables(self, connection: duckdb.DuckDBPyConnection) -> None:
        """See `Change.in_tables`."""
        with _transaction(connection):
            schemas.ensure(connection, self.schema)
            cleared = ", ".join(f'"{column}" = NULL' for column in self.columns)
            connection.execute(
                f'UPDATE {self.schema}."{self.table}_keyed" SET {cleared}'
                " WHERE fact_key IN (SELECT md5_number(unnest(?::VARCHAR[])))",
                [list(self.fact_ids)],
            )

    def in_file(self, path: Path, copy: Path) -> bool:
        """See `Change.in_file`."""
        with _reading() as connection:
            connection.execute("CREATE TABLE erased AS SELECT unnest(?::VARCHAR[]) AS fact_id", [list(self.fact_ids)])
            rows = f"read_parquet('{path}')"
            there = {name for name, *_ in connection.execute(f"DESCRIBE SELECT * FROM {rows}").fetchall()}
            columns = [column for column in self.columns if column in there]
            ours = "fact_id IN (SELECT fact_id FROM erased)"
            valued = " OR ".join(f'"{column}" IS NOT NULL' for column in columns) or "false"
            cleared = ", ".join(f'CASE WHEN {ours} THEN NULL ELSE "{column}" END AS "{column}"' for column in columns)
            return _written(connection, rows, f"{ours} AND ({valued})", f"SELECT * REPLACE ({cleared})", copy)


@dataclass(frozen=True, slots=True)
class ForgottenBrand:
    """A brand of which no row stays."""

    schema: str
    brand_id: str

    def concerns(self, schema: str, table: str) -> bool:
        """See `Change.concerns`."""
        return schema == self.schema

    def in_tables(self, connection: duckdb.DuckDBPyConnection) -> None:
        """See `Change.in_tables`."""
        with _transaction(connection):
            schemas.ensure(connection, self.schema)
            for schema, table in schemas.kept_tables(connection):
                if schema == self.schema:
                    for statement in schemas.forget_brand(schema, table):
                        connection.execute(statement, [self.brand_id])

    def in_file(self, path: Path, copy: Path) -> bool:
        """See `Change.in_file`."""
        with _reading() as connection:
            own = f"brand_id = '{self.brand_id}'"
            return _written(connection, f"read_parquet('{path}')", own, "SELECT *", copy, f"WHERE NOT {own}")


@contextmanager
def _transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    connection.execute("BEGIN")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


@contextmanager
def _reading() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(config={"threads": 1, "memory_limit": "512MB"}) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        yield connection


def _written(
    connection: duckdb.DuckDBPyConnection, rows: str, concerned: str, select: str, copy: Path, where: str = ""
) -> bool:
    if connection.execute(f"SELECT 1 FROM {rows} WHERE {concerned} LIMIT 1").fetchone() is None:
        return False
    connection.execute(f"COPY ({select} FROM {rows} {where}) TO '{copy}' (FORMAT parquet, COMPRESSION zstd)")
    return True
