"""What the bodies of refunds, order edits and deletions are read as."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ingest_shopify.domain import read_body, read_delivery
from pulsepoint.events.orders import OrderDeleted, OrderEditCommitted, RefundRecorded
from pulsepoint.metrics.revenue import refund_net
from tests.builders.shopify import (
    RECEIVED_AT,
    as_bytes,
    line_body,
    money,
    order_body,
    refund_body,
    refund_line_body,
)
from tests.builders.shopify_readings import EUR, order_of, refund_of, refusal


@pytest.mark.rule("SHOP-11")
def test_a_refund_is_what_went_back_for_lines_beyond_them_and_for_shipping() -> None:
    adjustments = [
        {"kind": "refund_discrepancy", "amount": "-5.00", "amount_set": money("-5.00")},
        {"kind": "shipping_refund", "amount": "-4.00", "amount_set": money("-4.00")},
    ]
    refund = refund_of(refund_body(order_adjustments=adjustments))
    assert (refund.subtotal_micros, refund.adjustment_micros, refund.shipping_micros) == (50 * EUR, 5 * EUR, 4 * EUR)
    assert refund_net(refund, taxes_included=False) == 55 * EUR
    assert refund.issued_at == datetime(2026, 3, 11, 11, tzinfo=UTC)


@pytest.mark.rule("SHOP-11")
def test_giving_back_less_than_the_lines_makes_the_return_smaller() -> None:
    kept = [{"kind": "refund_discrepancy", "amount": "30.00", "amount_set": money("30.00")}]
    assert refund_net(refund_of(refund_body(order_adjustments=kept)), taxes_included=False) == 20 * EUR


@pytest.mark.rule("SHOP-11")
def test_shipping_told_twice_is_counted_once() -> None:
    adjustment = {"kind": "shipping_refund", "amount": "-5.00", "amount_set": money("-5.00")}
    line = {"id": 1, "subtotal_amount_set": money("5.00")}
    refund = refund_of(refund_body(order_adjustments=[adjustment], refund_shipping_lines=[line]))
    assert (refund.shipping_micros, refund.adjustment_micros) == (5 * EUR, 0)


@pytest.mark.rule("SHOP-08")
def test_a_refunds_tax_is_taken_out_where_prices_include_it() -> None:
    line = refund_line_body(subtotal="60.00", total_tax=10.0, total_tax_set=money("10.00"))
    refund = refund_of(refund_body(lines=[line]))
    assert (refund.tax_micros, refund_net(refund, taxes_included=True)) == (10 * EUR, 50 * EUR)


@pytest.mark.rule("SHOP-12")
def test_a_tips_refund_on_its_own_is_no_return() -> None:
    tip = refund_line_body(2, subtotal="5.00", line_item=line_body(2, tip={"payment_gateway": "cash"}))
    assert [line.line_id for line in refund_of(refund_body(lines=[refund_line_body(1), tip])).lines] == ["1"]


def test_a_refund_before_subtotals_were_told_follows_from_the_line_that_was_sold() -> None:
    item = line_body(price="100.00", quantity=4, total_discount="40.00", tax_lines=[{"price": "8.00"}], price_set=None)
    line = {"id": 1, "quantity": 1, "line_item_id": 1, "line_item": item}
    refund = refund_of(refund_body(lines=[line]))
    assert (refund.subtotal_micros, refund.tax_micros) == (90 * EUR, 2 * EUR)


@pytest.mark.rule("SHOP-10")
def test_a_refund_is_alike_on_its_own_and_inside_its_order() -> None:
    assert order_of(order_body(refunds=[refund_body()])).refunds == (refund_of(refund_body()),)


def test_a_refund_tells_its_currency_inside_its_amounts_or_has_the_shops() -> None:
    body = as_bytes(refund_body())
    [payload] = read_body("refunds/create", None, body, received_at=RECEIVED_AT, shop_currency="GBP")
    assert isinstance(payload, RefundRecorded)
    assert (payload.currency, payload.order_id) == ("EUR", "5778367414385")
    [payload] = read_body(
        "refunds/create", None, as_bytes(refund_body(lines=[])), received_at=RECEIVED_AT, shop_currency="GBP"
    )
    assert isinstance(payload, RefundRecorded)
    assert payload.currency == "GBP"
    assert "currency" in str(refusal("refunds/create", refund_body(lines=[])))


def test_an_edit_tells_what_it_added_and_removed() -> None:
    edit = {
        "id": 78912328793,
        "order_id": 5778367414385,
        "created_at": "2026-03-12T08:00:00Z",
        "committed_at": "2026-03-12T09:00:00Z",
        "line_items": {"additions": [{"id": 2, "delta": 3}], "removals": [{"id": 1, "delta": 1}]},
    }
    [payload] = read_body("orders/edited", "2026-04", as_bytes({"order_edit": edit}), received_at=RECEIVED_AT)
    assert isinstance(payload, OrderEditCommitted)
    assert (payload.edit_id, payload.order_id) == ("78912328793", "5778367414385")
    assert payload.committed_at == datetime(2026, 3, 12, 9, tzinfo=UTC)
    assert (payload.added, payload.removed) == ((("2", 3),), (("1", 1),))


@pytest.mark.parametrize(
    ("triggered_at", "meant"),
    [
        ("2026-03-10T11:00:04.123456789Z", 1_773_140_404_123_456),
        (None, 1_773_140_405_000_000),
        ("rubbish", 1_773_140_405_000_000),
    ],
)
def test_a_deletion_is_as_new_as_its_trigger_else_as_its_receipt(triggered_at: str | None, meant: int) -> None:
    body = as_bytes({"id": 5778367414385})
    reading = read_delivery(
        "orders/delete", "2026-04", body, shop="s", received_at=RECEIVED_AT, triggered_at=triggered_at
    )
    assert reading.payload == OrderDeleted(order_id="5778367414385")
    assert reading.version == meant
