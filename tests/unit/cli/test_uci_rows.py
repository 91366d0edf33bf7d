"""Reading UCI Online Retail files: headers, dates, rounding, and what is left out."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from file_import.source_file import FileFormat, UnreadableFile, open_source
from file_import.uci_rows import LeftOut, UciRows, prepare
from pulsepoint.brand.facts import Omission
from pulsepoint.brand.vocabulary import OmissionKind
from tests.builders.transactions import HEADER, Line, write_transactions

pytestmark = pytest.mark.slow


def read(path: Path) -> tuple[UciRows, list[tuple[datetime, str, int, int]]]:
    with open_source(path) as source:
        assert source.format is FileFormat.UCI
        prepared = prepare(source)
        return prepared, [(row.started, row.invoice, row.quantity, row.cents) for row in prepared.rows()]


@pytest.mark.parametrize(
    "header",
    [
        HEADER,
        tuple(name.lower() for name in HEADER),
        (
            "Invoice No",
            "Stock Code",
            "description ",
            "QUANTITY",
            "Invoice Date",
            "Unit Price",
            "Customer ID",
            "Country",
        ),
        ("Invoice", "StockCode", "Description", "Quantity", "InvoiceDate", "Price", "Customer ID", "Country"),
    ],
)
def test_header_case_and_spaces_do_not_matter(tmp_path: Path, header: tuple[str, ...]) -> None:
    _, rows = read(write_transactions(tmp_path / "sales.csv", [Line()], header))
    assert rows == [(datetime(2011, 2, 1, 10, 0), "536365", 1, 255)]


def test_a_file_with_other_columns_is_refused_with_the_columns_expected(tmp_path: Path) -> None:
    path = tmp_path / "other.csv"
    path.write_text("date,amount\n2011-01-01,5\n")
    with pytest.raises(UnreadableFile, match=r"\(date, amount\).*InvoiceNo"), open_source(path):
        pass


def test_a_file_that_is_not_there_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match=r"absent\.csv"), open_source(tmp_path / "absent.csv"):
        pass


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (["12/1/2010 8:26", "12/13/2010 17:01"], datetime(2010, 12, 1, 8, 26)),
        (["01/12/2010 08:26", "13/12/2010 17:01"], datetime(2010, 12, 1, 8, 26)),
        (["12/1/10 8:26", "12/13/10 17:01"], datetime(2010, 12, 1, 8, 26)),
        (["2010-12-01 08:26:00", "2010-12-13 17:01:00"], datetime(2010, 12, 1, 8, 26)),
        (["2010-12-01T08:26:00", "2010-12-13T17:01:00"], datetime(2010, 12, 1, 8, 26)),
        (["12/1/2010 8:26:00 AM", "12/13/2010 5:01:00 PM"], datetime(2010, 12, 1, 8, 26)),
        (["40513.351388888892", "40525.709027777775"], datetime(2010, 12, 1, 8, 26)),
        (["2010-12-01 08:26:00.000000", "2010-12-13 17:01:00.000000"], datetime(2010, 12, 1, 8, 26)),
        (["2010/12/01 08:26", "2010/12/13 17:01"], datetime(2010, 12, 1, 8, 26)),
        (["01.12.10 08:26", "13.12.10 17:01"], datetime(2010, 12, 1, 8, 26)),
        (["1-Dec-2010 8:26", "13-Dec-2010 17:01"], datetime(2010, 12, 1, 8, 26)),
    ],
)
def test_every_date_format_spreadsheets_export_is_read(tmp_path: Path, written: list[str], expected: datetime) -> None:
    lines = [Line(invoice=str(number), at=text) for number, text in enumerate(written)]
    _, rows = read(write_transactions(tmp_path / "sales.csv", lines))
    assert rows[0][0] == expected


def test_dates_that_fit_day_first_and_month_first_are_read_in_order_of_time(tmp_path: Path) -> None:
    day_first = [Line(invoice=str(day), at=f"{day:02d}/02/2011 10:00") for day in range(1, 13)]
    _, rows = read(write_transactions(tmp_path / "sales.csv", day_first))
    assert {started.month for started, *_ in rows} == {2}


def test_dates_of_no_known_format_are_refused_with_the_first_one(tmp_path: Path) -> None:
    path = write_transactions(tmp_path / "sales.csv", [Line(at="the day before yesterday")])
    with open_source(path) as source, pytest.raises(UnreadableFile, match="the day before yesterday"):
        prepare(source)


def test_one_date_unlike_the_others_is_refused_by_its_row(tmp_path: Path) -> None:
    lines = [Line("1", at="12/1/2010 8:26"), Line("2", at="12/13/2010 9:00"), Line("3", at="2010-12-14 09:00:00")]
    path = write_transactions(tmp_path / "sales.csv", lines)
    message = r"'2010-12-14 09:00:00' of row 3 is not written like the rest of the file \(%m/%d/%Y %H:%M\)"
    with open_source(path) as source, pytest.raises(UnreadableFile, match=message):
        prepare(source)


@pytest.mark.parametrize("at", ["20101201", "1291192000", "9999-12-01 08:26:00"])
def test_a_number_or_year_that_can_be_no_sale_is_refused_as_a_date(tmp_path: Path, at: str) -> None:
    path = write_transactions(tmp_path / "sales.csv", [Line(at=at)])
    with open_source(path) as source, pytest.raises(UnreadableFile, match=f"'{at}' of row 1 is no date"):
        prepare(source)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("TIMESTAMP", datetime(2010, 12, 1, 8, 26)),
        ("TIMESTAMP_NS", datetime(2010, 12, 1, 8, 26)),
        ("TIMESTAMPTZ", datetime(2010, 12, 1, 8, 26)),
        ("DATE", datetime(2010, 12, 1)),
        ("VARCHAR", datetime(2010, 12, 1, 8, 26)),
    ],
)
def test_every_type_of_date_in_parquet_is_the_wall_time_it_shows(tmp_path: Path, kind: str, expected: datetime) -> None:
    path = tmp_path / "sales.parquet"
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute(
        "COPY (SELECT '1' AS InvoiceNo, 'A' AS StockCode, 2 AS Quantity, 1.5 AS UnitPrice, 'nan'::DOUBLE AS CustomerID,"
        f" CAST(TIMESTAMP '2010-12-01 08:26:00' AS {kind}) AS InvoiceDate) TO '{path}' (FORMAT parquet)"
    )
    with open_source(path) as source:
        assert [(row.started, row.customer) for row in prepare(source).rows()] == [(expected, None)]


@pytest.mark.parametrize("number", ["NaN", "inf", "-inf", "1e30", "£2.55", "2,5,5.1"])
def test_a_cell_that_is_no_number_leaves_out_its_row_alone(tmp_path: Path, number: str) -> None:
    lines = [Line("1"), Line("2", price=number), Line("3", quantity=number)]
    prepared, rows = read(write_transactions(tmp_path / "sales.csv", lines))
    assert [invoice for _, invoice, *_ in rows] == ["1"]
    assert [(left.reason, left.rows) for left in prepared.left_out] == [(Omission(OmissionKind.UNREADABLE), 2)]


def test_part_of_a_piece_is_no_quantity(tmp_path: Path) -> None:
    prepared, rows = read(write_transactions(tmp_path / "sales.csv", [Line("1"), Line("2", quantity="2.5")]))
    assert [invoice for _, invoice, *_ in rows] == ["1"]
    assert prepared.left_out == (LeftOut("2011-02", Omission(OmissionKind.UNREADABLE), 1, 0),)


def test_what_the_instance_would_refuse_as_too_large_is_left_out_with_its_sum(tmp_path: Path) -> None:
    prepared, rows = read(write_transactions(tmp_path / "sales.csv", [Line("1"), Line("2", quantity=9_999_999_999)]))
    assert [invoice for _, invoice, *_ in rows] == ["1"]
    assert prepared.left_out == (
        LeftOut("2011-02", Omission(OmissionKind.AMOUNT_TOO_LARGE), 1, 9_999_999_999 * 2_550_000),
    )


def test_numbers_with_a_decimal_comma_are_read_as_such(tmp_path: Path) -> None:
    _, rows = read(write_transactions(tmp_path / "s.csv", [Line("1", price="2,55"), Line("2", price="1.234,5")]))
    assert [cents for *_, cents in rows] == [255, 123450]


def test_numbers_with_grouped_thousands_are_read_as_such(tmp_path: Path) -> None:
    lines = [Line("1", price="1,234.50"), Line("2", price="2.55"), Line("3", quantity="1,200")]
    _, rows = read(write_transactions(tmp_path / "sales.csv", lines))
    assert [(quantity, cents) for *_, quantity, cents in rows] == [(1, 123450), (1, 255), (1200, 255)]


@pytest.mark.parametrize("price", [0.001, 0.005, 1.005, 2.675, 0.125, 1.115, 2.345, 9.995, 1e-9, 4.95, 33.33333])
def test_prices_are_rounded_exactly_as_duckdb_rounds_them(tmp_path: Path, price: float) -> None:
    path = write_transactions(tmp_path / "sales.csv", [Line(price=price, quantity=7)])
    expected = duckdb.execute(
        "SELECT sum(Quantity * cast(round(UnitPrice, 2) AS DECIMAL(18, 2))) FROM read_csv(?)", [str(path)]
    ).fetchall()[0][0]
    _, rows = read(path)
    assert [quantity * cents for *_, quantity, cents in rows] == [int(expected * 100)]


def test_rows_without_a_price_above_zero_are_left_out_with_their_count_and_sum(tmp_path: Path) -> None:
    lines = [
        Line("1", quantity=2),
        Line("2", quantity=-9, price=0),
        Line("A3", quantity=1, price=-11062.06),
        Line("4", quantity=0),
        Line("5", quantity="many"),
    ]
    prepared, rows = read(write_transactions(tmp_path / "sales.csv", lines))
    assert [invoice for _, invoice, *_ in rows] == ["1"]
    assert prepared.left_out == (
        LeftOut("2011-02", Omission(OmissionKind.PRICE_NOT_ABOVE_ZERO), 2, -11_062_060_000),
        LeftOut("2011-02", Omission(OmissionKind.QUANTITY_ZERO), 1, 0),
        LeftOut("2011-02", Omission(OmissionKind.UNREADABLE), 1, 0),
    )


def test_codes_that_a_spreadsheet_made_decimals_of_are_the_same_codes(tmp_path: Path) -> None:
    bought = Line("1", quantity=3, customer="17850.0")
    returned = Line("C2", quantity=-3, customer="17850", at=datetime(2011, 2, 2, 9, 0))
    with open_source(write_transactions(tmp_path / "sales.csv", [bought, returned])) as source:
        assert [row.key for row in prepare(source).rows()] == [("17850", "85123A", 255)] * 2


@pytest.mark.parametrize(
    ("encoding", "description"),
    [
        ("latin-1", "£1 CAFÉ SET"),
        ("cp1252", "“SMART” €1 CAFÉ SET"),
        ("utf-8-sig", "“SMART” €1 CAFÉ SET"),
        ("utf-16", "“SMART” €1 CAFÉ SET"),
    ],
)
def test_descriptions_are_read_in_every_encoding_spreadsheets_save(
    tmp_path: Path, encoding: str, description: str
) -> None:
    path = write_transactions(tmp_path / "sales.csv", [Line(description=description)])
    path.write_bytes(path.read_text(encoding="utf-8").encode(encoding))
    with open_source(path) as source:
        assert [row.description for row in prepare(source).rows()] == [description]


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_other_delimiters_are_found(tmp_path: Path, delimiter: str) -> None:
    path = write_transactions(tmp_path / "sales.csv", [Line("1"), Line("2")])
    path.write_text(path.read_text().replace(",", delimiter))
    assert len(read(path)[1]) == 2


def test_quotes_that_come_late_in_a_file_are_quotes(tmp_path: Path) -> None:
    lines = [Line(str(number), description="PLAIN") for number in range(21_000)]
    lines.append(Line("last", description='SET OF 3, "LARGE"\nAND SMALL', quantity=7))
    _, rows = read(write_transactions(tmp_path / "sales.csv", lines))
    assert sum(quantity for _, _, quantity, _ in rows) == 21_007


def test_a_quote_that_is_never_closed_is_refused_and_swallows_nothing(tmp_path: Path) -> None:
    path = write_transactions(tmp_path / "sales.csv", [Line("1", description="A CARD"), Line("2"), Line("3")])
    path.write_text(path.read_text().replace("A CARD", '"A CARD'))
    with pytest.raises(UnreadableFile, match=r"cannot be read as CSV, line 4: unexpected end"), open_source(path):
        pass


def test_a_row_with_missing_cells_is_left_out_and_the_rest_is_read(tmp_path: Path) -> None:
    path = write_transactions(tmp_path / "sales.csv", [Line("1", description="A LINE\nAND ANOTHER"), Line("2")])
    with path.open("a", newline="") as file:
        file.write("3,85123A\n")
    prepared, rows = read(path)
    assert [invoice for _, invoice, *_ in rows] == ["1", "2"]
    assert prepared.left_out == (LeftOut(None, Omission(OmissionKind.UNREADABLE), 1, 0),)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"PK\x03\x04" + bytes(200), "Excel workbook"),
        (b"\x1f\x8b\x08\x00" + bytes(20), "gzip"),
        (b"PAR1" + bytes(200), "cannot be read as CSV or Parquet"),
        (bytes(range(1, 256)) * 40, r"cannot be read|no known format"),
    ],
)
def test_a_file_that_is_no_table_is_refused_for_what_it_is(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "sales.csv"
    path.write_bytes(content)
    with pytest.raises(UnreadableFile, match=message), open_source(path):
        pass


def test_sales_come_before_returns_of_the_same_minute(tmp_path: Path) -> None:
    lines = [Line("C1", quantity=-1), Line("2", quantity=1)]
    _, rows = read(write_transactions(tmp_path / "sales.csv", lines))
    assert [invoice for _, invoice, *_ in rows] == ["2", "C1"]
