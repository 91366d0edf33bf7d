from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from sandbox.catalog import make_assortment
from sandbox.draws import Draws
from sandbox.orders import fill
from sandbox.records import StockChange
from sandbox.settings import PPM, StockSettings
from sandbox.stock import Level, Stock, opening_units, purchase_units
from tests.builders.sandbox_worlds import lived, stock_of, world_settings

TODAY = date(2024, 9, 1)
ASSORTMENT = make_assortment(datetime(2024, 9, 1, tzinfo=UTC))
PINE, RUST = ASSORTMENT.by_sku["FF-BEA-PINE"], ASSORTMENT.by_sku["FF-BEA-RUST"]


def _stock(**units: int) -> tuple[Stock, list[StockChange]]:
    changes: list[StockChange] = []
    stock = Stock(ASSORTMENT, changes.append)
    for name, count in units.items():
        stock.change({"pine": PINE, "rust": RUST}[name], 0, count, "opening", 0, TODAY)
    return stock, changes


def test_a_level_cannot_fall_below_nothing() -> None:
    stock, changes = _stock(pine=2)
    with pytest.raises(ValueError, match="below nothing"):
        stock.change(PINE, 0, -3, "order", 0, TODAY)
    with pytest.raises(ValueError, match="below nothing"):
        stock.change(PINE, 0, 0, "delivery", 0, TODAY, incoming=-1)
    assert stock.level(PINE, 0).available == 2 and len(changes) == 1


def test_the_last_unit_is_not_sold_twice_in_one_basket() -> None:
    stock, _ = _stock(rust=1)
    basket = fill({PINE: 1, RUST: 1}, stock, ASSORTMENT, 0, PPM, Draws(1, "substitutes"))
    assert basket.reserved == {(RUST, 0): 1} and basket.lost == {RUST: 1}


def test_what_nobody_substitutes_is_lost() -> None:
    stock, _ = _stock(rust=9, pine=1)
    basket = fill({PINE: 3}, stock, ASSORTMENT, 0, 0, Draws(1, "substitutes"))
    assert basket.reserved == {(PINE, 0): 1} and basket.lost == {PINE: 2}


def test_the_other_place_sends_what_the_nearest_one_lacks() -> None:
    stock, _ = _stock(pine=5)
    assert stock.find(PINE, 2, 1, {}) == (0, 2)
    stock.change(PINE, 1, 2, "opening", 0, TODAY)
    assert stock.find(PINE, 2, 1, {}) == (1, 2)


def test_the_shop_buys_when_lead_time_and_safety_are_no_longer_covered() -> None:
    settings = StockSettings(cover_days=30, safety_days=10)
    assert purchase_units(Level(31, 0), PPM, 20, settings) == 0
    assert purchase_units(Level(20, 11), PPM, 20, settings) == 0
    assert purchase_units(Level(20, 10), PPM, 20, settings) == 30
    assert purchase_units(Level(0, 0), PPM // 100, 20, settings) == 5
    assert opening_units(PPM, 20, settings) == 45


@pytest.mark.slow
def test_nothing_is_delivered_while_a_supplier_is_held_up() -> None:
    world = lived(world_settings("stock_out"))
    last = world.history()[1]
    delayed_days = {last - timedelta(days=69 - number) for number in range(66)}
    variant = next(v for p in world.catalog() for v in p.variants if v.sku == "FF-TRO-42")
    changes = [change for change in stock_of(world) if change.variant_id == variant.variant_id]
    delivered = [change.day for change in changes if change.reason == "delivery"]
    assert delivered and not delayed_days & set(delivered)
    assert delivered[0] == max(delayed_days) + timedelta(days=1)
    ordered = next(change.day for change in changes if change.reason == "reorder")
    assert ordered + timedelta(days=variant.lead_time_days + 14) < delivered[0]
