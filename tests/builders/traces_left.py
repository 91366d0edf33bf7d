"""A scan of all that an instance of one machine keeps, for values that must be nowhere."""

from __future__ import annotations

import zlib
from base64 import b64encode
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import quote, quote_plus

import asyncpg
import duckdb
import orjson

PAGES = "SELECT table_schema, table_name FROM information_schema.tables WHERE table_schema IN ('kernel', 'ledger')"


def spellings(value: str) -> set[bytes]:
    """The value in lower case as files may hold it: as it is, in addresses, in JSON, in hex and in base64."""
    plain = {value, quote(value, safe=""), quote_plus(value), orjson.dumps(value).decode()[1:-1]}
    encoded = {each.casefold().encode() for each in plain} | {value.encode().hex().encode()}
    for text in (value, value.casefold()):
        for shift in range(3):
            # The letters that do not depend on what stands before and behind.
            code = b64encode(b"\0" * shift + text.encode())
            encoded.add(code[(0, 2, 3)[shift] : len(code) // 4 * 4 - 4].lower())
    return {each for each in encoded if len(each) > 5}


class Scan:
    """Looks for values; what it finds is named by the place."""

    def __init__(self, values: Iterable[str]) -> None:
        self._spellings = {value: spellings(value) for value in values}

    def values_in(self, content: bytes) -> list[str]:
        """The values in some bytes."""
        folded = content.lower()
        return [value for value, each in self._spellings.items() if any(spelling in folded for spelling in each)]

    def files(self, *folders: Path) -> Iterator[str]:
        """Findings in every file below the folders, as it lies there, and in what Parquet and DuckDB files hold."""
        for folder in folders:
            for path in sorted(path for path in folder.rglob("*") if path.is_file()):
                yield from (f"{path.name}: {value}" for value in self.values_in(path.read_bytes()))
                if path.suffix == ".parquet":
                    yield from self._rows(path.name, duckdb.connect(), f"read_parquet('{path}')")
                elif path.suffix in (".duckdb", ".damaged"):
                    yield from self._warehouse(path)

    def _warehouse(self, path: Path) -> Iterator[str]:
        with duckdb.connect(str(path), read_only=True) as connection:
            for schema, table in connection.execute("SELECT schema_name, table_name FROM duckdb_tables()").fetchall():
                yield from self._rows(f"{path.name} {table}", connection, f'"{schema}"."{table}"')

    def _rows(self, where: str, connection: duckdb.DuckDBPyConnection, source: str) -> Iterator[str]:
        for row in connection.execute(f"SELECT * FROM {source}").fetchall():
            yield from (f"{where}: {value}" for value in self.values_in(repr(row).encode()))

    async def database(self, dsn: str) -> list[str]:
        """Findings in every row of every table of PostgreSQL, bytes among them as they are and inflated."""
        connection = await asyncpg.connect(dsn)
        try:
            findings = []
            for schema, table in await connection.fetch(PAGES):
                for record in await connection.fetch(f'SELECT * FROM "{schema}"."{table}"'):
                    content = b" ".join(_bytes_of(each) for each in record.values())
                    findings += [f"{schema}.{table}: {value}" for value in self.values_in(content)]
            return findings
        finally:
            await connection.close()


def _bytes_of(value: object) -> bytes:
    if not isinstance(value, bytes):
        return str(value).encode()
    try:
        return value + b" " + zlib.decompress(value)
    except zlib.error:
        return value
