"""Every file of the field cases through a running instance: signed deliveries, uploads, then the API's figures.

Each file is a fault that people reported of tools like this one; the right values are those of its README.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.builders.field_orders import product, visited
from tests.builders.field_shop import FieldShop

pytestmark = [pytest.mark.instance, pytest.mark.real_data, pytest.mark.slow]
ShopOf = Callable[..., Awaitable[FieldShop]]
FORWARD, BACKWARD = pytest.param(1, id="in order"), pytest.param(-1, id="backwards")

ORDERS: dict[str, dict[str, int]] = {
    "S01-tip-rest-keys.json": {"2026-11-10": 40},
    "S03-edit-adds-item-later-day.json": {"2026-11-10": 100, "2026-11-14": 30},
    "S14-same-second-later-trigger.json": {"2026-11-10": 90},
    "S24-refund-restated.json": {"2026-11-10": 60, "2026-11-14": -60},
}
EXPORTS: dict[str, tuple[str, int, str]] = {
    "C01-filled-down.csv": ("EUR", 1, "135.00"),
    "C03-sorted-by-item.csv": ("EUR", 2, "215.00"),
    "C06-kwd.csv": ("KWD", 2, "8.765"),
    "C07-overlap.csv": ("EUR", 2, "215.00"),
}
OTHERS = {"I01-stock-same-second.json", "I02-inventory-locations.json", "X01-live.json", "X01-export.csv",
          "A30-self-referral.json", "links.json"}  # fmt: skip


@pytest.fixture
def cases(real_data: Path) -> Path:
    """The folder of the field cases."""
    return real_data / "field-cases"


def loaded(path: Path) -> Any:
    """A case's JSON."""
    return json.loads(path.read_text())


def test_every_file_is_run(cases: Path) -> None:
    assert {path.name for path in cases.iterdir()} - {"README.md"} == {*ORDERS, *EXPORTS, *OTHERS}


@pytest.mark.parametrize("way", [FORWARD, BACKWARD])
@pytest.mark.parametrize(
    "name",
    [
        pytest.param("S01-tip-rest-keys.json", marks=pytest.mark.rule("SHOP-12")),
        pytest.param("S03-edit-adds-item-later-day.json", marks=pytest.mark.rule("REV-02")),
        pytest.param("S14-same-second-later-trigger.json", marks=pytest.mark.rule("SHOP-06")),
        pytest.param("S24-refund-restated.json", marks=pytest.mark.rule("SHOP-10")),
    ],
)
async def test_deliveries_come_to_the_right_net_revenue_of_each_day(
    shop_of: ShopOf, cases: Path, name: str, way: int
) -> None:
    case = loaded(cases / name)
    shop = await shop_of(currency=case.get("currency", "USD"), timezone=case.get("timezone", "UTC"))
    await shop.deliver(case["deliveries"][::way])
    assert await shop.net() == ORDERS[name]
    assert await shop.balanced()


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("C01-filled-down.csv", marks=pytest.mark.rule("SHOP-23")),
        pytest.param("C03-sorted-by-item.csv", marks=pytest.mark.rule("SHOP-23")),
        pytest.param("C06-kwd.csv", marks=pytest.mark.rule("SHOP-23", "REV-05")),
        pytest.param("C07-overlap.csv", marks=pytest.mark.rule("SHOP-23")),
    ],
)
async def test_exports_come_to_the_right_orders_and_net_revenue(shop_of: ShopOf, cases: Path, name: str) -> None:
    currency, orders, net = EXPORTS[name]
    shop = await shop_of(currency=currency)
    for _ in range(2):  # the same file again changes nothing
        answer = await shop.upload((cases / name).read_bytes())
        assert (answer["orders"], answer["refunds"], answer["net_revenue"]) == (orders, 0, float(net))
        assert (answer["first_day"], answer["last_day"]) == ("2026-11-10", "2026-11-10")
    assert await shop.sums("orders", "discounts") == {
        "2026-11-10": (Decimal(net), Decimal(orders), Decimal("15" if currency == "EUR" else "0"))
    }
    assert await shop.balanced()


@pytest.mark.rule("SHOP-22")
@pytest.mark.parametrize("first", ["live", "export"])
async def test_an_order_by_webhooks_and_by_an_export_is_one_with_one_refund(
    shop_of: ShopOf, cases: Path, first: str
) -> None:
    shop = await shop_of()
    live, export = loaded(cases / "X01-live.json"), (cases / "X01-export.csv").read_bytes()
    if first == "export":
        await shop.upload(export)
    await shop.deliver(live)
    if first == "live":
        await shop.upload(export)
    sums = await shop.sums("returns", "orders")
    net, returns, orders = (sum(column) for column in zip(*sums.values(), strict=True))
    assert (net, returns, orders) == (80, 20, 1)
    assert await shop.balanced()


@pytest.mark.rule("SHOP-06")
@pytest.mark.parametrize("way", [FORWARD, BACKWARD])
async def test_of_levels_within_one_second_the_one_triggered_last_is_the_stock(
    shop_of: ShopOf, cases: Path, way: int
) -> None:
    shop = await shop_of()
    await shop.deliver([product(100), *loaded(cases / "I01-stock-same-second.json")["deliveries"][::way]])
    await shop.stock({"100": 0})


@pytest.mark.rule("STOCK-06", "STOCK-10")
async def test_stock_is_the_sum_of_the_locations_that_still_hold_the_item(shop_of: ShopOf, cases: Path) -> None:
    shop = await shop_of()
    await shop.deliver(loaded(cases / "I02-inventory-locations.json")["deliveries"])
    await shop.stock({"11": 0, "12": 5, "14": 2, "15": -3})


def links_of(cases: Path) -> list[dict[str, Any]]:
    """Every reported link, and the shop's own page as referrer."""
    own = {**loaded(cases / "A30-self-referral.json"), "expected": ["direct", False]}
    return [*loaded(cases / "links.json"), own]


def misread(links: Iterable[dict[str, Any]], channels: dict[str, str]) -> dict[str, Any]:
    """The links whose channel is none of those expected, with what it is."""
    numbered = {f"#{number}": link for number, link in enumerate(links, start=1)}
    assert channels.keys() == numbered.keys()
    return {
        str(numbered[name].get("id")): channel
        for name, channel in channels.items()
        if channel not in numbered[name]["expected"][0].split("|")
    }


@pytest.mark.rule("TOUCH-03", "TOUCH-07", "TOUCH-08", "TOUCH-15")
async def test_every_reported_link_gets_its_channel(shop_of: ShopOf, cases: Path) -> None:
    links = links_of(cases)
    shop = await shop_of()
    names = ("landing_site", "referring_site", "order_status_url")
    await shop.deliver(
        [
            visited(number, {name: link[name] for name in names if name in link})
            for number, link in enumerate(links, start=1)
        ]
    )
    assert misread(links, await shop.sources()) == {}
