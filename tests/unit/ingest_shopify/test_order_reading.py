"""What the bodies of orders and refunds are read as."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ingest_shopify.domain import read_body, read_delivery
from pulsepoint.events.orders import OrderRecorded, RemovedPart
from tests.builders.shopify import (
    RECEIVED_AT,
    as_bytes,
    line_body,
    money,
    order_body,
    refund_body,
    refund_line_body,
)
from tests.builders.shopify_readings import EUR, allocation, order_of, refund_of, refusal, tax_line


def test_an_order_is_read_whole() -> None:
    order = order_of(order_body())
    assert order.order_id == "5778367414385"
    assert (order.name, order.currency, order.financial_status, order.source_name) == ("#1017", "EUR", "paid", "web")
    assert order.created_at == datetime(2026, 3, 10, 11, tzinfo=UTC)
    assert (order.shipping_country, order.shipping_region) == ("DE", "BE")
    assert (order.gross_micros, order.discount_micros, order.total_micros) == (50 * EUR, 0, 50 * EUR)
    [line] = order.lines
    assert (line.line_id, line.product_id, line.variant_id, line.sku) == ("1", "7001", "8001", "SKU-1")
    assert order.subject is None


@pytest.mark.rule("SHOP-05")
def test_the_version_of_an_order_is_when_the_shop_updated_it() -> None:
    body = order_body(updated_at="2026-03-10T12:00:00.25+01:00")
    reading = read_delivery("orders/updated", "2026-04", as_bytes(body), shop="s", received_at=RECEIVED_AT)
    assert reading.version == 1_773_140_400_250_000
    assert reading.entity == "5778367414385"


@pytest.mark.rule("SHOP-07")
def test_shop_money_counts_and_presentment_money_does_not() -> None:
    line = line_body(price="9.00", quantity=2, price_set=money("10.00"))
    assert order_of(order_body(lines=[line])).gross_micros == 20 * EUR


@pytest.mark.rule("SHOP-07")
@pytest.mark.parametrize("bag", [None, {}, {"shop_money": None}, {"shop_money": {"amount": None}}])
def test_a_body_without_money_bags_is_in_the_shops_currency(bag: object) -> None:
    line = line_body(price="12.50", quantity=2, price_set=bag)
    assert order_of(order_body(lines=[line])).gross_micros == 25 * EUR


@pytest.mark.parametrize("price", [12.5, "12.5", "12.50", "1.25e1", " 12.50 "])
def test_amounts_may_be_text_or_numbers(price: Any) -> None:
    assert order_of(order_body(lines=[line_body(price=price, price_set=None)])).gross_micros == 12_500_000


@pytest.mark.rule("SHOP-13")
def test_discounts_are_the_allocations_of_the_line() -> None:
    line = line_body(
        price="100.00", total_discount="10.00", discount_allocations=[allocation("10.00"), allocation("5.00")]
    )
    order = order_of(order_body(lines=[line], total_discounts="15.00"))
    assert (order.gross_micros, order.discount_micros, order.net_micros) == (100 * EUR, 15 * EUR, 85 * EUR)


@pytest.mark.rule("SHOP-13")
def test_without_allocations_a_line_has_its_total_discount() -> None:
    line = line_body(price="100.00", total_discount="10.00")
    del line["discount_allocations"]
    assert order_of(order_body(lines=[line], total_discounts="10.00")).net_micros == 90 * EUR


@pytest.mark.rule("SHOP-13")
def test_a_discount_no_line_tells_of_is_shared_among_the_lines_to_the_last_micro() -> None:
    lines = [line_body(number, price="10.00") for number in (1, 2, 3)]
    order = order_of(order_body(lines=lines, total_discounts="10.00"))
    assert order.net_micros == 20 * EUR
    assert [line.discount_micros for line in order.lines] == [3_333_334, 3_333_333, 3_333_333]


def test_a_line_is_never_discounted_below_nothing() -> None:
    line = line_body(price="8.00", discount_allocations=[allocation("5.00"), allocation("5.00")])
    assert order_of(order_body(lines=[line, line_body(2)])).net_micros == 50 * EUR


@pytest.mark.rule("SHOP-13")
def test_a_discount_on_shipping_is_no_discount_on_sales() -> None:
    shipping = {"id": 1, "price": "10.00", "discounted_price": "0.00"}
    body = order_body(total_discounts="15.00", shipping_lines=[shipping])
    order = order_of(body)
    assert (order.net_micros, order.shipping_micros) == (45 * EUR, 0)


def test_net_sales_are_not_taken_below_the_shops_own_subtotal() -> None:
    order = order_of(order_body(total_discounts="20.00", subtotal_price="40.00"))
    assert order.net_micros == 40 * EUR


@pytest.mark.rule("SHOP-08")
def test_tax_is_taken_out_where_prices_include_it() -> None:
    line = line_body(price="120.00", discount_allocations=[allocation("24.00")], tax_lines=[tax_line("16.00")])
    order = order_of(order_body(lines=[line], taxes_included=True, total_tax="16.00"))
    assert (order.net_micros, order.gross_micros, order.discount_micros) == (80 * EUR, 100 * EUR, 20 * EUR)
    assert order.tax_micros == 16 * EUR


def test_tax_is_not_taken_out_where_it_comes_on_top() -> None:
    line = line_body(price="100.00", tax_lines=[tax_line("20.00")])
    order = order_of(order_body(lines=[line], total_tax="20.00"))
    assert (order.net_micros, order.tax_micros) == (100 * EUR, 20 * EUR)


@pytest.mark.rule("SHOP-08")
def test_included_tax_told_only_for_the_order_is_shared_among_the_lines_without_that_of_shipping() -> None:
    lines = [line_body(1, price="60.00"), line_body(2, price="60.00")]
    shipping = {"id": 1, "price": "12.00", "tax_lines": [tax_line("2.00")]}
    order = order_of(order_body(lines=lines, taxes_included=True, total_tax="22.00", shipping_lines=[shipping]))
    assert (order.net_micros, order.shipping_micros) == (100 * EUR, 10 * EUR)
    assert [line.tax_micros for line in order.lines] == [10 * EUR, 10 * EUR]


@pytest.mark.rule("SHOP-12")
def test_gift_cards_and_tips_are_no_sales_and_their_refunds_no_returns() -> None:
    lines = [line_body(1), line_body(2, price="25.00", gift_card=True), line_body(3, price="5.00", tip={})]
    line = refund_line_body(2, subtotal="25.00")
    del line["line_item"]
    order = order_of(order_body(lines=lines, refunds=[refund_body(lines=[line])]))
    assert (order.gross_micros, [line.line_id for line in order.lines]) == (50 * EUR, ["1"])
    assert order.refunds[0].subtotal_micros == 0


@pytest.mark.rule("SHOP-12")
@pytest.mark.parametrize("key", [{"tip_payment_gateway": "shopify_payments"}, {"tip_payment_gateway": None}])
def test_a_line_with_the_key_of_a_tip_is_no_sale(key: dict[str, Any]) -> None:
    tip = line_body(2, price="5.00", **key)
    order = order_of(order_body(lines=[line_body(1), tip]))
    assert (order.gross_micros, [line.line_id for line in order.lines]) == (50 * EUR, ["1"])
    given_back = refund_line_body(2, subtotal="5.00", line_item=tip)
    assert refund_of(refund_body(lines=[given_back])).subtotal_micros == 0


@pytest.mark.real_data
def test_the_reported_tip_is_no_sale(real_data: Path) -> None:
    case = json.loads((real_data / "field-cases/S01-tip-rest-keys.json").read_text())
    assert order_of(case["deliveries"][0]["body"]).net_micros == 40 * EUR


@pytest.mark.rule("SHOP-12")
def test_a_gift_cards_refund_on_its_own_is_no_return() -> None:
    line = refund_line_body(2, subtotal="25.00", line_item=line_body(2, gift_card=True))
    assert refund_of(refund_body(lines=[line])).subtotal_micros == 0


@pytest.mark.rule("SHOP-26")
@pytest.mark.parametrize(
    ("current", "refunded", "left"), [(3, 0, 3), (1, 0, 1), (1, 2, 3), (1, 1, 2), (0, 0, 0), (None, 0, 3), (5, 0, 3)]
)
def test_what_an_edit_took_out_is_missing_from_the_current_quantity_beyond_refunds(
    current: int | None, refunded: int, left: int
) -> None:
    line = line_body(
        price="10.00", quantity=3, current_quantity=current, total_discount="6.00", discount_allocations=[]
    )
    refunds = [refund_body(lines=[refund_line_body(1, subtotal="8.00", quantity=refunded)])] if refunded else []
    order = order_of(order_body(lines=[line], refunds=refunds))
    assert (order.gross_micros, order.discount_micros) == (left * 10 * EUR, left * 2 * EUR)
    [read] = order.lines
    assert read.quantity == left
    assert read.removed == (RemovedPart(quantity=3 - left, gross_micros=(3 - left) * 10 * EUR,
        discount_micros=(3 - left) * 2 * EUR) if left < 3 else None)  # fmt: skip


@pytest.mark.rule("SHOP-26")
@pytest.mark.parametrize(("current", "gross"), [((0, 0), 20), ((1, 0), 10)])
def test_a_cancellation_takes_no_line_out_of_its_order(current: tuple[int, int], gross: int) -> None:
    lines = [line_body(place, price="10.00", current_quantity=left) for place, left in enumerate(current, start=1)]
    order = order_of(order_body(lines=lines, cancelled_at="2026-03-12T00:00:00Z"), "orders/cancelled")
    assert order.gross_micros == gross * EUR


@pytest.mark.rule("SHOP-26")
def test_tax_inside_prices_leaves_with_what_an_edit_took_out() -> None:
    line = line_body(price="11.90", quantity=2, current_quantity=1, tax_lines=[tax_line("3.80")])
    order = order_of(order_body(lines=[line], taxes_included=True))
    assert (order.net_micros, order.lines[0].tax_micros) == (10 * EUR, 1_900_000)


def test_a_cancelled_order_says_when() -> None:
    order = order_of(order_body(cancelled_at="2026-03-12T00:00:00Z"), "orders/cancelled")
    assert order.cancelled_at == datetime(2026, 3, 12, tzinfo=UTC)


def test_the_2017_shape_with_nulls_is_read() -> None:
    body = order_body(
        processed_at=None, customer=None, shipping_address=None, note_attributes=None, discount_codes=None,
        refunds=None, shipping_lines=None, total_tax=None, landing_site=None, email=None,
    )  # fmt: skip
    for name in ("source_name", "financial_status", "taxes_included", "total_price"):
        del body[name]
    order = order_of(body)
    assert order.processed_at == order.created_at
    assert (order.tax_micros, order.refunds, order.shipping_country) == (0, (), None)


def test_an_order_without_lines_is_worth_nothing() -> None:
    assert order_of(order_body(lines=[])).gross_micros == 0


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("2026-03-10T12:00:00+01:00", datetime(2026, 3, 10, 11, tzinfo=UTC)),
        ("2026-03-10T11:00:00Z", datetime(2026, 3, 10, 11, tzinfo=UTC)),
        ("2026-03-10 11:00:00.000Z", datetime(2026, 3, 10, 11, tzinfo=UTC)),
        ("2026-03-10T11:00:00.877041743Z", datetime(2026, 3, 10, 11, 0, 0, 877041, tzinfo=UTC)),
        ("2026-03-10 16:30:00 +0530", datetime(2026, 3, 10, 11, tzinfo=UTC)),
        ("2026-03-10 11:00:00 UTC", datetime(2026, 3, 10, 11, tzinfo=UTC)),
    ],
)
def test_moments_are_instants_whatever_their_offset(text: str, meant: datetime) -> None:
    assert order_of(order_body(processed_at=text)).processed_at == meant


@pytest.mark.parametrize(
    "text",
    [
        1773140400,
        "today",
        "2026-03-10",
        "2026-03-10T11:00:00",
        "0001-01-01T00:00:00+14:00",
        "1969-12-31T23:59:59Z",
        "2201-01-01T00:00:00Z",
    ],
)
def test_moments_that_are_no_instants_are_refused(text: object) -> None:
    error = refusal("orders/updated", order_body(processed_at=text))
    assert (error.reason, "processed_at" in str(error)) == ("unreadable_field", True)


@pytest.mark.rule("SHOP-19")
@pytest.mark.parametrize(
    "written", [820982911946154508, "820982911946154508", "gid://shopify/Order/820982911946154508"]
)
def test_ids_are_exact_however_they_are_written(written: object) -> None:
    assert order_of({**order_body(), "id": written}).order_id == "820982911946154508"


@pytest.mark.rule("SHOP-17")
@pytest.mark.parametrize(
    ("field", "value", "where"),
    [
        ("id", None, "id: is missing"),
        ("id", 8.2e17, "id: expected an id"),
        ("id", 0, "id: expected an id"),
        ("id", True, "id: expected an id"),
        ("created_at", None, None),
        ("currency", "example string", "currency: expected a currency code"),
        ("test", "maybe", "test: expected true or false"),
        ("line_items", {"a": 1}, "line_items: expected a list"),
        ("line_items", [1], "line_items.0: expected an object"),
        ("line_items", [{"id": 1, "price": "1.00"}], "line_items.0.quantity: is missing"),
        ("line_items", [{"id": 1, "quantity": 1}], "line_items.0.price: is missing"),
        ("line_items", [{"id": 1, "quantity": 1, "price": "example string"}], "line_items.0.price: expected a decimal"),
        ("line_items", [{"id": 1, "quantity": -1, "price": "1"}], "line_items.0.quantity: is negative"),
        ("line_items", [{"id": 1, "quantity": 1, "price": "-1"}], "line_items.0.price: is negative"),
        ("line_items", [{"id": 1, "quantity": 10**9, "price": "1e12"}], "line_items.0.price: the amount is too large"),
        ("line_items", [{"quantity": 1, "price": "1"}], "line_items.0.id: is missing"),
        ("refunds", [{"id": 1}], "refunds.0.processed_at: is missing"),
        ("total_tax", "NaN", "total_tax: expected a decimal"),
        ("total_tax", "1e99", "total_tax: "),
        ("total_tax", "1_000", "total_tax: expected a decimal"),
        ("total_tax", [["x"]], "total_tax: expected a decimal amount, got a list"),
    ],
)
def test_what_cannot_be_read_is_refused_by_the_name_of_its_field(field: str, value: Any, where: str | None) -> None:
    body = order_body(**{field: value})
    if where is None:
        body["processed_at"] = None
        where = "created_at: is missing"
    assert where in str(refusal("orders/create", body))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b"[]",
        b'"text"',
        b'{"id": NaN}',
        b'{"id": Infinity}',
        b'{"id": 1',
        b"\xff\xfe",
        b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
        b"[" * 200_000,
    ],
)
def test_what_is_no_json_object_is_refused(body: bytes) -> None:
    assert refusal("orders/create", body).reason == "not_json"


def test_a_deeply_nested_value_is_refused_and_not_shown() -> None:
    body = as_bytes(order_body(cancelled_at=0)).replace(
        b'"cancelled_at": 0', b'"cancelled_at": ' + b"[" * 900 + b"]" * 900
    )
    assert "cancelled_at: expected a date and time, got a list" in str(refusal("orders/create", body))


def test_of_a_key_told_twice_the_last_counts() -> None:
    body = as_bytes(order_body())[:-1] + b', "name": "#2"}'
    assert order_of(json.loads(body)).name == "#2"
    [payload] = read_body("orders/create", None, body, received_at=RECEIVED_AT)
    assert isinstance(payload, OrderRecorded)
    assert payload.name == "#2"


def test_half_a_surrogate_pair_loses_its_place_and_not_the_order() -> None:
    body = as_bytes(order_body(landing_site="PLACE")).replace(b"PLACE", rb"/caf\ud83d")
    [payload] = read_body("orders/create", None, body, received_at=RECEIVED_AT)
    assert isinstance(payload, OrderRecorded)
    assert payload.evidence.landing_site == "/caf?"


def test_a_byte_order_mark_is_read_over() -> None:
    [payload] = read_body("orders/create", None, b"\xef\xbb\xbf" + as_bytes(order_body()), received_at=RECEIVED_AT)
    assert isinstance(payload, OrderRecorded)


@pytest.mark.slow
def test_ten_thousand_lines_are_read() -> None:
    lines = [line_body(number, price="0.01") for number in range(1, 10_001)]
    assert order_of(order_body(lines=lines)).gross_micros == 100 * EUR


@pytest.mark.rule("SHOP-20")
@pytest.mark.parametrize("version", ["2017-07", "2023-01", "2026-04", "unstable", None, ""])
def test_known_api_versions_are_read(version: str | None) -> None:
    read_body("orders/create", version, as_bytes(order_body()), received_at=RECEIVED_AT)


@pytest.mark.rule("SHOP-20")
@pytest.mark.parametrize("version", ["2016-01", "2026-13", "2026-4", "latest", "v1", "2026-04-01"])
def test_unknown_api_versions_are_refused(version: str) -> None:
    assert refusal("orders/create", order_body(), version).reason == "unknown_api_version"


@pytest.mark.parametrize("topic", ["", "carts/create", "orders/risk_assessment_changed", "ORDERS/CREATE"])
def test_unknown_topics_are_refused(topic: str) -> None:
    assert refusal(topic, order_body()).reason == "unknown_topic"


def test_evidence_is_kept_as_sent_but_cleaned_and_cut() -> None:
    body = order_body(
        landing_site="/a\x00b\x1f?utm_source=Meta&fbclid=AbC" + "x" * 3_000,
        note_attributes=[{"name": "utm_id", "value": 42}, {"name": "", "value": "x"}, {"name": "k", "value": None}, 7],
        discount_codes=[{"code": "VIP30", "amount": "3.00", "type": "percentage"}, {"code": None}],
    )
    evidence = order_of(body).evidence
    assert evidence.landing_site is not None
    assert evidence.landing_site.startswith("/ab?utm_source=Meta&fbclid=AbC")
    assert len(evidence.landing_site) == 2_000
    assert evidence.note_attributes == (("utm_id", "42"),)
    assert evidence.discount_codes == ("VIP30",)


@pytest.mark.rule("TOUCH-12")
@pytest.mark.parametrize("odd", ["text", 7, {"a": 1}, [[1]], [None], True])
def test_unreadable_evidence_never_refuses_an_order(odd: Any) -> None:
    names = ("landing_site", "referring_site", "note_attributes", "discount_codes", "customerJourneySummary")
    order = order_of(order_body(**dict.fromkeys(names, odd)))
    assert order.evidence.moments == ()


def test_a_journey_of_one_visit_is_one_moment() -> None:
    visit = {"landingPage": "/", "referrerUrl": None, "occurredAt": "2026-03-09T00:00:00Z", "utmParameters": None}
    summary = {"ready": True, "momentsCount": None, "firstVisit": visit, "lastVisit": dict(visit)}
    assert len(order_of(order_body(customerJourneySummary=summary)).evidence.moments) == 1
