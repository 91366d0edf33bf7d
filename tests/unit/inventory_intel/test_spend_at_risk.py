"""The spend behind a variant: parts of campaigns, exact to the micro."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory_intel.domain.assessment import CreditedItem, Sold, assess, listed
from inventory_intel.domain.catalog import SoldItem
from inventory_intel.domain.spend import Campaign, CampaignItem, exposures, running_campaigns
from inventory_intel.domain.stock import LeadTimes, VariantStock
from pulsepoint.money import MICROS

TODAY = date(2026, 3, 15)


def campaign(campaign_id: str = "c1", spend: int = 100 * MICROS) -> Campaign:
    return Campaign("meta", "a1", campaign_id, spend)


def test_a_campaign_that_runs_and_spent_nothing_of_late_puts_nothing_at_risk() -> None:
    """Its account was not pulled for more than a week: what it spends a day is not known."""
    keys = [("meta", "a1", "c1"), ("meta", "a2", "c2")]
    spent = [(keys[0], TODAY - timedelta(days=1)), (keys[1], TODAY - timedelta(days=20))]
    assert running_campaigns(spent, {keys[0]: 10}) == [campaign(spend=10)]


def weight(campaign_id: str, key: str, weight: int, *, platform: str = "meta") -> CampaignItem:
    return CampaignItem(platform, "a1", campaign_id, key, weight)


@pytest.mark.rule("STOCK-05")
def test_a_campaigns_spend_follows_its_revenue() -> None:
    running = exposures([campaign()], [weight("c1", "v1", 1), weight("c1", "v2", 2), weight("c1", "v1", 1)])
    assert {key: part.spend_micros for key, [part] in running.items()} == {"v1": 50 * MICROS, "v2": 50 * MICROS}


def test_the_same_id_on_another_platform_is_another_campaign() -> None:
    assert exposures([campaign()], [weight("c1", "v1", 5, platform="google")]) == {}


@pytest.mark.rule("STOCK-05")
@given(
    st.lists(st.tuples(st.sampled_from(["c1", "c2"]), st.sampled_from("abcdefg"), st.integers(0, 10**12)), max_size=40),
    st.integers(0, 10**12),
)
def test_parts_of_a_campaign_add_up_to_its_spend(rows: list[tuple[str, str, int]], spend: int) -> None:
    campaigns = [campaign("c1", spend), campaign("c2", 3)]
    running = exposures(campaigns, [weight(*row) for row in rows])
    parts: Counter[str] = Counter()
    for exposed in running.values():
        for part in exposed:
            parts[part.campaign_id] += part.spend_micros
    for status in campaigns:
        sells = any(listed == status.campaign_id and weight > 0 for listed, _, weight in rows)
        assert parts[status.campaign_id] == (status.daily_spend_micros if sells else 0)


def shop_variant(variant_id: str, available: int | None, *, backorder: bool = False) -> VariantStock:
    return VariantStock(variant_id, "p", None, f"Shirt {variant_id}", available, backorder, f"i-{variant_id}")


def sold(variant_id: str, units: int) -> Sold:
    return Sold(SoldItem(variant_id, None, None), "", units)


def credited(variant_id: str, weight: int) -> CreditedItem:
    return CreditedItem("meta", "a1", "c1", SoldItem(variant_id, None, None), weight)


@pytest.mark.rule("STOCK-04")
def test_only_what_runs_out_without_backorders_has_spend_at_risk() -> None:
    statuses = assess(
        [shop_variant("out", 0), shop_variant("back", 0, backorder=True), shop_variant("fine", 30)],
        [sold("out", 28), sold("back", 28), sold("fine", 28)],
        {},
        [campaign()],
        [credited("out", 30), credited("back", 30), credited("fine", 40)],
        window_days=28,
        lead_times=LeadTimes(14),
    )
    at_risk = {status.variant_id: status.spend_at_risk_micros for status in statuses}
    assert at_risk == {"out": 30 * MICROS, "back": 0, "fine": 0}
    assert statuses[0].variant_id == "out"
    assert statuses[0].campaigns == (("meta", "c1", 30 * MICROS),)


@pytest.mark.rule("STOCK-06")
def test_what_sells_but_no_product_names_is_untracked_and_not_told() -> None:
    statuses = assess(
        [], [Sold(SoldItem(None, "S1", None), "Lamp", 5)], {}, [], [], window_days=28, lead_times=LeadTimes(14)
    )
    assert [(status.variant_id, status.title, status.status, status.units_sold) for status in statuses] == [
        ("sku:S1", "Lamp", "untracked", 5)
    ]
    assert listed(statuses) == ()


def test_healthy_stock_is_counted_but_not_told() -> None:
    statuses = assess(
        [shop_variant("out", 0), shop_variant("fine", 30)],
        [sold("fine", 28)],
        {},
        [],
        [],
        window_days=28,
        lead_times=LeadTimes(14),
    )
    assert [status.variant_id for status in listed(statuses)] == ["out"]
