"""The orders of a Shopify export, oldest first, each as its rows; the export itself is newest first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from typing import TYPE_CHECKING

from file_import.shopify_cells import DAY_FIRST, FIRST_YEAR, LAST_YEAR, MONTH_FIRST, TIME_FORMATS, Record
from file_import.source_file import SourceFile, fetch_all

if TYPE_CHECKING:
    import duckdb

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
    *(f"tax{place}name" for place in range(1, 6)),
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

    `formats` are those its times are read with, `currency` the one most of its orders are in, `taxes_included` what
    most of those say whose Total leaves no doubt. `without_id` are the first and the last moment of orders without Id,
    in microseconds since 1970 (None: none has no Id), `shared_names` the names of more than one order.
    """

    source: SourceFile
    groups: int
    latest: str | None
    formats: tuple[str, ...]
    currency: str | None
    taxes_included: bool
    without_id: tuple[int, int] | None
    shared_names: frozenset[str]

    def orders(self) -> Iterator[tuple[Record, ...]]:
        """Every order's rows."""
        sql = f"SELECT order_no, {', '.join(READ)} FROM orders ORDER BY placed NULLS FIRST, order_no, row_no"
        for _, rows in groupby(fetch_all(self.source.connection, sql), key=lambda values: values[0]):
            yield tuple(dict(zip(READ, values[1:], strict=True)) for values in rows)  # type: ignore[arg-type]


def prepare(source: SourceFile, latest: datetime | None = None) -> ShopifyRows:
    """Groups the rows into orders: all rows of one Name under one Id (without Id, of one moment), wherever they stand.

    A row without the order's own columns belongs to the last order of its Name before it, else to the first after it.
    What is after `latest` (None: nothing) does not count for the moments of the file.
    """
    formats = _formats(source)
    connection = source.connection
    connection.execute(_orders(", ".join(_column(source, name) for name in READ), formats, latest))
    return ShopifyRows(
        source,
        groups=connection.execute("SELECT count(DISTINCT order_no) FROM orders").fetchall()[0][0],
        latest=_first(connection, "SELECT createdat FROM orders ORDER BY placed DESC NULLS LAST, row_no LIMIT 1"),
        formats=formats,
        currency=_first(
            connection,
            "SELECT upper(currency) FROM orders WHERE regexp_full_match(currency, '[A-Za-z]{3}')"
            " GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1",
        ),
        taxes_included=bool(_first(connection, _TAXES)),
        without_id=_span_without_id(connection),
        shared_names=frozenset(name for (name,) in connection.execute(_SHARED).fetchall()),
    )


def _orders(columns: str, formats: tuple[str, ...], latest: datetime | None) -> str:
    """The statement that makes the table of orders."""
    # Without the days that are of another year in some timezone.
    last = datetime(LAST_YEAR, 12, 30, tzinfo=UTC) if latest is None else latest.astimezone(UTC)
    plausible = (
        f"make_timestamp(moment) BETWEEN TIMESTAMP '{FIRST_YEAR}-01-02' AND TIMESTAMP '{last:%Y-%m-%d %H:%M:%S}'"
    )
    return f"""
CREATE TABLE orders AS
WITH plain AS (SELECT row_no, {columns} FROM source),
timed AS (
  SELECT *, {_first_fit(formats)} AS moment,
    subtotal IS NOT NULL OR financialstatus IS NOT NULL AS is_head
  FROM plain WHERE name IS NOT NULL
),
heads AS (SELECT *, CASE WHEN is_head THEN coalesce(id, CAST(moment AS VARCHAR), createdat, '') END AS own FROM timed),
owned AS (
  SELECT *, coalesce(
    last_value(own IGNORE NULLS) OVER (PARTITION BY name ORDER BY row_no),
    first_value(own IGNORE NULLS) OVER (
      PARTITION BY name ORDER BY row_no ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING), '') AS owner
  FROM heads
)
SELECT *, min(row_no) OVER (PARTITION BY name, owner) AS order_no,
  max(CASE WHEN {plausible} THEN moment END) OVER (PARTITION BY name, owner) AS placed
FROM owned"""


def _span_without_id(connection: duckdb.DuckDBPyConnection) -> tuple[int, int] | None:
    [(first, last)] = connection.execute(_WITHOUT_ID).fetchall()
    return None if first is None else (first, last)


def _first(connection: duckdb.DuckDBPyConnection, sql: str) -> str | None:
    rows = connection.execute(sql).fetchall()
    return rows[0][0] if rows else None


_SHARED = "SELECT name FROM orders GROUP BY name HAVING count(DISTINCT order_no) > 1"
_WITHOUT_ID = """
SELECT min(placed), max(placed)
FROM (SELECT max(placed) AS placed FROM orders GROUP BY order_no HAVING max(id) IS NULL)"""
_AMOUNTS = ", ".join(
    f"try_cast(replace({name}, ',', '') AS DECIMAL(18, 3)) AS {name}"
    for name in ("subtotal", "shipping", "taxes", "total")
)
_TAXES = f"""
WITH amounts AS (SELECT {_AMOUNTS} FROM orders WHERE is_head),
over AS (SELECT taxes, total - subtotal - coalesce(shipping, 0) AS extra FROM amounts WHERE taxes > 0)
SELECT count(*) FILTER (extra = 0) > count(*) FILTER (extra = taxes) FROM over"""


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
