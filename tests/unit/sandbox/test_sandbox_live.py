from __future__ import annotations

from datetime import timedelta
from itertools import islice
from time import process_time

import pytest

from sandbox.records import Order, Refund, StockChange
from sandbox.settings import Incident, When
from sandbox.world import World
from tests.builders.sandbox_worlds import lived, world_settings


@pytest.mark.slow
def test_what_happens_live_is_what_history_tells_later() -> None:
    settings = world_settings("everyday", days=30)
    world, history = World(settings), lived(settings)
    _, last = world.history()
    noon = history.day(last).orders[10].created_at
    lived_through = list(islice(world.live(noon), 900))
    tomorrow = [
        happening for number in range(2) for happening in history.day(last + timedelta(days=number)).orders
        if happening.created_at >= noon
    ]  # fmt: skip
    assert [h for h in lived_through if isinstance(h, Order)][: len(tomorrow)] == tomorrow


def test_live_starts_at_its_moment_and_goes_on_in_time() -> None:
    world = World(world_settings(days=10))
    start = world.day(world.history()[1]).orders[5].created_at
    moments = [h.timestamp if isinstance(h, StockChange) else h.created_at for h in islice(world.live(start), 2_000)]
    assert moments[0] == start and moments == sorted(moments)
    assert moments[-1] - moments[0] > timedelta(days=5)
    kinds = {type(happening) for happening in islice(world.live(start), 2_000)}
    assert kinds == {Order, Refund, StockChange}


def test_a_stock_loss_strikes_at_once() -> None:
    world = World(world_settings(days=10))
    last = world.history()[1]
    ongoing = world.live(world.day(last).orders[5].created_at + timedelta(days=1))
    today = world.day_of(next(h for h in ongoing if isinstance(h, Order)).created_at)
    on_day = (today - world.settings.shop.first_day).days
    world.strike(Incident("stock_loss", When(5, on_day=on_day), sku="FF-SOC-40-43"))
    after = list(islice(ongoing, 120))
    counted = [h for h in after if isinstance(h, StockChange) and h.reason == "stocktake"]
    assert len(counted) == 2 and after.index(counted[0]) <= 1 and all(change.available == 0 for change in counted)
    sold = [line.sku for h in after[2:] if isinstance(h, Order) for line in h.lines]
    assert sold and "FF-SOC-40-43" not in sold
    lost = world.lost_sales(today, today + timedelta(days=2))
    assert counted[0].variant_id in {sale.variant_id for sale in lost}


def test_a_stock_loss_strikes_at_its_moment_and_not_with_the_next_order() -> None:
    world = World(world_settings(days=10))
    timestamp = world.day(world.history()[1]).orders[-1].created_at + timedelta(minutes=1)
    today = (world.day_of(timestamp) - world.settings.shop.first_day).days
    world.strike(Incident("stock_loss", When(5, on_day=today), sku="FF-SOC-40-43"), after=timestamp)
    counted = world.between(timestamp, timestamp + timedelta(seconds=1))
    assert [(change.available, change.reason) for change in counted if isinstance(change, StockChange)] == [
        (0, "stocktake"),
        (0, "stocktake"),
    ]


def test_a_stocktake_never_shares_its_second_with_a_sale_of_the_article() -> None:
    settings = world_settings(days=10)
    world = lived(settings)
    order = world.day(world.history()[1]).orders[5]
    line = order.lines[0]
    world, timestamp = World(settings), order.created_at - timedelta(seconds=1)
    world.between(timestamp - timedelta(days=1), timestamp)
    world.strike(Incident("stock_loss", When(5, on_day=9), sku=line.sku), after=timestamp)
    after = world.between(timestamp, timestamp + timedelta(minutes=1))
    changes = [each for each in after if isinstance(each, StockChange) and each.variant_id == line.variant_id]
    assert [change.reason for change in changes][:1] == ["order"]
    assert [change.available for change in changes if change.reason == "stocktake"] == [0, 0]
    assert len({(change.location_id, change.timestamp) for change in changes}) == len(changes)


def test_a_broken_pixel_strikes_at_once() -> None:
    world = World(world_settings(days=3))
    ongoing = world.live(world.day(world.history()[1]).orders[0].created_at + timedelta(days=2))
    today = world.day_of(next(h for h in ongoing if isinstance(h, Order)).created_at)
    assert any(h.evidence.note_attributes for h in islice(ongoing, 60) if isinstance(h, Order))
    on_day = (today - world.settings.shop.first_day).days
    world.strike(Incident("broken_pixel", When(9, on_day=on_day), amount_ppm=1_000_000))
    orders = [h for h in islice(ongoing, 150) if isinstance(h, Order)]
    assert any(order.evidence.visits for order in orders)
    assert not any(order.evidence.note_attributes for order in orders)


def test_striking_an_unknown_article_is_refused() -> None:
    with pytest.raises(ValueError, match="FF-NONE"):
        World(world_settings(days=3)).strike(Incident("stock_loss", When(1, on_day=0), sku="FF-NONE"))


def test_days_before_the_world_are_refused() -> None:
    world = World(world_settings(days=3))
    with pytest.raises(ValueError, match="begins on 2024-09-01"):
        world.day(world.history()[0] - timedelta(days=1))


def test_a_world_can_end_its_history_on_any_day() -> None:
    settings = world_settings("everyday", days=20)
    end = settings.shop.first_day + timedelta(days=500)
    world = lived(settings.ending(end))
    assert world.history() == (end - timedelta(days=19), end)
    assert world.day(end).orders


@pytest.mark.slow
def test_two_years_are_lived_in_under_a_minute() -> None:
    world, began = World(world_settings("everyday", days=730)), process_time()
    world.day(world.history()[1])
    assert process_time() - began < 60
    assert 28_000 < int(world.day(world.history()[1]).orders[-1].name[1:]) < 40_000
