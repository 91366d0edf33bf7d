"""Velocity, days of cover, status and the window."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory_intel.domain.catalog import Catalog, SoldItem
from inventory_intel.domain.stock import (
    DaysInStock,
    LeadTimes,
    VariantStock,
    judge,
    status_of,
    velocity_micros,
)
from inventory_intel.domain.window import window_of
from pulsepoint.metrics.catalog import ratio_of
from pulsepoint.money import MICROS
from tests.builders.inventory import NOW, days_ago


def variant(available: int | None, *, continue_selling: bool = False, **fields: str) -> VariantStock:
    values: dict[str, Any] = {"variant_id": "v1", "product_id": "p1", "sku": "S1", "title": "Shirt", **fields}
    return VariantStock(available=available, continue_selling=continue_selling, inventory_item_id="i1", **values)


@pytest.mark.rule("STOCK-01")
def test_velocity_counts_only_days_with_stock() -> None:
    assert velocity_micros(20, 10, 28) == 2 * MICROS


def test_what_sold_without_ever_being_in_stock_is_spread_over_the_window() -> None:
    assert velocity_micros(28, 0, 28) == MICROS


def test_what_does_not_sell_has_no_cover() -> None:
    assert ratio_of("days_of_cover", 5, 0) is None


def test_oversold_stock_covers_no_day() -> None:
    assert ratio_of("days_of_cover", -3, MICROS) == 0


@pytest.mark.rule("STOCK-03")
@pytest.mark.parametrize(
    ("available", "cover_days", "status"),
    [
        (None, None, "untracked"),
        (0, 0, "out_of_stock"),
        (-2, 0, "out_of_stock"),
        (0, None, "out_of_stock"),
        (6, 6.999, "critical"),
        (7, 7, "low"),
        (13, 13.999, "low"),
        (14, 14, "healthy"),
        (180, 180, "healthy"),
        (181, 180.001, "overstocked"),
        (5, None, "healthy"),
    ],
)
def test_status_follows_cover_and_lead_time(available: int | None, cover_days: float | None, status: str) -> None:
    cover = None if cover_days is None else round(cover_days * MICROS)
    assert status_of(available, cover, 14) == status


@pytest.mark.rule("STOCK-03")
def test_without_a_lead_time_nothing_is_late() -> None:
    assert status_of(1, 1, 0) == "healthy"


@pytest.mark.rule("STOCK-02")
def test_unknown_history_counts_as_in_stock_and_is_told() -> None:
    [judged] = judge([variant(10)], {"v1": 28}, {}, window_days=28, lead_times=LeadTimes(14))
    assert (judged.days_in_stock, judged.days_unknown, judged.velocity_micros) == (28, 28, MICROS)
    [judged] = judge([variant(10)], {"v1": 28}, {"i1": DaysInStock(14, 3)}, window_days=28, lead_times=LeadTimes(14))
    assert (judged.days_in_stock, judged.days_unknown, judged.velocity_micros) == (14, 3, 2 * MICROS)


@pytest.mark.rule("STOCK-04")
def test_backorders_expose_no_spend() -> None:
    out, backorder = judge(
        [variant(0), variant(0, continue_selling=True, variant_id="v2")],
        {},
        {},
        window_days=28,
        lead_times=LeadTimes(14),
    )
    assert out.status == backorder.status == "out_of_stock"
    assert out.exposes_spend
    assert not backorder.exposes_spend


@given(st.integers(1, 10**6), st.integers(0, 10**6), st.integers(1, 28))
def test_cover_times_velocity_is_what_is_there_to_half_a_millionth(available: int, units: int, days: int) -> None:
    velocity = velocity_micros(units, days, 28)
    cover = ratio_of("days_of_cover", available, velocity)
    if cover is not None:
        assert abs(cover * velocity - available * MICROS * MICROS) * 2 <= velocity


def test_the_window_is_28_local_days_with_today() -> None:
    window = window_of(datetime(2026, 3, 15, 23, 30, tzinfo=UTC), "Europe/Stockholm", days_ago(400))
    assert (window.start_day, window.end_day, window.days) == (date(2026, 2, 17), date(2026, 3, 16), 28)
    assert window.start_at == datetime(2026, 2, 16, 23, tzinfo=UTC)


def test_the_window_of_a_young_shop_starts_at_its_first_sale_but_lasts_a_week() -> None:
    assert window_of(NOW, "UTC", days_ago(9)).days == 10
    assert window_of(NOW, "UTC", days_ago(0.1)).days == 7
    assert window_of(NOW, "UTC", None).days == 28


@given(st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)), st.sampled_from(["America/New_York", "Asia/Tokyo"]))
def test_the_window_starts_at_a_local_midnight(timestamp: datetime, timezone: str) -> None:
    window = window_of(timestamp.replace(tzinfo=UTC), timezone, days_ago(4000))
    local = window.start_at.astimezone(ZoneInfo(timezone))
    assert (local.hour, local.minute, local.date()) == (0, 0, window.start_day)
    assert window.start_at <= window.end_at - timedelta(days=26)


@pytest.mark.rule("STOCK-08")
def test_a_line_without_variant_is_found_by_sku_then_title() -> None:
    shop = Catalog([variant(1), variant(1, variant_id="v2", sku="S2", title="Hat")])
    assert shop.key(SoldItem("v9", "S1", "Shirt")) == "v9"
    assert shop.key(SoldItem(None, "S2", "Shirt")) == "v2"
    assert shop.key(SoldItem(None, None, "Hat")) == "v2"
    assert shop.key(SoldItem(None, "S9", "Hat")) == "sku:S9"
    assert shop.key(SoldItem(None, None, "Scarf")) == "title:Scarf"


@pytest.mark.rule("STOCK-08")
def test_an_ambiguous_sku_finds_no_variant() -> None:
    shop = Catalog([variant(1), variant(1, variant_id="v2")])
    assert shop.key(SoldItem(None, "S1", None)) == "sku:S1"
