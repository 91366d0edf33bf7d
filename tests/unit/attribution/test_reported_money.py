"""Money that was wrong once: one refund told twice, fees that were kept, tax of refunds without their order."""

from __future__ import annotations

import json
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from tests.builders.exports import head, imported, write_export
from tests.builders.shop_books import books_of, delivered, uploaded
from tests.builders.shopify import line_body, order_body, refund_body, refund_line_body

pytestmark = pytest.mark.slow

EUR = 1_000_000
ORDER_ID = 7410991470001


def adjustment(amount: str, tax: str = "0.00") -> dict[str, Any]:
    return {"id": 1, "amount": amount, "tax_amount": tax, "kind": "refund_discrepancy"}


def paid_back(amount: str, status: str = "success") -> dict[str, Any]:
    return {"id": 1, "kind": "refund", "status": status, "amount": amount}


def order(**fields: Any) -> dict[str, Any]:
    """A webhook of an order of 100.00."""
    body = order_body(ORDER_ID, lines=[line_body(801, price="100.00", quantity=1)], taxes_included=False)
    times = dict.fromkeys(("created_at", "processed_at", "updated_at"), "2026-11-10T12:00:00Z")
    money = {"subtotal_price": "100.00", "total_price": "100.00", "total_tax": "0.00", "total_discounts": "0.00"}
    return {"topic": "orders/updated", "body": {**body, **times, **money, **fields}}


def refund(amount: str = "-20.00", *, refund_id: int = 88001, **fields: Any) -> dict[str, Any]:
    body = refund_body(refund_id, lines=[], order_adjustments=[adjustment(amount)])
    when = {"created_at": "2026-11-14T12:00:00Z", "processed_at": "2026-11-14T12:00:00Z"}
    return {"topic": "refunds/create", "body": {**body, "order_id": ORDER_ID, **when, **fields}}


def export(tmp_path: Path, refunded: str, **fields: str) -> Path:
    row = head("#1", Id=str(ORDER_ID), Refunded_Amount=refunded, **fields)
    return write_export(tmp_path / f"{refunded}.csv", [row])


@pytest.mark.rule("SHOP-22")
@pytest.mark.real_data
async def test_the_reported_refund_counts_once_whichever_of_file_and_webhooks_came_first(real_data: Path) -> None:
    live = delivered(json.loads((real_data / "field-cases/X01-live.json").read_text()))
    file = uploaded(imported(real_data / "field-cases/X01-export.csv").webhooks)
    for events in ([*live, *file], [*file, *live], [live[0], *file, *live[1:]], [*file[::-1], *live[::-1]]):
        books = await books_of(events)
        assert (books.net_micros, books.of("refund")) == (80 * EUR, -20 * EUR)
        assert not books.wrong


@pytest.mark.rule("SHOP-22")
@pytest.mark.parametrize(
    ("stated", "recorded", "returned"),
    [
        ("20.00", [], 20),
        ("20.00", ["-20.00"], 20),
        ("50.00", ["-20.00"], 50),
        ("50.00", ["-20.00", "-30.00"], 50),
        ("20.00", ["-20.00", "-30.00"], 50),
    ],
)
async def test_an_exports_total_counts_for_what_the_known_refunds_leave_of_it(
    tmp_path: Path, stated: str, recorded: list[str], returned: int
) -> None:
    file = uploaded(imported(export(tmp_path, stated)).webhooks)
    live = [refund(amount, refund_id=88001 + place) for place, amount in enumerate(recorded)]
    for deliveries in permutations(live):
        for events in ([*file, *delivered(deliveries)], [*delivered(deliveries), *file]):
            books = await books_of(events)
            assert books.of("refund") == -returned * EUR
            assert not books.wrong


@pytest.mark.rule("SHOP-22")
async def test_shipping_that_went_back_is_no_return_of_goods_though_the_export_cannot_say_so(tmp_path: Path) -> None:
    file = uploaded(imported(export(tmp_path, "10.00", Shipping="10.00", Total="110.00")).webhooks)
    shipping = {"subtotal_amount": "10.00", "shipping_line": {"id": 1}}
    live = refund("0.00", refund_shipping_lines=[shipping], transactions=[paid_back("10.00")])
    assert (await books_of([*file, *delivered([live])])).of("refund") == 0
    assert (await books_of(file)).of("refund") == -10 * EUR


@pytest.mark.rule("SHOP-22")
async def test_of_two_exports_of_an_order_the_one_that_gave_back_more_is_later(tmp_path: Path) -> None:
    early, late = (uploaded(imported(export(tmp_path, amount)).webhooks) for amount in ("20.00", "30.00"))
    for events in ([*early, *late], [*late, *early]):
        assert (await books_of(events)).of("refund") == -30 * EUR


@pytest.mark.rule("REV-03")
@pytest.mark.parametrize(
    ("status", "refunds", "net"),
    [
        # 100.00 paid, 90.00 given back: the fee of 10.00 stays.
        ("partially_refunded", [{"order_adjustments": [adjustment("-90.00")]}], 10),
        (
            "partially_refunded",
            [
                {
                    "refund_line_items": [refund_line_body(801, quantity=1, subtotal="100.00")],
                    "order_adjustments": [adjustment("10.00")],
                }
            ],
            10,
        ),
        ("refunded", [{"order_adjustments": [adjustment("-90.00")]}], 0),
        ("paid", [], 100),
        ("voided", [], 0),
        ("pending", [], 0),
        ("authorized", [], 0),
        (None, [], 0),
    ],
)
async def test_a_cancellation_takes_back_what_was_not_charged_and_no_fee_that_was_kept(
    status: str | None, refunds: list[dict[str, Any]], net: int
) -> None:
    given = [refund("0.00", **fields)["body"] for fields in refunds]
    cancelled = order(
        cancelled_at="2026-11-14T12:00:00Z", updated_at="2026-11-14T12:00:00Z", financial_status=status, refunds=given
    )
    for deliveries in ([order(), cancelled], [cancelled, order()]):
        books = await books_of(delivered(deliveries))
        assert books.net_micros == net * EUR
        assert not books.wrong


@pytest.mark.rule("REV-03")
async def test_a_deposit_that_was_kept_stays_revenue_when_the_rest_was_never_paid() -> None:
    cancelled = order(
        cancelled_at="2026-11-14T12:00:00Z",
        updated_at="2026-11-14T12:00:00Z",
        financial_status="partially_paid",
        total_outstanding="70.00",
    )
    books = await books_of(delivered([cancelled]))
    assert (books.net_micros, books.of("cancellation"), books.wrong) == (30 * EUR, -70 * EUR, ())


def taxed_refund(*, rate: float | None, transactions: list[dict[str, Any]], subtotal: str = "119.00") -> dict[str, Any]:
    tax = {"title": "MwSt", "price": "19.00", **({"rate": rate} if rate is not None else {})}
    item = {**line_body(801, price=subtotal, quantity=1), "tax_lines": [tax]}
    line = {**refund_line_body(801, quantity=1, subtotal=subtotal), "total_tax": "19.00", "line_item": item}
    line.pop("total_tax_set", None)
    return refund("0.00", refund_line_items=[line], order_adjustments=[], transactions=transactions)


@pytest.mark.rule("REV-04")
@pytest.mark.parametrize(
    ("body", "returned"),
    [
        (taxed_refund(rate=0.19, transactions=[]), 100),
        (taxed_refund(rate=None, transactions=[paid_back("119.00")]), 100),
        (taxed_refund(rate=0.19, transactions=[], subtotal="100.00"), 100),
        (taxed_refund(rate=None, transactions=[paid_back("119.00")], subtotal="100.00"), 100),
        (taxed_refund(rate=None, transactions=[]), 119),
    ],
    ids=["inside by rate", "inside by money", "on top by rate", "on top by money", "shows nothing"],
)
async def test_a_refund_of_an_unknown_order_leaves_the_tax_out_where_its_amounts_show_it(
    body: dict[str, Any], returned: int
) -> None:
    books = await books_of(delivered([body]))
    assert (books.net_micros, books.wrong) == (-returned * EUR, ())


@pytest.mark.rule("REV-04")
async def test_the_order_decides_once_it_is_known() -> None:
    body = taxed_refund(rate=0.19, transactions=[paid_back("119.00")])
    books = await books_of(delivered([body, order(taxes_included=False)]))
    assert books.of("refund") == -119 * EUR
