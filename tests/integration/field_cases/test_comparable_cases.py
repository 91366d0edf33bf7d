"""Relatives of the field cases: other currencies, keys, columns and orders of arrival, through a running instance."""

from __future__ import annotations

import csv
import io
from collections.abc import Awaitable, Callable, Mapping, Sequence
from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest

from tests.builders.exports import further, head
from tests.builders.field_orders import product, visited
from tests.builders.field_shop import FieldShop

pytestmark = [pytest.mark.instance, pytest.mark.slow]
ShopOf = Callable[..., Awaitable[FieldShop]]
DAY, LATER = "2026-11-10", "2026-11-14"


def line(number: int, price: str, quantity: int = 1, **fields: Any) -> dict[str, Any]:
    return {
        "id": number,
        "title": f"Item {number}",
        "sku": f"S{number}",
        "quantity": quantity,
        "price": price,
        **fields,
    }


def order(number: int, lines: Sequence[Mapping[str, Any]], **fields: Any) -> dict[str, Any]:
    """An order's body, its own number in its name."""
    return {"topic": "orders/create", **visited(number, {"line_items": list(lines), **fields})}


def updated(delivery: dict[str, Any], at: str = f"{LATER}T12:00:00Z", **fields: Any) -> dict[str, Any]:
    return {"topic": "orders/updated", "body": {**delivery["body"], "updated_at": at, **fields}}


def refund(order_id: int, number: int, amount: str, currency: str, **fields: Any) -> dict[str, Any]:
    """A refund's body beyond lines, on the later day."""
    money = {"shop_money": {"amount": f"-{amount}", "currency_code": currency}}
    adjustment = {"id": number, "kind": "refund_discrepancy", "amount": f"-{amount}", "amount_set": money}
    body = {"id": number, "order_id": order_id, "created_at": f"{LATER}T12:00:00Z", "refund_line_items": [],
            "order_adjustments": [adjustment], "transactions": []}  # fmt: skip
    return {**body, **fields}


def export(*rows: Mapping[str, str], delimiter: str = ",") -> bytes:
    text = io.StringIO()
    header = list(dict.fromkeys(name for row in rows for name in row))
    writer = csv.DictWriter(text, header, delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


TIP: dict[str, Any] = {"tip_payment_gateway": None, "tip_payment_method": None}
SAME_SECOND = [
    {**updated(order(7, [line(1, price)], currency="JPY"), at=f"{DAY}T12:00:00Z"), "triggered_at": trigger}
    for price, trigger in (("700", "2026-11-10T12:00:00.100Z"), ("900", "2026-11-10T12:00:00.900Z"), ("800", None))
]
PENDING = {"transactions": [{"id": 1, "kind": "refund", "status": "pending", "amount": "45.00", "currency": "GBP"}]}


@pytest.mark.rule("SHOP-12")
@pytest.mark.parametrize(
    ("lines", "fields", "net"),
    [
        ([line(1, "40.00"), line(2, "5.00", **TIP)], {"currency": "GBP"}, "40"),
        ([line(1, "40.00"), line(2, "5.00", tip={"amount": "5.00"})], {"currency": "EUR"}, "40"),
        (
            [line(1, "119.00", tax_lines=[{"price": "19.00"}]), line(2, "6.00", **TIP)],
            {"currency": "EUR", "taxes_included": True, "total_tax": "19.00", "total_tip_received": "6.00"},
            "100",
        ),
        ([line(1, "3.755"), line(2, "1.000", **TIP)], {"currency": "KWD"}, "3.755"),
    ],
)
async def test_a_tip_is_no_sale_in_any_currency(
    shop_of: ShopOf, lines: list[dict[str, Any]], fields: dict[str, Any], net: str
) -> None:
    shop = await shop_of(currency=fields["currency"])
    await shop.deliver([order(1, lines, **fields)])
    assert await shop.net() == {DAY: Decimal(net)}


@pytest.mark.rule("SHOP-06")
@pytest.mark.parametrize("arrival", list(permutations(SAME_SECOND))[::2])
async def test_of_three_bodies_of_one_second_the_one_triggered_last_counts(
    shop_of: ShopOf, arrival: Sequence[dict[str, Any]]
) -> None:
    shop = await shop_of(currency="JPY")
    await shop.deliver(arrival)
    assert await shop.net() == {DAY: Decimal(900)}


@pytest.mark.rule("SHOP-10")
@pytest.mark.parametrize("way", [1, -1])
async def test_a_refund_whose_amount_changed_as_it_settled_counts_as_it_was_last_told(
    shop_of: ShopOf, way: int
) -> None:
    shop = await shop_of(currency="GBP")
    placed = order(3, [line(1, "60.00")], currency="GBP")
    pending = {"topic": "refunds/create", "body": refund(3, 77, "45.00", "GBP", **PENDING)}
    settled = updated(placed, at="2026-11-15T12:00:00Z", refunds=[refund(3, 77, "44.00", "GBP")])
    await shop.deliver([placed, pending, settled][::way])
    assert await shop.net() == {DAY: Decimal(60), LATER: Decimal(-44)}
    assert await shop.balanced()


EXPORTED: dict[str, tuple[str, list[dict[str, str]], str, int]] = {
    "filled down, three lines, no Id": (
        "GBP",
        [
            head("#5", "30.00", Currency="GBP", Subtotal="54.00", Total="54.00", **{"Discount Amount": "6.00"})
            | {"Lineitem name": name, "Lineitem sku": name, "Lineitem price": price}
            for name, price in (("A", "30.00"), ("B", "20.00"), ("C", "10.00"))
        ],
        "54",
        1,
    ),
    "sorted by item": (
        "EUR",
        [
            further("#9", "20.00", "Cap"),
            head("#8", "15.00", Id="8"),
            head("#9", "80.00", Id="9", Subtotal="100.00", Total="100.00"),
            further("#8", "5.00", "Zip") | {"Lineitem quantity": "0"},
        ],
        "115",
        2,
    ),
    "without decimals": ("JPY", [head("#1", "1980", Currency="JPY"), head("#2", "500", Currency="JPY")], "2480", 2),
    "of three decimals with a discount": (
        "BHD",
        [head("#1", "10.500", Currency="BHD", Subtotal="9.450", Total="9.450", **{"Discount Amount": "1.050"})],
        "9.45",
        1,
    ),
    "twice, refunded since": (
        "EUR",
        [
            head("#1", Id="1", **{"Refunded Amount": "0.00"}),
            head("#1", Id="1", **{"Refunded Amount": "25.00", "Financial Status": "partially_refunded"}),
        ],
        "75",
        1,
    ),
}


@pytest.mark.rule("SHOP-23")
@pytest.mark.parametrize("name", EXPORTED)
@pytest.mark.parametrize("delimiter", [",", ";"])
async def test_exports_of_other_shapes_come_to_the_right_figures(shop_of: ShopOf, name: str, delimiter: str) -> None:
    currency, rows, net, orders = EXPORTED[name]
    shop = await shop_of(currency=currency)
    answer = await shop.upload(export(*rows, delimiter=delimiter))
    assert (answer["orders"], Decimal(str(answer["net_revenue"]))) == (orders, Decimal(net))
    sums = await shop.sums("orders")
    assert [sum(column) for column in zip(*sums.values(), strict=True)] == [Decimal(net), orders]


LIVE = order(7410991, [line(801, "12000")], currency="JPY", name="#1001")
LIVE["body"]["name"] = "#1001"
FILE = head("#1001", "12000", Currency="JPY", **{"Refunded Amount": "2000", "Financial Status": "partially_refunded"})


@pytest.mark.rule("SHOP-22", "SHOP-23")
@pytest.mark.parametrize("written", ["2026-11-10 12:00:00 +0000", "2026-11-10 21:00:00 +0900", "2026-11-10 12:00"])
async def test_an_export_without_id_is_the_live_order_of_its_name_and_day(shop_of: ShopOf, written: str) -> None:
    shop = await shop_of(currency="JPY")
    live = [LIVE, {"topic": "refunds/create", "body": refund(7410991, 5, "2000", "JPY")}]
    await shop.deliver(live)
    assert await shop.net() == {DAY: Decimal(12000), LATER: Decimal(-2000)}
    for _ in range(2):
        await shop.upload(export(FILE | {"Created at": written}))
        assert await shop.net() == {DAY: Decimal(12000), LATER: Decimal(-2000)}
    assert await shop.balanced()


@pytest.mark.rule("SHOP-23")
async def test_an_export_whose_name_means_no_one_live_order_stays_an_order_of_its_own(shop_of: ShopOf) -> None:
    shop = await shop_of(currency="JPY")
    await shop.deliver([LIVE])
    await shop.net()
    other_day = {"Created at": "2026-11-20 12:00:00 +0000", "Refunded Amount": "0"}
    await shop.upload(export(FILE | other_day))
    assert sum((await shop.net()).values()) == 24000


def level(item: int, place: int, available: int | None, second: str, trigger: str | None = None) -> dict[str, Any]:
    at = f"2026-11-28T12:00:{second}Z"
    body = {"inventory_item_id": item, "location_id": place, "available": available, "updated_at": at}
    return {"topic": "inventory_levels/update", "body": body, "triggered_at": trigger}


def gone(item: int, place: int, trigger: str) -> dict[str, Any]:
    body = {"inventory_item_id": item, "location_id": place}
    return {"topic": "inventory_levels/disconnect", "body": body, "triggered_at": trigger}


@pytest.mark.rule("STOCK-10", "SHOP-06")
@pytest.mark.parametrize("way", [1, -1])
async def test_stock_is_what_the_last_word_of_each_location_says(shop_of: ShopOf, way: int) -> None:
    deliveries = [
        level(100, 7, 5, "00", "2026-11-28T12:00:00.200Z"),
        level(100, 7, 3, "00", "2026-11-28T12:00:00.700Z"),
        level(100, 8, 4, "00", "2026-11-28T12:00:00.100Z"),
        gone(100, 8, "2026-11-28T12:00:30Z"),
        level(101, 8, 9, "00"),
        gone(101, 8, "2026-11-28T12:00:10Z"),
        level(101, 8, 6, "20"),
    ]
    shop = await shop_of()
    await shop.deliver([product(100, 101), *deliveries[::way]])
    await shop.stock({"100": 3, "101": 6})


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("ID,Name,Command,Created At,Currency,Line: Type,Line: Title,Line: Quantity,Line: Price", "Matrixify"),
        ("order_id,order_number,date,status,order_total,line_items", "WooCommerce"),
        ("Order Number,Order Status,Order Date,Item Name,Item Quantity,Item Cost", "WooCommerce"),
        ("Handle,Title,Body (HTML),Vendor", "no known format"),
    ],
)
async def test_an_export_of_another_program_is_refused_with_what_to_do(
    shop_of: ShopOf, header: str, words: str
) -> None:
    shop = await shop_of()
    content = f"{header}\n{','.join('x' for _ in header.split(','))}\n".encode()
    answer = await shop.http.post(
        f"/api/brands/{shop.brand}/uploads", content=content, headers={"content-type": "text/csv"}
    )
    assert answer.status_code == 422
    assert words in answer.json()["detail"]
    assert "Lineitem quantity" in answer.json()["detail"]
