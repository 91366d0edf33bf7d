"""Opens a transactions file with DuckDB and says by its header what it is; rows are kept on disk, not in memory."""

from __future__ import annotations

import codecs
import csv
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

MEMORY_LIMIT = "128MB"
FETCH_ROWS = 5_000
PARQUET_MAGIC = b"PAR1"
OTHER_FILES = {
    b"PK\x03\x04": "an Excel workbook or a zip archive: save its sheet as CSV, or unpack it",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook: save its sheet as CSV",
    b"\x1f\x8b": "compressed with gzip: unpack it",
    b"%PDF": "a PDF",
}
UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
DELIMITERS = (",", ";", "\t", "|")
CHUNK = 1 << 20


class FileFormat(StrEnum):
    """The format of a transactions file, decided by its header."""

    UCI = "UCI Online Retail"
    SHOPIFY = "Shopify orders export"


class UnreadableFile(Exception):
    """The file is absent, empty, or its header is of no known format; the message says which."""


# Normalised header -> our column; Online Retail II names three columns differently.
UCI_COLUMNS = {
    "invoiceno": "invoice",
    "invoice": "invoice",
    "stockcode": "stock_code",
    "description": "description",
    "quantity": "quantity",
    "invoicedate": "sold_at",
    "unitprice": "price",
    "price": "price",
    "customerid": "customer",
    "country": "country",
}
UCI_REQUIRED = frozenset({"invoice", "stock_code", "quantity", "sold_at", "price"})
# Exports of other programs by the columns that only they have: https://matrixify.app/documentation/orders/,
# https://woocommerce.com/document/ordercustomer-csv-export/
OTHER_EXPORTS = {
    "a Matrixify export": frozenset({"linetype", "linequantity"}),
    "a WooCommerce export": frozenset({"ordernumber", "ordertotal"}),
    "a WooCommerce export, one row an item,": frozenset({"ordernumber", "itemquantity"}),
    "a list of WooCommerce's reports": frozenset({"order", "netsales", "product"}),
}
SHOPIFY_REQUIRED = frozenset({"name", "createdat", "lineitemquantity", "lineitemprice"})


@dataclass(frozen=True, slots=True)
class SourceFile:
    """An opened file: table `source` of `connection` holds it, columns renamed to ours, `row_no` its order."""

    path: Path
    format: FileFormat
    connection: duckdb.DuckDBPyConnection
    columns: dict[str, str]

    def has(self, column: str) -> bool:
        """True where the file has the column."""
        return column in self.columns


@contextmanager
def open_source(path: Path) -> Iterator[SourceFile]:
    """The file as table `source`; raises `UnreadableFile` with what is wrong and what was expected."""
    if not path.is_file():
        raise UnreadableFile(f"There is no file {path}.")
    import duckdb  # heavy, and a service that imports this module seldom opens a file

    workspace = tempfile.mkdtemp(prefix="pulsepoint-replay-")
    try:
        with duckdb.connect(f"{workspace}/rows.duckdb") as connection:
            connection.execute(f"SET memory_limit = '{MEMORY_LIMIT}'")
            connection.execute("SET threads = 1")
            connection.execute("SET TimeZone = 'UTC'")
            yield _load(connection, path, Path(workspace))
    finally:
        shutil.rmtree(workspace, ignore_errors=True)


def fetch_all(
    connection: duckdb.DuckDBPyConnection, sql: str, parameters: object = None
) -> Iterator[tuple[object, ...]]:
    """Rows of a query a few thousand at a time, on a cursor of its own."""
    cursor = connection.cursor()
    try:
        cursor.execute(sql, parameters)
        while rows := cursor.fetchmany(FETCH_ROWS):
            yield from rows
    finally:
        cursor.close()


def _load(connection: duckdb.DuckDBPyConnection, path: Path, workspace: Path) -> SourceFile:
    import duckdb

    reader, readable = _reader(path, workspace)
    try:
        described = connection.execute(f"DESCRIBE SELECT * FROM {reader}", [str(readable)]).fetchall()
        types = {str(name): str(kind) for name, kind, *_ in described}
        file_format, names = _recognise(path, types)
        selected = ", ".join(f'"{_quoted(name)}" AS "{ours}"' for name, ours in names.items())
        connection.execute(
            f"CREATE TABLE source AS SELECT row_number() OVER () AS row_no, {selected} FROM {reader}", [str(readable)]
        )
    except duckdb.Error as error:
        message = str(error).splitlines()[0].replace(str(readable), str(path))
        raise UnreadableFile(f"{path} cannot be read as CSV or Parquet: {message}") from None
    return SourceFile(path, file_format, connection, {ours: types[name] for name, ours in names.items()})


def _reader(path: Path, workspace: Path) -> tuple[str, Path]:
    """The table function that reads the file, and where it finds it in a form that it can read."""
    with path.open("rb") as file:
        start = file.read(4)
    if not start:
        raise UnreadableFile(f"{path} is empty.")
    if start == PARQUET_MAGIC:
        return "read_parquet(?)", path
    other = next((what for magic, what in OTHER_FILES.items() if start.startswith(magic)), None)
    if other is not None:
        raise UnreadableFile(f"{path} is {other}. CSV and Parquet are read.")
    return """read_csv(?, header = true, all_varchar = true, delim = ',', quote = '"', escape = '"')""", _even(
        path, start, workspace
    )


def _even(path: Path, start: bytes, workspace: Path) -> Path:
    """A copy of a CSV file in UTF-8, with commas, and every row as long as its header: nothing is left to guess.

    DuckDB guesses quotes from the first rows, and a comma inside quotes may come late. A row with missing cells is
    then left out by itself. Shopify writes UTF-8; the set's own CSV copies are Latin-1 (pound signs in
    descriptions); what spreadsheets save is Windows-1252, its superset, or UTF-16. Raises `UnreadableFile`.
    """
    encoding = "utf-16" if start.startswith(UTF_16) else "utf-8-sig" if _is_utf8(path) else "cp1252"
    copy = workspace / "rows.csv"
    with (
        path.open(encoding=encoding, errors="replace", newline="") as read,
        copy.open("w", encoding="utf-8", newline="") as write,
    ):
        head = read.readline()
        read.seek(0)
        # Strict: a quote that is never closed would swallow the rows behind it.
        rows = csv.reader(read, delimiter=max(DELIMITERS, key=head.count), skipinitialspace=True, strict=True)
        writer = csv.writer(write, lineterminator="\n")
        try:
            width = 0
            for row in filter(None, rows):
                width = width or len(row)
                writer.writerow(row[:width] + [""] * (width - len(row)))
        except csv.Error as error:
            raise UnreadableFile(f"{path} cannot be read as CSV, line {rows.line_num}: {error}") from None
    return copy


def _is_utf8(path: Path) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as file:
        try:
            while chunk := file.read(CHUNK):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return True


def _recognise(path: Path, types: dict[str, str]) -> tuple[FileFormat, dict[str, str]]:
    plain = {name: _plain(name) for name in types}
    if frozenset(plain.values()) >= SHOPIFY_REQUIRED:
        return FileFormat.SHOPIFY, _first_of_each(plain)
    uci = {name: UCI_COLUMNS[word] for name, word in plain.items() if word in UCI_COLUMNS}
    if frozenset(uci.values()) >= UCI_REQUIRED:
        return FileFormat.UCI, _first_of_each(uci)
    other = next((what for what, columns in OTHER_EXPORTS.items() if columns <= frozenset(plain.values())), None)
    if other is not None:
        raise UnreadableFile(
            f"{path} is {other} and not read: export the orders in Shopify's admin (Orders > Export), or send the"
            " columns Name, Created at, Currency, Subtotal, Total, Lineitem quantity, Lineitem name, Lineitem price."
        )
    named = ", ".join(types) or "none"
    raise UnreadableFile(
        f"{path} has columns of no known format ({named[:300].strip()}). Expected InvoiceNo, StockCode,"
        " Description, Quantity, InvoiceDate, UnitPrice, CustomerID, Country (UCI Online Retail),"
        " or a Shopify orders export (Name, Created at, Lineitem quantity, Lineitem price, …)."
    )


def _first_of_each(names: dict[str, str]) -> dict[str, str]:
    seen: set[str] = set()
    return {name: ours for name, ours in names.items() if not (ours in seen or seen.add(ours))}  # type: ignore[func-returns-value]


def _plain(header: str) -> str:
    return "".join(character for character in header.lower() if character.isalnum())


def _quoted(name: str) -> str:
    return name.replace('"', '""')
