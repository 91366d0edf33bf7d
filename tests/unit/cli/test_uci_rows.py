"""Reading UCI Online Retail files: headers, dates, rounding, and what is left out."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from pulsepoint.imports.source_file import FileFormat, UnreadableFile, open_source
from pulsepoint.imports.uci_rows import LeftOut, UciRows, prepare
from tests.builders.transactions import HEADER, Line, write_transactions


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
        LeftOut("2011-02", "price not above zero", 2, -1106206),
        LeftOut("2011-02", "quantity zero", 1, 0),
        LeftOut("2011-02", "unreadable", 1, 0),
    )


def test_codes_that_a_spreadsheet_made_decimals_of_are_the_same_codes(tmp_path: Path) -> None:
    bought = Line("1", quantity=3, customer="17850.0")
    returned = Line("C2", quantity=-3, customer="17850", at=datetime(2011, 2, 2, 9, 0))
    with open_source(write_transactions(tmp_path / "sales.csv", [bought, returned])) as source:
        assert [row.key for row in prepare(source).rows()] == [("17850", "85123A", 255)] * 2


def test_latin_1_descriptions_are_read(tmp_path: Path) -> None:
    path = write_transactions(tmp_path / "sales.csv", [Line(description="£1 CAFÉ SET")])
    path.write_bytes(path.read_text(encoding="utf-8").encode("latin-1"))
    with open_source(path) as source:
        assert [row.description for row in prepare(source).rows()] == ["£1 CAFÉ SET"]


def test_sales_come_before_returns_of_the_same_minute(tmp_path: Path) -> None:
    lines = [Line("C1", quantity=-1), Line("2", quantity=1)]
    _, rows = read(write_transactions(tmp_path / "sales.csv", lines))
    assert [invoice for _, invoice, *_ in rows] == ["2", "C1"]
