"""The rows of a UCI Online Retail file in the order the converter wants, and what is left out of it.

Rounding is DuckDB's own, `cast(round(UnitPrice, 2) AS DECIMAL(18, 2))`, so sums equal that expression to the cent.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from pulsepoint.imports.source_file import SourceFile, UnreadableFile, fetch_all
from pulsepoint.imports.uci import LineKey, Row

# The set is an Excel file; its CSV copies carry whichever date the exporting machine's locale wrote.
ISO_FORMATS = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M", "%Y-%m-%d")
LOCAL_FORMATS = tuple(
    f"{date} {time}".strip()
    for time in ("%H:%M", "%H:%M:%S", "%I:%M %p", "%I:%M:%S %p", "")
    for date in ("%m/%d/%Y", "%d/%m/%Y", "%m/%d/%y", "%d/%m/%y", "%d-%m-%Y", "%d.%m.%Y")
)
EXCEL_SERIAL = "excel"

ROWS = """
SELECT min(sold_at) OVER (PARTITION BY invoice, sold_at::DATE, quantity < 0) AS started, quantity < 0 AS returned,
       invoice, stock_code, description, quantity, cents, customer, country
FROM lines WHERE counted
ORDER BY started, returned, invoice, row_no
"""
LEFT_OUT = """
SELECT strftime(sold_at, '%Y-%m') AS month, reason, count(*), CAST(coalesce(sum(quantity * cents), 0) AS BIGINT)
FROM lines WHERE NOT counted GROUP BY ALL ORDER BY ALL
"""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Rows that became no webhook: how many, and what quantity times price of them adds up to."""

    month: str | None
    reason: str
    rows: int
    cents: int


@dataclass(frozen=True, slots=True)
class UciRows:
    """A prepared file; `groups` is how many orders and returning invoices it holds."""

    source: SourceFile
    date_format: str
    groups: int
    last_moment: datetime | None
    returned_keys: frozenset[LineKey]
    left_out: tuple[LeftOut, ...]

    def rows(self) -> Iterator[Row]:
        """Every counted row, in the converter's order."""
        for values in fetch_all(self.source.connection, ROWS):
            yield Row(*values)  # type: ignore[arg-type]


def prepare(source: SourceFile) -> UciRows:
    """Reads and types every row; raises `UnreadableFile` when no date format fits the whole file."""
    date_format, moment = _moment(source)
    source.connection.execute(f"CREATE TABLE lines AS {_lines(source, moment)}")
    groups, last = source.connection.execute(
        "SELECT count(DISTINCT (invoice, sold_at::DATE, quantity < 0)), max(sold_at) FROM lines WHERE counted"
    ).fetchall()[0]
    keys = fetch_all(
        source.connection,
        "SELECT DISTINCT customer, stock_code, cents FROM lines"
        " WHERE counted AND quantity < 0 AND customer IS NOT NULL",
    )
    return UciRows(
        source=source,
        date_format=date_format,
        groups=groups,
        last_moment=last,
        returned_keys=frozenset(keys),  # type: ignore[arg-type]
        left_out=tuple(LeftOut(*values) for values in source.connection.execute(LEFT_OUT).fetchall()),
    )


def _lines(source: SourceFile, moment: str) -> str:
    price = _number("price", source)
    return f"""
WITH typed AS (
  SELECT row_no, coalesce({_code("invoice")}, '') AS invoice, coalesce({_code("stock_code")}, '') AS stock_code,
         {_text("description", source)} AS description,
         CAST({_number("quantity", source)} AS BIGINT) AS quantity, {moment} AS sold_at, {price} AS price,
         CAST(CAST(round({price}, 2) AS DECIMAL(18, 2)) * 100 AS BIGINT) AS cents,
         {_code("customer") if source.has("customer") else "CAST(NULL AS VARCHAR)"} AS customer,
         {_text("country", source)} AS country
  FROM source
), judged AS (
  SELECT *, CASE WHEN price IS NULL OR quantity IS NULL OR sold_at IS NULL THEN 'unreadable'
                 WHEN price <= 0 THEN 'price not above zero'
                 WHEN quantity = 0 THEN 'quantity zero' END AS reason
  FROM typed
)
SELECT *, reason IS NULL AS counted FROM judged"""


def _code(column: str) -> str:
    """A code as text; spreadsheets turn whole numbers into `17850.0`."""
    return f"nullif(regexp_replace(trim(CAST({column} AS VARCHAR)), '\\.0+$', ''), '')"


def _text(column: str, source: SourceFile) -> str:
    return f"nullif(trim(CAST({column} AS VARCHAR)), '')" if source.has(column) else "CAST(NULL AS VARCHAR)"


def _number(column: str, source: SourceFile) -> str:
    if source.columns[column] == "VARCHAR":
        return f"try_cast(nullif(trim({column}), '') AS DOUBLE)"
    return column


def _moment(source: SourceFile) -> tuple[str, str]:
    """The date format and the SQL that reads `sold_at` as a brand-local timestamp."""
    kind = source.columns["sold_at"]
    if kind != "VARCHAR":
        return kind.lower(), "CAST(sold_at AS TIMESTAMP)"
    fits = [candidate for candidate in (*ISO_FORMATS, *LOCAL_FORMATS) if _unread(source, _parse(candidate)) == 0]
    if fits:
        # Month-first and day-first may both fit: files are in order of time, and days next to each other.
        best = min(fits, key=lambda candidate: _disorder(source, _parse(candidate)))
        return best, _parse(best)
    serial = "try_cast(trim(sold_at) AS DOUBLE)"
    if _unread(source, serial) == 0:
        return EXCEL_SERIAL, f"TIMESTAMP '1899-12-30' + to_seconds(CAST(round({serial} * 86400) AS BIGINT))"
    sample = source.connection.execute("SELECT sold_at FROM source WHERE sold_at IS NOT NULL LIMIT 1").fetchall()
    raise UnreadableFile(f"{source.path}: no date format fits every InvoiceDate (the first is {sample[0][0]!r}).")


def _parse(date_format: str) -> str:
    parsed = f"try_strptime(trim(sold_at), '{date_format}')"
    # '%Y' also reads a two-digit year, as the first century.
    return f"CASE WHEN year({parsed}) >= 1970 THEN {parsed} END"


def _unread(source: SourceFile, moment: str) -> int:
    sql = f"SELECT count(*) FROM source WHERE nullif(trim(sold_at), '') IS NOT NULL AND ({moment}) IS NULL"
    return int(source.connection.execute(sql).fetchall()[0][0])


def _disorder(source: SourceFile, moment: str) -> tuple[int, int]:
    """How many rows step back in time, then how many seconds the file spans."""
    pairs = f"SELECT {moment} AS t, lag({moment}) OVER (ORDER BY row_no) AS u FROM source"
    sql = f"SELECT count(*) FILTER (t < u), coalesce(epoch(max(t) - min(t)), 0) FROM ({pairs})"
    back, span = source.connection.execute(sql).fetchall()[0]
    return int(back), int(span)
