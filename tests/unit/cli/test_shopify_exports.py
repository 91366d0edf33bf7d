"""A Shopify orders export as webhooks: grouping, discounts, taxes, refunds, cancellations."""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from file_import.plan import Plan, open_plan
from file_import.source_file import FileFormat
from file_import.webhooks import Webhook, first_delivery
from ingest_shopify.domain import read_delivery
from pulsepoint.brand.sentences import omission_text
from pulsepoint.brand.texts import texts
from pulsepoint.brand.vocabulary import CancelledOrders
from pulsepoint.events.orders import OrderRecorded, RefundRecorded
from pulsepoint.metrics.revenue import SoldOrder, sales_entries

SHOP = "first-light.myshopify.com"
CENT = 10_000
# The header as Shopify's admin writes it, shortened to what is read plus some that is not.
HEADER = next(
    csv.reader(
        [
            "Name,Email,Financial Status,Paid at,Fulfillment Status,Currency,Subtotal,Shipping,Taxes,Total,"
            "Discount Code,Discount Amount,Created at,Lineitem quantity,Lineitem name,Lineitem price,"
            "Lineitem compare at price,Lineitem sku,Lineitem taxable,Shipping Country,Cancelled at,Refunded Amount,"
            "Id,Source,Lineitem discount"
        ]
    )
)
FIRST_ROW = {
    "Name": "#1001",
    "Email": "ada@example.com",
    "Financial Status": "paid",
    "Paid at": "2026-03-03 10:15:00 -0500",
    "Currency": "GBP",
    "Subtotal": "20.00",
    "Shipping": "0.00",
    "Taxes": "0.00",
    "Total": "20.00",
    "Created at": "2026-03-03 10:14:00 -0500",
    "Lineitem quantity": "2",
    "Lineitem name": "Fern print",
    "Lineitem price": "10.00",
    "Lineitem sku": "FERN-1",
    "Lineitem taxable": "true",
    "Shipping Country": "GB",
    "Refunded Amount": "0.00",
    "Id": "5550000001",
}


def row(**changed: str) -> dict[str, str]:
    """The first row of an order; keyword names with underscores stand for the header's spaces."""
    return {**FIRST_ROW, **{name.replace("_", " "): value for name, value in changed.items()}}


def more(name: str = "#1001", **line: str) -> dict[str, str]:
    """A further row of an order: only name, e-mail, date and the line are filled."""
    return {
        "Name": name,
        "Email": "ada@example.com",
        "Created at": FIRST_ROW["Created at"],
        **{key.replace("_", " "): value for key, value in line.items()},
    }


def export(tmp_path: Path, *rows: dict[str, str]) -> Path:
    path = tmp_path / "orders_export.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, HEADER)
        writer.writeheader()
        writer.writerows(rows)
    return path


def converted(tmp_path: Path, *rows: dict[str, str]) -> tuple[Plan, list[Webhook]]:
    with open_plan(export(tmp_path, *rows), shop=SHOP, currency="GBP", zone=ZoneInfo("Europe/London")) as plan:
        assert plan.format is FileFormat.SHOPIFY
        return plan, list(plan.webhooks())


def counted(webhooks: list[Webhook]) -> dict[str, int]:
    """Cents by day and kind of entry, as ingest-shopify reads the bodies and the revenue rule counts them."""
    order: SoldOrder | None = None
    refunds = {}
    for webhook in webhooks:
        delivery = first_delivery(webhook, SHOP)
        payload = read_delivery(
            delivery.topic,
            "2026-04",
            delivery.body,
            shop=SHOP,
            received_at=datetime.fromisoformat(delivery.triggered_at),
        ).payload
        if isinstance(payload, RefundRecorded):
            refunds[payload.refund.refund_id] = payload.refund
        else:
            assert isinstance(payload, OrderRecorded)
            refunds |= {refund.refund_id: refund for refund in payload.refunds}
            order = SoldOrder(
                payload.order_id,
                payload.processed_at,
                payload.net_micros,
                payload.taxes_included,
                payload.cancelled_at,
                payload.test,
                False,
            )
    entries = sales_entries(order, refunds.values(), cancelled_orders=CancelledOrders.RETURN)
    return {f"{entry.occurred_at.date()} {entry.kind}": entry.net_micros // 10_000 for entry in entries}


def test_rows_of_one_name_are_one_order_under_shopifys_own_id(tmp_path: Path) -> None:
    second = more(Lineitem_quantity="1", Lineitem_name="Tote", Lineitem_price="5.00", Lineitem_sku="TOTE")
    _, [order] = converted(tmp_path, row(Subtotal="25.00", Total="25.00"), second)
    body: Any = order.body
    assert (order.topic, body["id"], body["name"]) == ("orders/create", 5550000001, "#1001")
    assert [(line["sku"], line["quantity"]) for line in body["line_items"]] == [("FERN-1", 2), ("TOTE", 1)]
    assert body["created_at"] == "2026-03-03T15:14:00+00:00"
    assert counted([order]) == {"2026-03-03 sale": 2500}


def test_an_export_newest_first_is_sent_oldest_first(tmp_path: Path) -> None:
    newer = row(Name="#1002", Id="2", **{"Created at": "2026-03-05 10:00:00 -0500"})
    older = row(Name="#1001", Id="1", **{"Created at": "2026-03-05 12:00:00 +0100"})
    _, sent = converted(tmp_path, newer, older)
    assert [webhook.resource_id for webhook in sent] == [1, 2]


def test_two_orders_of_the_same_name_stay_two(tmp_path: Path) -> None:
    _, sent = converted(tmp_path, row(Id="1"), row(Id="2"))
    assert len(sent) == 2


def test_the_discount_is_what_the_lines_cost_more_than_the_subtotal(tmp_path: Path) -> None:
    first = row(Subtotal="23.99", Total="23.99", Discount_Code="FALL", Discount_Amount="6.01")
    _, [order] = converted(tmp_path, first, more(Lineitem_quantity="1", Lineitem_name="Tote", Lineitem_price="10.00"))
    body: Any = order.body
    assert body["total_discounts"] == "6.01"
    assert [line["discount_allocations"][0]["amount"] for line in body["line_items"]] == ["4.01", "2.00"]
    assert body["discount_codes"] == [{"code": "FALL", "amount": "6.01", "type": "fixed_amount"}]
    assert counted([order]) == {"2026-03-03 sale": 2399}


def test_a_discount_told_by_line_stays_on_its_line(tmp_path: Path) -> None:
    first = row(Subtotal="15.00", Total="15.00", Lineitem_discount="5.00")
    _, [order] = converted(tmp_path, first, more(Lineitem_quantity="1", Lineitem_name="Tote", Lineitem_price="0.00"))
    body: Any = order.body
    assert body["line_items"][0]["discount_allocations"][0]["amount"] == "5.00"


def test_a_free_shipping_code_takes_nothing_off_the_goods(tmp_path: Path) -> None:
    _, [order] = converted(tmp_path, row(Discount_Code="FREESHIP", Discount_Amount="4.99"))
    assert counted([order]) == {"2026-03-03 sale": 2000}


@pytest.mark.parametrize(
    ("taxes", "total", "net"),
    [("5.00", "31.00", 2000), ("5.00", "26.00", 1615)],
    ids=["tax on top", "tax included, shared with shipping"],
)
def test_whether_tax_is_included_follows_from_the_total(tmp_path: Path, taxes: str, total: str, net: int) -> None:
    _, [order] = converted(tmp_path, row(Shipping="6.00", Taxes=taxes, Total=total))
    assert counted([order]) == {"2026-03-03 sale": net}
    assert order.net_micros == net * CENT
    assert order.body["total_price"] == total


def test_a_full_refund_gives_back_every_line_on_the_orders_day(tmp_path: Path) -> None:
    first = row(
        Shipping="6.00", Taxes="5.00", Total="31.00", Refunded_Amount="31.00", **{"Financial Status": "refunded"}
    )
    _, sent = converted(tmp_path, first)
    assert [webhook.topic for webhook in sent] == ["orders/create", "refunds/create"]
    assert counted(sent) == {"2026-03-03 sale": 2000, "2026-03-03 refund": -2000}
    assert [webhook.net_micros for webhook in sent] == [2000 * CENT, -2000 * CENT]
    assert sent[1].body["transactions"][0]["amount"] == "31.00"  # type: ignore[index]


@pytest.mark.parametrize(
    ("included", "refunded", "net"),
    [(False, "6.00", -500), (False, "24.00", -2000), (True, "5.00", -400), (False, "27.00", -2000)],
)
def test_a_partial_refund_is_goods_and_their_tax_first_then_shipping(
    tmp_path: Path, included: bool, refunded: str, net: int
) -> None:
    # Goods 20.00 and shipping 6.00, 20 % tax on both: goods cost 24.00 with tax, or hold 4.00 of it.
    first = row(Shipping="6.00", Taxes="5.20", Total="26.00" if included else "31.20", Refunded_Amount=refunded)
    _, sent = converted(tmp_path, first)
    assert sent[1].net_micros == net * CENT
    assert counted(sent)["2026-03-03 refund"] * CENT == sent[1].net_micros


def test_a_cancelled_order_counts_on_its_day_and_back_on_the_day_of_cancellation(tmp_path: Path) -> None:
    _, sent = converted(tmp_path, row(Cancelled_at="2026-03-09 08:00:00 -0500", **{"Financial Status": "voided"}))
    assert [webhook.topic for webhook in sent] == ["orders/create", "orders/cancelled"]
    assert counted(sent) == {"2026-03-03 sale": 2000, "2026-03-09 cancellation": -2000}
    assert [webhook.net_micros for webhook in sent] == [2000 * CENT, -2000 * CENT]


def test_a_cancelled_and_refunded_order_is_given_back_once(tmp_path: Path) -> None:
    first = row(Cancelled_at="2026-03-09 08:00:00 -0500", Refunded_Amount="20.00")
    _, sent = converted(tmp_path, first)
    assert counted(sent) == {"2026-03-03 sale": 2000, "2026-03-09 refund": -2000}
    assert sum(webhook.net_micros for webhook in sent) == 0


@pytest.mark.parametrize(
    "broken",
    [
        {"Lineitem price": "ten"},
        {"Lineitem price": "-10.00"},
        {"Lineitem price": "1e30"},
        {"Lineitem quantity": "-1"},
        {"Lineitem quantity": "1.5"},
        {"Created at": "yesterday"},
        {"Currency": "USD"},
        {"Subtotal": "NaN"},
        {"Subtotal": "$20.00"},
        {"Subtotal": "2,00,0"},
    ],
)
def test_an_order_that_cannot_be_read_is_left_out_with_its_reason(tmp_path: Path, broken: dict[str, str]) -> None:
    plan, sent = converted(tmp_path, {**row(Name="#1", Id="1"), **broken}, row(Name="#2", Id="2"))
    assert [webhook.resource_id for webhook in sent] == [2]
    assert [entry.rows for entry in plan.left_out()] == [1]


@pytest.mark.parametrize(
    ("subtotal", "price", "cents"),
    [("2,040.50", "1020.25", 204050), ("20,50", "10,25", 2050), ("2.040,50", "1.020,25", 204050)],
    ids=["grouped thousands", "decimal comma", "both"],
)
def test_amounts_that_a_spreadsheet_rewrote_keep_their_value(
    tmp_path: Path, subtotal: str, price: str, cents: int
) -> None:
    _, [order] = converted(tmp_path, row(Subtotal=subtotal, Total=subtotal, Lineitem_price=price))
    assert counted([order]) == {"2026-03-03 sale": cents}


@pytest.mark.parametrize(
    "written",
    [
        "2026-03-03 15:14:00 UTC",
        "2026-03-03T10:14:00-05:00",
        "2026-03-03T15:14:00Z",
        "2026-03-03T15:14:00.000Z",
        "2026-03-03 15:14:00",
        "3/3/2026 15:14",
    ],
)
def test_a_time_that_another_program_rewrote_is_the_same_moment(tmp_path: Path, written: str) -> None:
    _, [order] = converted(tmp_path, row(**{"Created at": written}))
    assert order.occurred_at == datetime(2026, 3, 3, 15, 14, tzinfo=UTC)


def test_one_date_that_can_only_be_day_first_makes_the_file_day_first(tmp_path: Path) -> None:
    early, late = (row(Id=str(day), **{"Created at": f"{day:02d}/02/2026 10:00"}) for day in (5, 25))
    _, sent = converted(tmp_path, late, early)
    assert [webhook.occurred_at.strftime("%m-%d") for webhook in sent] == ["02-05", "02-25"]


def test_without_a_currency_asked_for_it_is_the_one_most_orders_are_in(tmp_path: Path) -> None:
    rows = [row(Id=str(number), Currency=code) for number, code in enumerate(["USD", "EUR", "EUR"], start=1)]
    with open_plan(export(tmp_path, *rows), shop=SHOP, currency=None, zone=ZoneInfo("Europe/London")) as plan:
        assert plan.currency == "EUR"
        assert [webhook.resource_id for webhook in plan.webhooks()] == [2, 3]
        assert [omission_text(entry.reason, texts()) for entry in plan.left_out()] == [
            "currency USD is not the brand's EUR"
        ]


@pytest.mark.parametrize("own", ["0", "5.55E+09", "9" * 25, "order-7"])
def test_an_id_that_shopify_never_gives_is_replaced_by_a_stable_one(tmp_path: Path, own: str) -> None:
    _, [order] = converted(tmp_path, row(Id=own))
    assert 0 < order.resource_id < 2**48
    assert counted([order]) == {"2026-03-03 sale": 2000}


def test_a_subtotal_above_what_the_lines_cost_is_told(tmp_path: Path) -> None:
    plan, [order] = converted(tmp_path, row(Subtotal="21.50", Total="21.50"))
    assert order.net_micros == 2000 * CENT
    assert [(omission_text(entry.reason, texts()), entry.micros // CENT) for entry in plan.left_out()] == [
        ("Subtotal above what its lines cost", 150)
    ]


def test_the_same_export_gives_the_same_bytes(tmp_path: Path) -> None:
    first = row(Refunded_Amount="5.00", Cancelled_at="2026-03-09 08:00:00 -0500")
    once, again = ([first_delivery(webhook, SHOP) for webhook in converted(tmp_path, first)[1]] for _ in range(2))
    assert once == again
