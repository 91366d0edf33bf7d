from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import pairwise
from math import sqrt

import pytest

from sandbox.ad_habits import AD_HABITS
from sandbox.campaigns import CampaignDay, Pressures, carried, contact_ppm, lifted_ppm, saturation
from sandbox.causes import incremental
from sandbox.records import AdDay
from sandbox.settings import PPM, Incident, ShopSettings, When, WorldSettings
from sandbox.world import World
from tests.builders.sandbox_worlds import (
    even,
    lived,
    orders_of,
    with_campaigns,
    without_aftermath,
    world_settings,
)

pytestmark = pytest.mark.slow

PROSPECTING, RETARGETING, BRAND, TIKTOK = "120208513370010", "120208513370030", "21034567801", "1801234567890123"


def _settled(world: World) -> list[AdDay]:
    """All ad days as shown when the history ends."""
    first, last = world.history()
    end = world.day(last).orders[-1].created_at + timedelta(days=1)
    rows: list[AdDay] = []
    for number in range((last - first).days + 1):
        rows.extend(world.ad_days(first + timedelta(days=number), end))
    return rows


def _net(settings: WorldSettings) -> int:
    return sum(order.net_cents for order in orders_of(lived(settings)))


def test_twice_the_pressure_has_less_than_twice_the_effect() -> None:
    effects = [saturation(cents, 30_000) for cents in range(0, 200_000, 10_000)]
    gains = [after - before for before, after in pairwise(effects)]
    assert gains[0] > 0 and all(later < earlier for earlier, later in pairwise(gains))
    assert saturation(30_000, 30_000) == PPM // 2


def test_pressure_carries_over_and_fades() -> None:
    pressures = [10_000]
    for _ in range(4):
        pressures.append(carried(pressures[-1], 0, 500_000))
    assert pressures == [10_000, 5_000, 2_500, 1_250, 625]
    assert carried(10_000, 10_000, 450_000) == 10_000


def test_buyers_who_met_a_lifting_ad_are_more_common_among_buyers_than_among_visitors() -> None:
    campaign = next(c for c in world_settings().campaigns if c.campaign_id == RETARGETING)
    day = CampaignDay(campaign, campaign.budget_cents, PPM)
    assert (campaign.reach_ppm, campaign.lift_ppm) == (100_000, 180_000)
    assert lifted_ppm((day,), None) == 1_018_000
    assert lifted_ppm((day,), RETARGETING) == PPM
    assert contact_ppm(day) == 100_000 * 1_180_000 // 1_018_000


def test_a_paused_campaign_still_works_for_a_while_but_takes_no_clicks() -> None:
    campaigns = tuple(c for c in world_settings().campaigns if c.campaign_id == PROSPECTING)
    pause = Incident("paused_ads", When(30, on_day=0), campaign_id=PROSPECTING)
    pressures, shop = Pressures(campaigns), ShopSettings()
    effects = [pressures.advance(shop.first_day + timedelta(days=n), shop, (pause,))[0] for n in range(6)]
    assert PPM > effects[0].effect_ppm > effects[1].effect_ppm > effects[5].effect_ppm > 0
    assert all(day.budget_cents == day.click_ppm == day.reach_ppm == day.view_ppm == 0 for day in effects)


def test_a_doubled_budget_earns_more_but_not_twice_as_much() -> None:
    calm = even(without_aftermath(world_settings(days=200)))
    more = Incident("more_ads", When(200, on_day=0), campaign_id=PROSPECTING, amount_ppm=2 * PPM)
    earned, orders = [], []
    for settings in (calm, replace(calm, incidents=(more,))):
        causes = lived(settings).causes(*lived(settings).history())
        own = [cause for cause in causes if cause.campaign_id == PROSPECTING]
        earned.append(sum(cause.cents for cause in own))
        orders.append(len(own))
    # From 26 against a half of 30 to 52 against it: (52 / 82) / (26 / 56) = 1.366 times as many.
    assert abs(orders[1] / orders[0] - 1.366) < 4 * 1.366 * sqrt(1 / orders[0] + 1 / orders[1])
    assert 1 < earned[1] / earned[0] < 1.8


@pytest.mark.parametrize("campaign_id", [PROSPECTING, RETARGETING])
def test_the_ledger_says_what_leaving_a_campaign_out_would_cost(campaign_id: str) -> None:
    """The same days with and without one campaign differ by what the ledger says it made.

    Draws are shared between both worlds, so the difference's error is that of the orders that differ: their count
    is Poisson and their values spread. No other campaign lifts here: jointly made orders have no single maker.
    """
    silent = {f"c{c.campaign_id}": {"lift_ppm": 0} for c in world_settings().campaigns if c.campaign_id != campaign_id}
    calm = with_campaigns(even(without_aftermath(world_settings(days=300))), **silent)
    gone = Incident("paused_ads", When(300, on_day=0), campaign_id=campaign_id)
    never = replace(with_campaigns(calm, **{f"c{campaign_id}": {"carry_ppm": 0}}), incidents=(gone,))
    causes = lived(calm).causes(*lived(calm).history())
    made = sum(cause.cents for cause in causes if cause.campaign_id == campaign_id)
    difference = _net(calm) - _net(never)
    apart = abs(len(orders_of(lived(calm))) - len(orders_of(lived(never))))
    assert made > 0
    assert abs(difference - made) < 4 * sqrt(apart) * 16_000, (difference, made)


def test_spend_is_what_the_budget_rules_say() -> None:
    settings = world_settings("everyday")
    settings = with_campaigns(settings, **{f"c{PROSPECTING}": {"weekend_ppm": 1_250_000}})
    rules = {campaign.campaign_id: campaign for campaign in settings.campaigns}
    pause = Incident("paused_ads", When(7, on_day=30), campaign_id=PROSPECTING)
    world = lived(replace(settings, incidents=(*settings.incidents, pause)))
    paused = {world.settings.shop.first_day + timedelta(days=30 + number) for number in range(7)}
    seen: Counter[str] = Counter()
    for row in _settled(world):
        rule = rules[row.campaign_id]
        budget = rule.budget_cents * (rule.weekend_ppm if row.day.weekday() >= 5 else PPM) // PPM
        if row.campaign_id == PROSPECTING and row.day in paused:
            budget, seen["paused"] = 0, seen["paused"] + 1
            assert row.clicks == 0
        assert row.spend_cents == (min(budget, row.clicks * rule.cpc_cents) if rule.cpc_cents else budget)
        assert row.impressions >= row.clicks
        seen[rule.kind] += 1
    assert seen["paused"] == 7 and seen.total() == 7 + 120 * len(rules)


@pytest.mark.parametrize("name", ["everyday", "calm", "walled_platforms"])
def test_platforms_claim_more_than_they_caused(name: str) -> None:
    world = lived(world_settings(name))
    claimed: Counter[str] = Counter()
    for row in _settled(world):
        claimed[row.campaign_id] += row.claimed_value_cents
    true: Counter[str] = Counter()
    for (campaign_id, _), cents in incremental(world.causes(*world.history())).items():
        true[campaign_id] += cents
    assert claimed.total() > 1.5 * true.total()
    assert claimed[BRAND] > 10 * true[BRAND]
    assert claimed[RETARGETING] > 4 * true[RETARGETING]


def test_brand_search_claims_orders_that_nobody_had_to_pay_for() -> None:
    world = lived(world_settings())
    origins = {c.order_id: c.kind for c in reversed(world.causes(*world.history())) if c.refund_id is None}
    kinds = Counter(
        origins.get(claim.order_id) for claim in world.claims(*world.history()) if claim.campaign_id == BRAND
    )
    assert kinds["organic"] > 50 and kinds["repeat"] > 50


def test_an_order_can_be_claimed_by_several_platforms_but_once_by_each() -> None:
    world = lived(world_settings())
    claims = Counter((claim.order_id, claim.platform) for claim in world.claims(*world.history()))
    assert set(claims.values()) == {1}
    assert max(Counter(order_id for order_id, _ in claims).values()) >= 2


def test_claims_of_a_day_grow_while_spend_is_settled() -> None:
    world = lived(world_settings(days=60))
    first = world.history()[0]
    grown = 0
    for number in range(30):
        day = first + timedelta(days=number)
        at_midnight = world.day(day).ad_days
        settled = world.ad_days(day, datetime.fromisoformat(f"{day + timedelta(days=28)}T00:00:00+00:00"))
        for early, late in zip(at_midnight, settled, strict=True):
            assert (early.spend_cents, early.clicks) == (late.spend_cents, late.clicks)
            assert early.claimed_value_cents <= late.claimed_value_cents
            grown += early.claimed_value_cents < late.claimed_value_cents
    assert grown > 50


def test_spend_runs_through_the_day() -> None:
    world = lived(world_settings(days=3))
    day = world.history()[0] + timedelta(days=1)
    spent = []
    for hour in range(0, 25, 4):
        timestamp = datetime.fromisoformat(f"{day}T00:00:00+02:00") + timedelta(hours=hour)
        spent.append(sum(row.spend_cents for row in world.ad_days(day, timestamp)))
    assert spent[0] == 0 and spent == sorted(set(spent))
    assert spent[-1] == sum(row.spend_cents for row in world.day(day).ad_days)
    assert world.ad_days(day, datetime.fromisoformat(f"{day}T00:00:00+02:00") - timedelta(hours=1)) == ()


def test_retargeting_touches_are_on_the_day_of_the_ad() -> None:
    world = lived(world_settings())
    rows = [c for c in world.causes(*world.history()) if c.campaign_id == RETARGETING and c.refund_id is None]
    assert all(row.touched_day <= row.day for row in rows)
    assert any(row.touched_day < row.day for row in rows)
    assert all(isinstance(row.touched_day, date) for row in rows)


def test_no_claim_rests_on_a_contact_outside_its_window() -> None:
    world = lived(world_settings(days=200))
    days = {order.order_id: order.day for order in orders_of(world)}
    oldest: Counter[str] = Counter()
    for claim in world.claims(*world.history()):
        habits = AD_HABITS[claim.platform]
        window = habits.click_days if claim.contact == "click" else habits.view_days
        age = (days[claim.order_id] - claim.touched_day).days if claim.order_id in days else 0
        assert window and age <= window
        oldest[f"{claim.platform} {claim.contact}"] = max(oldest[f"{claim.platform} {claim.contact}"], age)
    assert oldest["google click"] > 7 and oldest["meta click"] == 7
