"""Exports as people hand them in: filled down, sorted, joined, without Id, in other currencies, with odd dates."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from pathlib import Path

import pytest

from file_import.shopify_csv import REPEATED
from pulsepoint.brand.facts import Omission
from pulsepoint.brand.vocabulary import OmissionKind
from tests.builders.exports import further, head, imported, write_export

pytestmark = pytest.mark.slow

EUR = 1_000_000


@pytest.mark.rule("SHOP-23")
@pytest.mark.real_data
@pytest.mark.parametrize(
    ("file", "currency", "orders", "net_micros", "left_out"),
    [
        ("C01-filled-down.csv", "EUR", 1, 135 * EUR, {}),
        ("C03-sorted-by-item.csv", "EUR", 2, 215 * EUR, {}),
        ("C06-kwd.csv", "KWD", 2, 8_765_000, {}),
        ("C07-overlap.csv", "EUR", 2, 215 * EUR, {REPEATED: 1}),
    ],
)
def test_reported_exports_are_counted_as_they_are_meant(
    real_data: Path, file: str, currency: str, orders: int, net_micros: int, left_out: dict[Omission, int]
) -> None:
    made = imported(real_data / "field-cases" / file, currency=currency)
    assert (len(made.orders), made.net_micros) == (orders, net_micros)
    # The answer tells what is stored.
    assert (made.tally.total.orders, made.tally.total.net_micros) == (orders, net_micros)
    assert made.left_out == left_out


@pytest.mark.rule("SHOP-23")
@pytest.mark.parametrize("with_id", [True, False])
@pytest.mark.parametrize("filled", [True, False])
@pytest.mark.parametrize("copies", [1, 2, 3])
@pytest.mark.parametrize("seed", range(3))
def test_any_order_of_rows_filled_down_or_not_and_however_often_is_the_same_orders(
    tmp_path: Path, with_id: bool, filled: bool, copies: int, seed: int
) -> None:
    own = [{"Id": str(number)} if with_id else {} for number in (1, 2, 3)]
    first = head("#1", Subtotal="135.00", Total="135.00", Discount_Amount="15.00") | own[0]
    rest = [further("#1"), head("#2", "80.00") | own[1], head("#3", "7.00") | own[2]]
    rows = [first, *rest]
    if filled:
        rows[1] = first | {key: rows[1][key] for key in rows[1] if key.startswith("Lineitem")}
    rows *= copies
    random.Random(seed).shuffle(rows)
    made = imported(write_export(tmp_path / "orders.csv", rows))
    assert sorted(order.net_micros for order in made.orders.values()) == [7 * EUR, 80 * EUR, 135 * EUR]
    assert made.tally.total.orders == 3
    assert made.left_out == ({REPEATED: 3} if copies > 1 else {})


def test_two_lines_alike_are_two_lines_where_the_subtotal_says_so(tmp_path: Path) -> None:
    row = head("#1", "10.00", Subtotal="20.00", Total="20.00", Id="1")
    for rows in ([row, row], [row, further("#1", "10.00", "Item #1", **{"Lineitem sku": "S#1"})]):
        made = imported(write_export(tmp_path / "orders.csv", rows))
        assert [(order.net_micros, len(order.lines)) for order in made.orders.values()] == [(20 * EUR, 2)]
        assert made.left_out == {}


def test_of_two_exports_of_an_order_the_later_one_counts(tmp_path: Path) -> None:
    before = head("#1", Id="1", Refunded_Amount="0.00")
    after = head("#1", Id="1", Refunded_Amount="20.00", **{"Financial Status": "partially_refunded"})
    for rows in ([before, after], [after, before]):
        made = imported(
            write_export(
                tmp_path / "orders.csv",
                [{**row, "Refunded Amount": row.get("Refunded Amount", "0.00")} for row in rows],
            )
        )
        assert (made.tally.total.orders, made.tally.total.refunds, made.tally.total.net_micros) == (1, 1, 80 * EUR)


def test_orders_of_one_name_and_different_ids_or_days_stay_apart(tmp_path: Path) -> None:
    by_id = [head("#1", Id="1"), further("#1"), head("#1", "30.00", Id="2")]
    by_day = [head("#1"), head("#1", "30.00", Created_at="2025-01-01 10:00:00 +0000")]
    for rows in (by_id, by_day):
        assert len(imported(write_export(tmp_path / "orders.csv", rows)).orders) == 2


@pytest.mark.parametrize("written", ["2026-11-10 12:00:00", "11/10/2026 12:00", "2026-11-10T12:00:00Z"])
def test_without_id_an_order_is_the_same_however_its_time_is_written(tmp_path: Path, written: str) -> None:
    ids = {
        order_id
        for moment in (head()["Created at"], written)
        for order_id in imported(write_export(tmp_path / "orders.csv", [head(Created_at=moment)])).orders
    }
    assert len(ids) == 1


@pytest.mark.parametrize("currency", ["KWD", "BHD", "OMR", "JOD", "TND"])
def test_amounts_of_three_decimals_are_kept_to_the_last(tmp_path: Path, currency: str) -> None:
    row = head(
        price="1.255", Subtotal="2.010", Total="2.511", Shipping="0.501", Currency=currency, Refunded_Amount="0.333",
        **{"Lineitem quantity": "2", "Discount Amount": "0.500"},
    )  # fmt: skip
    made = imported(write_export(tmp_path / "orders.csv", [row]), currency=currency)
    [order] = made.orders.values()
    assert (order.gross_micros, order.discount_micros, order.shipping_micros) == (2_510_000, 500_000, 501_000)
    assert order.total_micros == 2_511_000
    assert made.tally.rows()[0]["net_revenue"] == "1.677"


@pytest.mark.parametrize(
    "moment",
    ["0001-01-01 00:00:00 +1400", "9999-12-31 23:59:59 -1200", "1900-01-01 00:00:00", "2200-01-01 00:00:00 +0000"],
)
def test_a_date_that_cannot_be_right_leaves_out_its_order_alone(tmp_path: Path, moment: str) -> None:
    rows = [head("#1", Id="1", Created_at=moment), head("#2", Id="2"), head("#3", Id="3", Cancelled_at=moment)]
    made = imported(write_export(tmp_path / "orders.csv", [{"Cancelled at": "", **row} for row in rows]))
    assert [order.name for order in made.orders.values()] == ["#2"]
    assert sum(made.left_out.values()) == 2
    assert made.plan.ends_at.year == 2026


NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)


@pytest.mark.rule("SHOP-23")
@pytest.mark.parametrize("column", ["Created at", "Cancelled at"])
@pytest.mark.parametrize("moment", ["2099-01-01 00:00:00 +0000", "2026-12-01 13:00:00 +0000", "12/05/2026 10:00"])
@pytest.mark.parametrize("own_id", ["1", ""])
def test_an_order_dated_after_tomorrow_is_left_out_and_named(
    tmp_path: Path, column: str, moment: str, own_id: str
) -> None:
    rows = [{"Cancelled at": "", **head("#1", "20.00", Id=own_id), column: moment}, head("#2", Id="2")]
    made = imported(write_export(tmp_path / "orders.csv", rows), now=NOW)
    assert [order.name for order in made.orders.values()] == ["#2"]
    assert made.left_out == {Omission.of(OmissionKind.IN_THE_FUTURE, column=column): 1}
    assert made.left_out_micros == 20 * EUR
    assert made.plan.ends_at == datetime(2026, 11, 10, 12, tzinfo=UTC)


def test_an_order_of_a_clock_that_is_ahead_is_counted(tmp_path: Path) -> None:
    row = head("#1", Created_at="2026-12-01 11:00:00 +0000")
    assert len(imported(write_export(tmp_path / "orders.csv", [row]), now=NOW).orders) == 1


@pytest.mark.parametrize("timezone", ["Asia/Tokyo", "Pacific/Pago_Pago", "UTC"])
@pytest.mark.parametrize("moment", ["1970-01-01 00:00:00", "2199-12-31 23:59:59"])
def test_the_first_and_the_last_day_are_read_in_every_timezone(tmp_path: Path, timezone: str, moment: str) -> None:
    rows = [head("#1", Created_at=moment), head("#2")]
    made = imported(write_export(tmp_path / "orders.csv", rows), timezone=timezone)
    assert len(made.orders) + sum(made.left_out.values()) == 2
    assert made.plan.ends_at.year == 2026


@pytest.mark.rule("SHOP-12")
@pytest.mark.parametrize("item", ["Tip", "Trinkgeld"])
def test_a_tip_is_no_sale_and_no_discount(tmp_path: Path, item: str) -> None:
    rows = [
        head("#1", "40.00", Total="45.00", Id="1"),
        further("#1", "5.00", item, **{"Lineitem sku": "", "Lineitem taxable": "false"}),
    ]
    made = imported(write_export(tmp_path / "orders.csv", rows))
    [order] = made.orders.values()
    assert (order.net_micros, order.discount_micros, order.total_micros) == (40 * EUR, 0, 45 * EUR)


def test_goods_named_like_a_tip_stay_goods_where_the_subtotal_counts_them(tmp_path: Path) -> None:
    rows = [head("#1", "40.00", Subtotal="45.00", Total="45.00"), further("#1", "5.00", "Tip", **{"Lineitem sku": ""})]
    assert imported(write_export(tmp_path / "orders.csv", rows)).net_micros == 45 * EUR


@pytest.mark.parametrize("tip_row", [True, False])
@pytest.mark.parametrize("names_the_rate", [True, False])
def test_a_tip_does_not_make_an_order_with_tax_look_untaxed(
    tmp_path: Path, tip_row: bool, names_the_rate: bool
) -> None:
    """119.00 hold 19.00 tax; 20.00 are a tip: net sales are 100.00 and not 119.00."""
    taxed = {"Taxes": "19.00", **({"Tax 1 Name": "MwSt 19%"} if names_the_rate else {})}
    tipped = head("#1", "119.00", Total="139.00", Id="1", **taxed)
    rows = [tipped, *([further("#1", "20.00", "Tip", **{"Lineitem sku": ""})] if tip_row else [])]
    # Where the order names no rate, others of the file say how the shop writes its prices.
    rows.append(head("#2", "119.00", Id="2", **taxed))
    made = imported(write_export(tmp_path / "orders.csv", rows))
    assert [(order.net_micros, order.taxes_included) for order in made.orders.values()] == [(100 * EUR, True)] * 2


def test_a_tip_on_top_of_tax_leaves_the_order_untaxed(tmp_path: Path) -> None:
    row = head("#1", "100.00", Taxes="19.00", Total="124.00", **{"Tax 1 Name": "VAT 19 %"})
    [order] = imported(write_export(tmp_path / "orders.csv", [row])).orders.values()
    assert (order.net_micros, order.taxes_included, order.total_micros) == (100 * EUR, False, 124 * EUR)
