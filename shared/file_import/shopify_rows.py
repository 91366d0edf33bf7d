"""The orders of a Shopify export, oldest first, each as its rows; the export itself is newest first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from file_import.shopify_csv import DAY_FIRST, MONTH_FIRST, TIME_FORMATS, Record
from file_import.source_file import SourceFile, fetch_all

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
TIMES = frozenset({"createdat", "cancelledat"})
# Every form of ISO 8601 that programs rewrite the export's own times in, as the export writes them.
_ISO = r"^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.\d+)?"
ISO_FORMS = (
    (rf"{_ISO}$", r"\1 \2"),
    (rf"{_ISO} ?(?:UTC|Z)$", r"\1 \2 +0000"),
    (rf"{_ISO} ?([+-]\d\d):?(\d\d)$", r"\1 \2 \3\4"),
)


@dataclass(frozen=True, slots=True)
class ShopifyRows:
    """A prepared export; `groups` is how many orders it holds, `latest` the last Created at as it is written.

    `formats` are those its times are read with, `currency` the one most of its orders are in.
    """

    source: SourceFile
    groups: int
    latest: str | None
    formats: tuple[str, ...]
    currency: str | None

    def orders(self) -> Iterator[tuple[Record, ...]]:
        """Every order's rows."""
        sql = f"SELECT order_no, {', '.join(READ)} FROM orders ORDER BY placed NULLS FIRST, order_no, row_no"
        for _, rows in groupby(fetch_all(self.source.connection, sql), key=lambda values: values[0]):
            yield tuple(dict(zip(READ, values[1:], strict=True)) for values in rows)  # type: ignore[arg-type]


def prepare(source: SourceFile) -> ShopifyRows:
    """Groups the rows into orders: one begins where Name changes or the order's own columns are filled."""
    columns = ", ".join(_column(source, name) for name in READ)
    formats = _formats(source)
    source.connection.execute(f"""
CREATE TABLE orders AS
WITH plain AS (SELECT row_no, {columns} FROM source),
marked AS (
  SELECT *, name IS DISTINCT FROM lag(name) OVER (ORDER BY row_no)
            OR subtotal IS NOT NULL OR financialstatus IS NOT NULL AS begins
  FROM plain WHERE name IS NOT NULL
),
numbered AS (SELECT *, sum(CAST(begins AS INTEGER)) OVER (ORDER BY row_no) AS order_no FROM marked)
SELECT *, max({_first_fit(formats)}) OVER (PARTITION BY order_no) AS placed FROM numbered""")
    groups = source.connection.execute("SELECT count(DISTINCT order_no) FROM orders").fetchall()[0][0]
    latest = source.connection.execute(
        "SELECT createdat FROM orders ORDER BY placed DESC NULLS LAST LIMIT 1"
    ).fetchall()
    currency = source.connection.execute(
        "SELECT upper(currency) FROM orders WHERE regexp_full_match(currency, '[A-Za-z]{3}')"
        " GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1"
    ).fetchall()
    return ShopifyRows(source, groups, latest[0][0] if latest else None, formats, currency[0][0] if currency else None)


def _formats(source: SourceFile) -> tuple[str, ...]:
    """The time formats of the file: day-first where one of its dates cannot be month-first."""
    month_first, day_first = (_first_fit(formats) for formats in (MONTH_FIRST, DAY_FIRST))
    sql = f"SELECT count(*) FROM source WHERE {month_first} IS NULL AND {day_first} IS NOT NULL"
    [(only_day_first,)] = source.connection.execute(sql).fetchall()
    return (*TIME_FORMATS, *(DAY_FIRST if only_day_first else MONTH_FIRST))


def _first_fit(formats: Sequence[str]) -> str:
    """Microseconds since 1970 of `createdat` by the first format that reads it."""
    return f"coalesce({', '.join(f'epoch_us(try_strptime(trim(createdat), {name!r}))' for name in formats)})"


def _column(source: SourceFile, name: str) -> str:
    if not source.has(name):
        return f"CAST(NULL AS VARCHAR) AS {name}"
    text = f"nullif(trim(CAST({name} AS VARCHAR)), '')"
    if name in TIMES:
        for written, plain in ISO_FORMS:
            text = f"regexp_replace({text}, '{written}', '{plain}')"
    return f"{text} AS {name}"
