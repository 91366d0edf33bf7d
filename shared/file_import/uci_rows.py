"""The rows of a UCI Online Retail file in the order the converter wants, and what is left out of it.

Rounding is DuckDB's own, `cast(round(UnitPrice, 2) AS DECIMAL(18, 2))`, so sums equal that expression to the cent.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from file_import.source_file import SourceFile, UnreadableFile, fetch_all
from file_import.uci import LineKey, Row
from pulsepoint.brand.facts import Omission
from pulsepoint.brand.vocabulary import OmissionKind

# The set is an Excel file; its CSV copies carry whichever date the exporting machine's locale wrote.
ISO_FORMATS = (
    *(f"%Y-%m-%d{gap}{time}" for time in ("%H:%M:%S", "%H:%M:%S.%f", "%H:%M") for gap in (" ", "T")),
    "%Y-%m-%d",
    "%Y/%m/%d %H:%M:%S",
    "%Y/%m/%d %H:%M",
)
LOCAL_FORMATS = tuple(
    f"{date} {time}".strip()
    for time in ("%H:%M", "%H:%M:%S", "%I:%M %p", "%I:%M:%S %p", "")
    for date in (
        "%m/%d/%Y", "%d/%m/%Y", "%m/%d/%y", "%d/%m/%y", "%d-%m-%Y", "%d-%m-%y", "%d.%m.%Y", "%d.%m.%y",
        "%d-%b-%Y", "%d-%b-%y", "%d %b %Y",
    )
)  # fmt: skip
EXCEL_SERIAL = "excel"
MICROS_A_CENT = 10_000
LARGEST_QUANTITY = 10**9
LARGEST_CENTS = 10**14
"""Of one row: what ingest-shopify would refuse is left out and listed, not sent."""

ROWS = """
SELECT min(sold_at) OVER (PARTITION BY invoice, sold_at::DATE, quantity < 0) AS started, quantity < 0 AS returned,
       invoice, stock_code, description, quantity, cents, customer, country
FROM lines WHERE counted
ORDER BY started, returned, invoice, row_no
"""
LEFT_OUT = """
SELECT strftime(sold_at, '%Y-%m') AS month, reason, count(*),
       CAST(coalesce(sum(CAST(quantity AS HUGEINT) * cents), 0) AS HUGEINT)
FROM lines WHERE NOT counted GROUP BY ALL ORDER BY ALL
"""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Rows that became no webhook: how many, and what quantity times price of them adds up to, in micros."""

    month: str | None
    reason: Omission
    rows: int
    micros: int


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


def prepare(source: SourceFile, latest: datetime | None = None) -> UciRows:
    """Reads and types every row; raises `UnreadableFile` when no date format fits the whole file.

    Rows after `latest`, a moment of the brand's timezone, are left out (None: none is).
    """
    date_format, timestamp = _timestamp(source)
    source.connection.execute(f"CREATE TABLE lines AS {_lines(source, timestamp, latest)}")
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
        left_out=tuple(
            LeftOut(month, _omission(OmissionKind(reason)), rows, cents * MICROS_A_CENT)
            for month, reason, rows, cents in source.connection.execute(LEFT_OUT).fetchall()
        ),
    )


def _omission(kind: OmissionKind) -> Omission:
    return Omission.of(kind, column="InvoiceDate") if kind is OmissionKind.IN_THE_FUTURE else Omission.of(kind)


def _lines(source: SourceFile, timestamp: str, latest: datetime | None) -> str:
    is_ahead = "FALSE" if latest is None else f"sold_at > TIMESTAMP '{latest:%Y-%m-%d %H:%M:%S}'"
    price, quantity = _number("price", source), _number("quantity", source)
    return f"""
WITH typed AS (
  SELECT row_no, coalesce({_code("invoice")}, '') AS invoice, coalesce({_code("stock_code")}, '') AS stock_code,
         {_text("description", source)} AS description,
         CASE WHEN {quantity} = trunc({quantity}) THEN try_cast({quantity} AS BIGINT) END AS quantity,
         {timestamp} AS sold_at, {price} AS price,
         CAST(try_cast(round({price}, 2) AS DECIMAL(18, 2)) * 100 AS BIGINT) AS cents,
         {f"nullif({_code('customer')}, 'nan')" if source.has("customer") else "CAST(NULL AS VARCHAR)"} AS customer,
         {_text("country", source)} AS country
  FROM source
), judged AS (
  SELECT *, CASE WHEN cents IS NULL OR quantity IS NULL OR sold_at IS NULL THEN '{OmissionKind.UNREADABLE}'
                 WHEN {is_ahead} THEN '{OmissionKind.IN_THE_FUTURE}'
                 WHEN price <= 0 THEN '{OmissionKind.PRICE_NOT_ABOVE_ZERO}'
                 WHEN quantity = 0 THEN '{OmissionKind.QUANTITY_ZERO}'
                 WHEN abs(quantity) > {LARGEST_QUANTITY}
                      OR abs(CAST(quantity AS HUGEINT) * cents) > {LARGEST_CENTS}
                 THEN '{OmissionKind.AMOUNT_TOO_LARGE}' END AS reason
  FROM typed
)
SELECT *, reason IS NULL AS counted FROM judged"""


def _code(column: str) -> str:
    """A code as text; spreadsheets turn whole numbers into `17850.0`."""
    return f"nullif(regexp_replace(trim(CAST({column} AS VARCHAR)), '\\.0+$', ''), '')"


def _text(column: str, source: SourceFile) -> str:
    return f"nullif(trim(CAST({column} AS VARCHAR)), '')" if source.has(column) else "CAST(NULL AS VARCHAR)"


def _number(column: str, source: SourceFile) -> str:
    if source.columns[column] != "VARCHAR":
        return column
    text = f"trim({column})"
    # Where a locale writes 2,55 and 1.000,00, no number of the column has a point after a comma.
    decimal, grouped = source.connection.execute(
        f"SELECT count(*) FILTER (regexp_full_match({text}, '[+-]?[0-9.]+,([0-9]{{1,2}}|[0-9]{{4,}})')),"
        rf" count(*) FILTER (regexp_matches({text}, ',.*\.')) FROM source"
    ).fetchall()[0]
    comma_is_point = decimal and not grouped
    group, point = (r"\.", ",") if comma_is_point else (",", r"\.")
    thousands = f"regexp_full_match({text}, '[+-]?[0-9]{{1,3}}({group}[0-9]{{3}})+({point}[0-9]*)?')"
    plain = f"CASE WHEN {thousands} THEN replace({text}, '{group[-1]}', '') ELSE {text} END"
    if comma_is_point:
        plain = f"replace({plain}, ',', '.')"
    return f"try_cast(nullif({plain}, '') AS DOUBLE)"


def _timestamp(source: SourceFile) -> tuple[str, str]:
    """The date format and the SQL that reads `sold_at` as a brand-local timestamp."""
    kind = source.columns["sold_at"]
    if kind.startswith(("TIMESTAMP", "DATE")):
        return kind.lower(), "CAST(sold_at AS TIMESTAMP)"
    source.connection.execute(
        "CREATE TABLE dates AS SELECT trim(CAST(sold_at AS VARCHAR)) AS sold_at, min(row_no) AS row_no FROM source"
        " WHERE nullif(trim(CAST(sold_at AS VARCHAR)), '') IS NOT NULL GROUP BY 1"
    )
    candidates = [(name, _parse(name)) for name in (*ISO_FORMATS, *LOCAL_FORMATS)] + [(EXCEL_SERIAL, _serial())]
    unread = {name: _unread(source, timestamp) for name, timestamp in candidates}
    fits = [(name, timestamp) for name, timestamp in candidates if unread[name] == 0]
    if not fits:
        raise UnreadableFile(_odd_date(source, *min(candidates, key=lambda candidate: unread[candidate[0]])))
    # Month-first and day-first may both fit: files are in order of time, and days next to each other.
    return min(fits, key=lambda candidate: _disorder(source, candidate[1])) if len(fits) > 1 else fits[0]


def _parse(date_format: str) -> str:
    # '%Y' also reads a two-digit year, as the first century.
    return _plausible(f"try_strptime(trim(CAST(sold_at AS VARCHAR)), '{date_format}')")


def _serial() -> str:
    """Days since 1899-12-30, as a spreadsheet counts them."""
    serial = "try_cast(trim(CAST(sold_at AS VARCHAR)) AS DOUBLE)"
    seconds = f"CASE WHEN {serial} BETWEEN 0 AND 200000 THEN CAST(round({serial} * 86400) AS BIGINT) END"
    return _plausible(f"TIMESTAMP '1899-12-30' + to_seconds({seconds})")


def _plausible(timestamp: str) -> str:
    return f"CASE WHEN year({timestamp}) BETWEEN 1970 AND 2199 THEN {timestamp} END"


def _unread(source: SourceFile, timestamp: str) -> int:
    return int(source.connection.execute(f"SELECT count(*) FROM dates WHERE ({timestamp}) IS NULL").fetchall()[0][0])


def _odd_date(source: SourceFile, name: str, timestamp: str) -> str:
    odd = f"SELECT sold_at, row_no FROM dates WHERE ({timestamp}) IS NULL ORDER BY row_no LIMIT 1"
    written, row = source.connection.execute(odd).fetchall()[0]
    [(read,)] = source.connection.execute(f"SELECT count({timestamp}) FROM dates").fetchall()
    why = f"is not written like the rest of the file ({name})" if read else "is no date that is read"
    return f"{source.path}: InvoiceDate {written[:40]!r} of row {row} {why}."


def _disorder(source: SourceFile, timestamp: str) -> tuple[int, int]:
    """(rows that step back in time, seconds the file spans)."""
    pairs = f"SELECT {timestamp} AS t, lag({timestamp}) OVER (ORDER BY row_no) AS u FROM source"
    sql = f"SELECT count(*) FILTER (t < u), coalesce(epoch(max(t) - min(t)), 0) FROM ({pairs})"
    back, span = source.connection.execute(sql).fetchall()[0]
    return int(back), int(span)
