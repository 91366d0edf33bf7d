from __future__ import annotations

from collections import Counter
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from sandbox.records import Order
from sandbox.world import World
from tests.builders.sandbox_worlds import lived, orders_of, world_settings

pytestmark = pytest.mark.slow


def _query(order: Order) -> dict[str, list[str]]:
    return parse_qs(urlsplit(order.evidence.landing_site or "").query)


def _with_click_id(world: World) -> float:
    orders = orders_of(world)
    return sum(1 for o in orders if {"fbclid", "gclid", "ttclid"} & set(_query(o))) / len(orders)


def test_click_ids_are_of_their_platforms_and_keep_their_case() -> None:
    click_ids: Counter[str] = Counter()
    for order in orders_of(lived(world_settings())):
        query = _query(order)
        for name, prefix in (("fbclid", "IwAR"), ("gclid", "Cj0KCQ"), ("ttclid", "E.C.P.")):
            if name in query:
                assert query[name][0].startswith(prefix)
                click_ids[name] += 1
    assert min(click_ids[name] for name in ("fbclid", "gclid", "ttclid")) > 20


def test_utms_drift_in_spelling_but_mostly_are_tidy() -> None:
    sources: Counter[str] = Counter()
    for order in orders_of(lived(world_settings(days=200))):
        query = _query(order)
        if "fbclid" in query and "utm_source" in query:
            sources[query["utm_source"][0]] += 1
    assert sources["facebook"] > 0.7 * sources.total()
    assert len(sources) >= 5 and "Facebook" in sources


def test_who_declines_leaves_no_trace() -> None:
    orders = orders_of(lived(world_settings()))
    blind = [order for order in orders if not order.evidence.visits]
    assert len(blind) > 0.2 * len(orders)
    for order in blind:
        assert order.evidence.landing_site is None and order.evidence.referring_site is None
        assert order.evidence.note_attributes == ()


def test_the_last_visit_is_where_the_order_landed_and_none_is_later_than_it() -> None:
    for order in orders_of(lived(world_settings())):
        visits = order.evidence.visits
        if visits:
            assert order.evidence.landing_site == visits[-1].landing_page
            assert [v.occurred_at for v in visits] == sorted(v.occurred_at for v in visits)
            assert visits[-1].occurred_at <= order.created_at


def test_some_journeys_take_several_visits_and_days() -> None:
    orders = orders_of(lived(world_settings()))
    assert sum(1 for order in orders if len(order.evidence.visits) > 1) > 0.1 * len(orders)
    assert any(order.created_at - order.evidence.visits[0].occurred_at > timedelta(days=5)
               for order in orders if order.evidence.visits)  # fmt: skip


def test_a_broken_pixel_takes_the_notes_and_a_redirect_the_query() -> None:
    world = lived(world_settings("broken_tracking"))
    last = world.history()[1]
    pixel = {last - timedelta(days=5 - number) for number in range(4)}
    redirect = {last - timedelta(days=29 - number) for number in range(6)}
    seen: Counter[str] = Counter()
    for order in orders_of(world):
        if not order.evidence.visits:
            continue
        if order.day in pixel:
            assert order.evidence.note_attributes == ()
            seen["pixel"] += 1
        else:
            assert order.evidence.note_attributes
        if order.day in redirect:
            assert not _query(order)
            seen["redirect"] += 1
        seen["query"] += bool(_query(order))
    assert min(seen.values()) > 50


def test_platforms_hear_less_while_the_pixel_is_broken() -> None:
    world = lived(world_settings("broken_tracking"))
    last = world.history()[1]
    claims = Counter(claim.visible_from.date() for claim in world.claims(*world.history()))
    broken = sum(claims[last - timedelta(days=4 - number)] for number in range(3)) / 3
    usual = sum(claims[last - timedelta(days=15 - number)] for number in range(9)) / 9
    assert broken < 0.6 * usual


def test_less_is_seen_in_the_worlds_that_hide_more() -> None:
    calm, loss, walled = (
        _with_click_id(lived(world_settings(name))) for name in ("calm", "tracking_loss", "walled_platforms")
    )
    assert calm > 1.8 * loss and calm > 6 * walled


def test_codes_are_of_running_promotions_or_of_a_campaign() -> None:
    world = lived(world_settings("flash_sale"))
    last = world.history()[1]
    flash = {last - timedelta(days=3 - number) for number in range(3)}
    used: Counter[str] = Counter()
    for order in orders_of(world):
        for code in order.discount_codes:
            used[code] += 1
            assert code != "FLASH30" or order.day in flash
    assert used["FLASH30"] > 100 and used["TRAIL10"] > 10
    per_day = Counter(order.day for order in orders_of(world))
    assert min(per_day[day] for day in flash) > 2 * per_day[last - timedelta(days=20)]
    lost = [sale for sale in world.lost_sales(*world.history()) if sale.day in flash]
    assert sum(sale.net_cents for sale in lost) > 50_000
