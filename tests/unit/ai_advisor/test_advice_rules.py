"""Each recommendation: when it is given, with which figures, and when it is not."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_advisor.domain.advice import Advice, Rules, advise, reorder_quantity
from ai_advisor.domain.citations import Citations
from ai_advisor.domain.performance import CampaignPerformance, Performance, Period, Totals
from ai_advisor.domain.purposes import meets_buyers_on_their_way
from pulsepoint.brand.settings import BrandSettings
from pulsepoint.brand.vocabulary import Platform, Priority, RecommendationType
from pulsepoint.events.insights import Recommendation
from pulsepoint.events.inventory import StockStatus
from pulsepoint.money import MICROS
from sandbox.settings_file import named_world
from tests.builders.citing import of_advice
from tests.builders.insights import stock_status, text_of
from tests.builders.inventory import NOW, SCOPE, brand_data
from tests.builders.metrics import citing
from tests.builders.performance import campaign, totals

END = date(2026, 3, 14)
PERIOD = Period(END - timedelta(days=13), END)


def brand(**changes: Any) -> BrandSettings:
    return BrandSettings.model_validate(brand_data(**{"roas_target_micros": 2 * MICROS, **changes}))


def performance(*campaigns: CampaignPerformance, orders: int = 100, net: int = 10_000 * MICROS) -> Performance:
    return Performance(PERIOD, totals(net, orders, 1400 * MICROS), Totals(), campaigns)


def citations() -> Citations:
    return of_advice(SCOPE.brand_id, PERIOD, brand().currency, citing(SCOPE, "EUR", NOW))


def advice(
    *campaigns: CampaignPerformance, statuses: tuple[StockStatus, ...] = (), settings: BrandSettings | None = None
) -> Advice:
    return advise(citations(), settings or brand(), performance(*campaigns), statuses, Rules())


def about(advice: Advice, kind: str) -> list[Recommendation]:
    return [recommendation for recommendation in advice.recommendations if recommendation.type == kind]


def exposing(euros: int, status: str = "out_of_stock", **changes: Any) -> StockStatus:
    part = euros * MICROS
    values: dict[str, Any] = {"available": 0, "days_of_cover_micros": 0, "velocity_micros": 0, **changes}
    return stock_status(status=status, spend_at_risk_micros=part, campaigns=(("meta", "c1", part),), **values)


def test_a_campaign_on_target_is_left_alone() -> None:
    assert advice(campaign()) == Advice((), 0)


@pytest.mark.rule("AI-07")
@pytest.mark.parametrize("status", ["out_of_stock", "critical"])
def test_a_campaign_that_sells_mostly_what_is_gone_is_paused(status: str) -> None:
    [recommendation] = advice(campaign(), statuses=(exposing(50, status),)).recommendations
    assert recommendation.type == "pause_campaign"
    assert recommendation.priority == "high"
    assert recommendation.current_spend_micros == 100 * MICROS
    assert recommendation.recommended_change_micros == -50 * MICROS
    shown = recommendation.figures
    assert (shown["recommended_change"].value, shown["spend_at_risk"].value) == (-50 * MICROS, 50 * MICROS)
    assert "50 % of what this campaign sells" in text_of(recommendation).reason
    assert "100.00 EUR a day, 50.00 EUR of it" in text_of(recommendation).reason


def test_a_campaign_that_sells_some_of_what_is_gone_is_reduced_by_that_part() -> None:
    [recommendation] = advice(campaign(), statuses=(exposing(49),)).recommendations
    assert (recommendation.type, recommendation.recommended_change_micros) == ("reduce_spend", -49 * MICROS)


def test_a_small_part_of_gone_stock_changes_nothing() -> None:
    assert advice(campaign(), statuses=(exposing(9),)).recommendations == ()


def test_parts_of_several_variants_are_summed() -> None:
    statuses = (exposing(30), exposing(30, variant_id="v2"))
    [recommendation] = advice(campaign(), statuses=statuses).recommendations
    assert recommendation.type == "pause_campaign"
    assert "and 1 more" in text_of(recommendation).reason


@pytest.mark.rule("STOCK-04")
def test_backorders_pause_nothing() -> None:
    assert advice(campaign(), statuses=(exposing(100, continue_selling=True),)).recommendations == ()


def test_low_stock_pauses_nothing() -> None:
    assert about(advice(campaign(), statuses=(exposing(100, "low"),)), "pause_campaign") == []


def test_stock_is_reason_enough_on_little_data() -> None:
    [recommendation] = advice(campaign(spend_micros=1, days_with_spend=1), statuses=(exposing(80),)).recommendations
    assert recommendation.type == "pause_campaign"


def test_a_roas_under_target_is_reduced_by_what_is_missing() -> None:
    [recommendation] = advice(campaign(revenue_micros=2100 * MICROS)).recommendations
    assert (recommendation.type, recommendation.priority) == ("reduce_spend", "low")
    assert recommendation.recommended_change_micros == -25 * MICROS
    assert (
        "ROAS 1.50 against a target of 2.00: 1,400.00 EUR spent, 2,100.00 EUR net revenue"
        in text_of(recommendation).reason
    )
    assert text_of(recommendation).expected_impact.startswith("Estimated")


def test_a_roas_far_under_target_is_less_low_and_cut_by_half_at_most() -> None:
    [recommendation] = advice(campaign(revenue_micros=0, orders=0)).recommendations
    assert (recommendation.priority, recommendation.recommended_change_micros) == ("medium", -50 * MICROS)


def test_a_roas_well_over_target_is_raised_by_a_fifth() -> None:
    [recommendation] = advice(campaign(revenue_micros=4200 * MICROS)).recommendations
    assert (recommendation.type, recommendation.recommended_change_micros) == ("raise_spend", 20 * MICROS)
    assert "60.00 EUR more revenue a day" in text_of(recommendation).expected_impact


def test_a_roas_a_little_over_target_is_not_raised() -> None:
    assert advice(campaign(revenue_micros=4199 * MICROS)).recommendations == ()


@pytest.mark.rule("AI-03")
@pytest.mark.parametrize("status", ["low", "critical"])
def test_a_campaign_is_not_raised_while_what_it_sells_runs_out(status: str) -> None:
    result = advice(campaign(revenue_micros=9000 * MICROS), statuses=(exposing(5, status),))
    assert about(result, "raise_spend") == []


@pytest.mark.rule("AI-06")
@given(
    st.integers(-(10**12), 10**13),
    st.integers(0, 10**4),
    st.sampled_from(["Spring", "Search | Brand", "Retargeting | Viewed 14d", "PMax | All"]),
    st.sampled_from(["meta", "tiktok", "google"]),
)
def test_advice_on_credited_revenue_is_never_urgent(revenue: int, orders: int, name: str, platform: str) -> None:
    given_campaign = campaign(revenue_micros=revenue, orders=orders, name=name, platform=platform)
    assert all(item.priority is not Priority.HIGH for item in advice(given_campaign).recommendations)


@pytest.mark.rule("AI-06")
@pytest.mark.parametrize(
    ("platform", "name"),
    [
        ("google", "Search | Brand"),
        ("google", "DE - Marke - Exact"),
        ("google", "Fjell & Fjord exact"),
        ("google", "fjell_fjord | exact"),
        ("meta", "Retargeting | Viewed Product 14d"),
        ("tiktok", "TT remarketing 30d"),
        ("google", "Display_RMKT_cart"),
        ("meta", "DPA abandoned carts"),
    ],
)
def test_brand_search_and_retargeting_are_never_raised_on_credited_roas(platform: str, name: str) -> None:
    """Issue: brand search, whose true return was 0.31, was raised on 72 of 84 days."""
    credited = campaign(revenue_micros=9000 * MICROS, platform=platform, name=name)
    assert advice(credited, settings=brand(name="Fjell & Fjord")).recommendations == ()


@pytest.mark.parametrize(
    ("platform", "name"),
    [("google", "Search | Non-Brand"), ("google", "Search generic"), ("meta", "Prospecting | Brand awareness"),
     ("google", "Shopping | All Products"), ("google", "Fjell jackets"), ("meta", "Artwork | Broad")],
)  # fmt: skip
def test_other_campaigns_are_raised(platform: str, name: str) -> None:
    credited = campaign(revenue_micros=9000 * MICROS, platform=platform, name=name)
    [recommendation] = advice(credited, settings=brand(name="Fjell & Fjord")).recommendations
    assert recommendation.type is RecommendationType.RAISE_SPEND


@pytest.mark.parametrize("platform", Platform)
def test_brand_search_is_bought_where_search_is_sold(platform: Platform) -> None:
    assert meets_buyers_on_their_way(platform, "Brand", "Fjell & Fjord") is platform.sells_search


@pytest.mark.parametrize("world", ["calm", "everyday", "walled_platforms"])
def test_what_the_sandbox_knows_of_its_campaigns_is_read_from_their_names(world: str) -> None:
    settings = named_world(world)
    for each in settings.campaigns:
        harvests = each.kind in ("brand_search", "retargeting")
        assert meets_buyers_on_their_way(each.platform, each.name, settings.shop.name) is harvests, each.name


def test_a_poor_credited_roas_reduces_brand_search_too() -> None:
    [recommendation] = advice(campaign(revenue_micros=100 * MICROS, platform="google", name="Brand")).recommendations
    assert recommendation.type is RecommendationType.REDUCE_SPEND


@pytest.mark.parametrize("changes", [{"orders": 9}, {"days_with_spend": 6}])
def test_a_raise_needs_orders_and_days(changes: dict[str, int]) -> None:
    assert advice(campaign(revenue_micros=9000 * MICROS, **changes)).recommendations == ()


@pytest.mark.rule("AI-02")
def test_too_little_spend_is_counted_and_not_judged() -> None:
    # Orders are worth 100: 249 of spend should have brought 4.98 orders at a ROAS of 2.
    assert advice(campaign(spend_micros=249 * MICROS, revenue_micros=0)) == Advice((), 1)
    assert len(advice(campaign(spend_micros=250 * MICROS, revenue_micros=0)).recommendations) == 1


def test_too_few_days_are_counted_and_not_judged() -> None:
    assert advice(campaign(revenue_micros=0, days_with_spend=2)) == Advice((), 1)


def test_without_any_sale_nothing_is_judged() -> None:
    result = advise(citations(), brand(), performance(campaign(revenue_micros=0), orders=0, net=0), (), Rules())
    assert result == Advice((), 1)


def test_what_runs_out_is_reordered_for_lead_time_and_review() -> None:
    [recommendation] = advice(statuses=(stock_status(),)).recommendations
    # Two a day for 14 + 7 days, less the six that are there.
    assert (recommendation.type, recommendation.priority, text_of(recommendation).action) == (
        "reorder",
        "high",
        "Reorder 36 units of Shirt v1",
    )
    assert (
        "6 units left at 2.0 a day (56 units sold in 28 days in stock) last 3.0 days" in text_of(recommendation).reason
    )


def test_unknown_stock_history_is_said() -> None:
    [recommendation] = advice(statuses=(stock_status(days_unknown=20),)).recommendations
    assert "Stock is known for 8 of these days; the others count as in stock." in text_of(recommendation).reason


def test_low_stock_is_reordered_with_less_haste() -> None:
    [recommendation] = advice(statuses=(stock_status(status="low"),)).recommendations
    assert recommendation.priority == "medium"


@pytest.mark.parametrize("changes", [{"status": "overstocked"}, {"velocity_micros": 0}])
def test_what_is_plenty_or_does_not_sell_is_not_reordered(changes: dict[str, Any]) -> None:
    assert advice(statuses=(stock_status(**changes),)).recommendations == ()


@pytest.mark.rule("STOCK-11")
@pytest.mark.parametrize(("incoming", "units"), [(None, 36), (0, 36), (20, 16), (35, 1), (36, 0), (500, 0)])
def test_what_is_on_its_way_is_not_ordered_again(incoming: int | None, units: int) -> None:
    recommendations = advice(statuses=(stock_status(incoming=incoming),)).recommendations
    assert [each.figures["reorder_units"].value for each in recommendations] == ([units] if units else [])
    for each in recommendations:
        assert ("on the way are taken off" in text_of(each).reason) is bool(incoming)


@pytest.mark.rule("STOCK-11")
def test_a_reorder_goes_by_the_variants_own_lead_time() -> None:
    [recommendation] = advice(statuses=(stock_status(lead_time_days=30),)).recommendations
    assert recommendation.figures["reorder_units"].value == 2 * (30 + 7) - 6
    assert "the lead time is 30 days" in text_of(recommendation).reason


def test_backorders_are_reordered_too() -> None:
    [recommendation] = advice(statuses=(stock_status(continue_selling=True),)).recommendations
    assert "Backorders are taken meanwhile." in text_of(recommendation).reason


@given(st.integers(1, 10**12), st.integers(-100, 10**6), st.integers(0, 365))
def test_a_reorder_lasts_through_lead_time_and_review(velocity: int, available: int, lead: int) -> None:
    quantity = reorder_quantity(stock_status(velocity_micros=velocity, available=available), lead, 7)
    assert quantity >= 0
    assert (quantity + available) * MICROS >= velocity * (lead + 7)
    if quantity:
        assert (quantity - 1 + available) * MICROS < velocity * (lead + 7)


@pytest.mark.rule("AI-03")
def test_one_campaign_gets_one_recommendation() -> None:
    result = advice(campaign(revenue_micros=0), statuses=(exposing(80),))
    assert [recommendation.type for recommendation in result.recommendations] == ["pause_campaign"]


def test_the_same_advice_keeps_its_id_and_another_subject_has_its_own() -> None:
    poor = campaign(revenue_micros=0)
    [first] = advice(poor).recommendations
    [again] = advice(campaign(revenue_micros=10 * MICROS)).recommendations
    [other] = advice(campaign(revenue_micros=0, campaign_id="c2")).recommendations
    assert first.recommendation_id == again.recommendation_id != other.recommendation_id


def test_the_most_urgent_comes_first() -> None:
    result = advice(
        campaign(revenue_micros=9000 * MICROS),
        campaign(campaign_id="c2", revenue_micros=0),
        statuses=(stock_status("v9"), stock_status("v8", status="low")),
    )
    assert [(recommendation.priority, recommendation.type) for recommendation in result.recommendations] == [
        ("high", "reorder"),
        ("medium", "reduce_spend"),
        ("medium", "reorder"),
        ("low", "raise_spend"),
    ]


@pytest.mark.rule("AI-04")
def test_untrusted_names_are_one_line_and_cut() -> None:
    [recommendation] = advice(campaign(revenue_micros=0, name="Big\n\u202esale " + "x" * 300)).recommendations
    assert "\n" not in text_of(recommendation).action
    assert "\u202e" not in text_of(recommendation).action
    assert len(text_of(recommendation).action) < 160
