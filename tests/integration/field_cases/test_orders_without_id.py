"""An export without Id column before, after and together with its live order, through a running instance."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from decimal import Decimal
from typing import Any

import pytest

from tests.builders.exports import head
from tests.builders.field_shop import FieldShop
from tests.integration.field_cases.test_comparable_cases import DAY, LATER, export, line, order, refund, updated

pytestmark = [pytest.mark.instance, pytest.mark.slow, pytest.mark.rule("SHOP-22", "SHOP-23")]
ShopOf = Callable[..., Awaitable[FieldShop]]
LIVE = order(7410991, [line(801, "100.00")], currency="EUR")
LIVE["body"]["name"] = "#1001"
REFUND = {"topic": "refunds/create", "body": refund(7410991, 5, "20.00", "EUR")}
EDITED = updated(LIVE, line_items=[line(801, "100.00"), line(802, "30.00")])
REFUNDED = {"Refunded Amount": "20.00", "Financial Status": "partially_refunded"}
CANCELLED = REFUNDED | {"Refunded Amount": "60.00", "Cancelled at": f"{LATER} 12:00:00 +0000"}
CASES: dict[str, tuple[Sequence[dict[str, Any]], dict[str, str], dict[str, str]]] = {
    "with its refund": ([LIVE, REFUND], REFUNDED, {DAY: "100", LATER: "-20"}),
    "whose refund was lost": ([LIVE], REFUNDED, {DAY: "80"}),
    "edited": ([LIVE, REFUND, EDITED], REFUNDED, {DAY: "100", LATER: "10"}),
    "cancelled with a fee kept": ([LIVE], CANCELLED, {DAY: "100", LATER: "-60"}),
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("first", ["live", "file", "neither"])
async def test_an_export_without_id_counts_the_order_once_in_every_order_of_arrival(
    shop_of: ShopOf, name: str, first: str
) -> None:
    live, row, expected = CASES[name]
    content = export(head("#1001", "100.00", Currency="EUR", **row))
    shop = await shop_of()
    if first == "neither":
        await asyncio.gather(shop.upload(content), shop.deliver(live))
    elif first == "file":
        await shop.upload(content)
        await shop.deliver(live)
    else:
        await shop.deliver(live)
        await shop.upload(content)
    net = {day: Decimal(amount) for day, amount in expected.items()}
    assert await shop.net() == net
    answer = await shop.upload(content)
    assert (answer["orders"], answer["refunds"]) == (1, 1)
    assert await shop.net() == net
    assert sum(orders for _, orders in (await shop.sums("orders")).values()) == 1
    assert await shop.balanced()
