"""What must hold in every world, whatever goes wrong in it."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest

from sandbox.records import Order, StockChange
from sandbox.settings_file import worlds
from sandbox.world import World
from tests.builders.sandbox_worlds import happenings, lived, orders_of, refunds_of, stock_of, world_settings

pytestmark = pytest.mark.slow


@pytest.fixture(params=worlds())
def world(request: pytest.FixtureRequest) -> World:
    """Each world that comes along, its last 120 days being all it has."""
    return lived(world_settings(request.param))


def test_stock_is_never_below_nothing_and_every_change_adds_up(world: World) -> None:
    levels: Counter[tuple[int, int]] = Counter()
    for change in stock_of(world):
        key = (change.variant_id, change.location_id)
        levels[key] += change.delta
        assert levels[key] == change.available >= 0
        assert change.incoming >= 0


def test_the_units_of_every_order_line_leave_stock(world: World) -> None:
    left: Counter[tuple[int | None, int, int]] = Counter()
    for change in stock_of(world):
        if change.reason == "order":
            left[change.order_id, change.variant_id, change.location_id] -= change.delta
    sold: Counter[tuple[int | None, int, int]] = Counter()
    for order in orders_of(world):
        for line in order.lines:
            sold[order.order_id, line.variant_id, line.location_id] += line.quantity
    assert left == sold


def test_no_order_holds_what_was_out_of_stock(world: World) -> None:
    first = world.day(world.history()[0]).stock_changes[0].timestamp
    levels: dict[tuple[int, int], int] = {}
    ongoing = world.live(first)
    for _ in range(6_000):
        happening = next(ongoing)
        if isinstance(happening, StockChange):
            levels[happening.variant_id, happening.location_id] = happening.available
        if isinstance(happening, Order):
            for line in happening.lines:
                assert levels[line.variant_id, line.location_id] >= line.quantity


def test_refunds_never_exceed_their_orders(world: World) -> None:
    orders = {order.order_id: order for order in orders_of(world)}
    paid: Counter[int] = Counter()
    units: Counter[int] = Counter()
    for refund in refunds_of(world):
        order = orders[refund.order_id]
        assert refund.created_at > order.created_at
        paid[refund.order_id] += refund.total_cents
        for line in refund.lines:
            units[line.line_id] += line.quantity
        if refund.cancels:
            assert refund.total_cents == order.total_cents and refund.net_cents == order.net_cents
    assert all(cents <= orders[order_id].total_cents for order_id, cents in paid.items())
    sold = {line.line_id: line.quantity for order in orders.values() for line in order.lines}
    assert units and all(count <= sold[line_id] for line_id, count in units.items())


def test_each_order_and_refund_has_one_split_that_adds_up(world: World) -> None:
    sums: Counter[tuple[int, int | None]] = Counter()
    origins: Counter[int] = Counter()
    for cause in world.causes(*world.history()):
        sums[cause.order_id, cause.refund_id] += cause.cents
        assert (cause.campaign_id is not None) == (cause.kind == "campaign")
        assert (cause.cents >= 0) == (cause.refund_id is None) or cause.cents == 0
    expected: dict[tuple[int, int | None], int] = {}
    for order in orders_of(world):
        expected[order.order_id, None] = order.net_cents
    for refund in refunds_of(world):
        expected[refund.order_id, refund.refund_id] = -refund.net_cents
        origins[refund.order_id] += 1
    assert sums == expected
    assert origins.total() == len(origins)


def test_orders_are_numbered_in_time_and_their_money_adds_up(world: World) -> None:
    orders, shop = orders_of(world), world.settings.shop
    assert [order.name for order in orders] == [f"#{1_001 + number}" for number in range(len(orders))]
    assert [order.created_at for order in orders] == sorted(order.created_at for order in orders)
    for order in orders:
        goods = order.gross_cents - order.discount_cents
        assert order.total_cents == goods + order.shipping_cents
        assert order.shipping_cents == (0 if goods >= shop.free_shipping_from_cents else shop.shipping_cents)
        tax = sum(line.tax_cents for line in order.lines)
        assert abs(order.net_cents * 19 - tax * 100) <= 60 * len(order.lines)
        assert bool(order.discount_cents) == bool(order.discount_codes)
        assert order.day == world.day_of(order.created_at)


def test_sales_lost_are_of_articles_out_of_stock(world: World) -> None:
    prices = {v.variant_id: v.price_cents for product in world.catalog() for v in product.variants}
    changes = stock_of(world)
    for lost in world.lost_sales(*world.history()):
        levels: dict[int, int] = {}
        for change in changes:
            if change.variant_id == lost.variant_id and change.timestamp < lost.timestamp:
                levels[change.location_id] = change.available
        # No single place had all that was wanted: with 1 lost, none had any.
        assert min(levels.values()) < lost.units or lost.units < 1
        assert 0 < lost.net_cents < prices[lost.variant_id] * lost.units


def test_ids_are_never_used_twice(world: World) -> None:
    orders, refunds = orders_of(world), refunds_of(world)
    ids = [order.order_id for order in orders] + [line.line_id for order in orders for line in order.lines]
    ids += [refund.refund_id for refund in refunds] + [line.refund_line_id for r in refunds for line in r.lines]
    ids += [p.product_id for p in world.catalog()] + [v.variant_id for p in world.catalog() for v in p.variants]
    assert len(ids) == len(set(ids))
    mails = {order.customer_id: order.email for order in orders}
    assert len(set(mails.values())) == len(mails)


def test_out_of_stock_costs_sales_and_more_where_suppliers_fail() -> None:
    lost = {}
    for name in ("calm", "stock_out"):
        world = lived(world_settings(name))
        lost[name] = sum(sale.net_cents for sale in world.lost_sales(*world.history()))
    assert lost["stock_out"] > 5 * max(lost["calm"], 20_000)


def test_a_stocktake_empties_a_shelf_until_the_supplier_comes() -> None:
    world = lived(world_settings("stock_out"))
    variant = next(v for p in world.catalog() for v in p.variants if v.sku == "FF-TEE-M")
    last = world.history()[1]
    counted = [change for change in stock_of(world) if change.reason == "stocktake"]
    assert {change.variant_id for change in counted} == {variant.variant_id}
    assert all(change.available == 0 and change.day == last - timedelta(days=5) for change in counted)
    later = [o for o in orders_of(world) if o.created_at > counted[-1].timestamp]
    back = {h.variant_id for h in happenings(world) if isinstance(h, StockChange) and h.reason == "return"}
    assert later and (variant.variant_id in back or not any(
        line.variant_id == variant.variant_id for order in later for line in order.lines
    ))  # fmt: skip


def test_a_season_shows_in_what_is_sold() -> None:
    world = lived(world_settings(days=365))
    sold: Counter[tuple[int, bool]] = Counter()
    jackets = {p.product_id for p in world.catalog() if p.title == "Lofoten Down Jacket"}
    for order in orders_of(world):
        sold[order.day.month, any(line.product_id in jackets for line in order.lines)] += 1
    winter = sold[12, True] * (sold[7, True] + sold[7, False])
    summer = sold[7, True] * (sold[12, True] + sold[12, False])
    assert winter > 3 * summer
