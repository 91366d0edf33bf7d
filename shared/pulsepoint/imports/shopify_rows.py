"""The orders of a Shopify export, oldest first, each as its rows; the export itself is newest first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from pulsepoint.imports.shopify_csv import TIME_FORMATS, Record
from pulsepoint.imports.source_file import SourceFile, fetch_all

READ = (
    "name",
    "email",
    "financialstatus",
    "paidat",
    "currency",
    "subtotal",
    "shipping",
    "taxes",
    "total",
    "discountcode",
    "discountamount",
    "createdat",
    "lineitemquantity",
    "lineitemname",
    "lineitemprice",
    "lineitemsku",
    "lineitemtaxable",
    "lineitemdiscount",
    "cancelledat",
    "refundedamount",
    "id",
    "source",
    "tags",
    "shippingcountry",
    "shippingprovince",
    "billingcountry",
    "billingprovince",
)


@dataclass(frozen=True, slots=True)
class ShopifyRows:
    """A prepared export; `groups` is how many orders it holds, `latest` the last Created at as it is written."""

    source: SourceFile
    groups: int
    latest: str | None

    def orders(self) -> Iterator[tuple[Record, ...]]:
        """Every order's rows."""
        sql = f"SELECT order_no, {', '.join(READ)} FROM orders ORDER BY placed NULLS FIRST, order_no, row_no"
        for _, rows in groupby(fetch_all(self.source.connection, sql), key=lambda values: values[0]):
            yield tuple(dict(zip(READ, values[1:], strict=True)) for values in rows)  # type: ignore[arg-type]


def prepare(source: SourceFile) -> ShopifyRows:
    """Groups the rows into orders: one begins where Name changes or the order's own columns are filled."""
    columns = ", ".join(_column(source, name) for name in READ)
    moments = ", ".join(f"epoch_us(try_strptime(createdat, '{time_format}'))" for time_format in TIME_FORMATS)
    source.connection.execute(f"""
CREATE TABLE orders AS
WITH plain AS (SELECT row_no, {columns} FROM source),
marked AS (
  SELECT *, name IS DISTINCT FROM lag(name) OVER (ORDER BY row_no)
            OR subtotal IS NOT NULL OR financialstatus IS NOT NULL AS begins
  FROM plain WHERE name IS NOT NULL
),
numbered AS (SELECT *, sum(CAST(begins AS INTEGER)) OVER (ORDER BY row_no) AS order_no FROM marked)
SELECT *, max(coalesce({moments})) OVER (PARTITION BY order_no) AS placed FROM numbered""")
    groups = source.connection.execute("SELECT count(DISTINCT order_no) FROM orders").fetchall()[0][0]
    latest = source.connection.execute(
        "SELECT createdat FROM orders ORDER BY placed DESC NULLS LAST LIMIT 1"
    ).fetchall()
    return ShopifyRows(source, groups, latest[0][0] if latest else None)


def _column(source: SourceFile, name: str) -> str:
    if not source.has(name):
        return f"CAST(NULL AS VARCHAR) AS {name}"
    return f"nullif(trim(CAST({name} AS VARCHAR)), '') AS {name}"
