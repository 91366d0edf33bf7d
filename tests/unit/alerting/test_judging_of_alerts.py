"""How `make accuracy` judges: which alert is about which incident, and runs that go on."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from tests.accuracy.results import Judged, Results
from tests.accuracy.rules import Opened, openings
from tests.accuracy.scores import foreseen, precision, recall, warranted
from tests.accuracy.shop_days import ShopDay
from tests.accuracy.worlds import Struck, calm_world, short_world, struck_world

FIRST = date(2026, 3, 1)


def on(number: int) -> date:
    return FIRST + timedelta(days=number)


def alert(first: int, last: int = 99, subject: str = "variant:v1") -> Opened:
    return Opened(on(first), on(last), subject)


@pytest.mark.parametrize(("day", "right"), [(9, False), (10, True), (16, True), (19, True), (20, False)])
def test_an_alert_is_about_an_incident_until_three_days_after_it(day: int, right: bool) -> None:
    incident = Struck("broken_utm", on(10), on(16))
    assert (recall([incident], [alert(day)]).hits, precision([incident], [alert(day)]).hits) == (right, right)


@pytest.mark.parametrize(
    ("first", "last", "days_before", "stood"),
    [
        (13, 40, 7, True),
        (14, 40, 7, False),
        (13, 18, 0, False),
        (20, 40, 0, True),
        (21, 40, 0, False),
        (21, 40, -1, True),
    ],
)
def test_an_outage_is_foreseen_by_an_alert_that_stands_in_time(
    first: int, last: int, days_before: int, stood: bool
) -> None:
    outage = Struck("supplier_delay", on(20), on(40), "variant:v1")
    assert foreseen([outage], [alert(first, last)], days_before).hits == stood
    assert not foreseen([outage], [alert(first, last, "variant:v2")], days_before).hits


@pytest.mark.parametrize(("first", "last", "right"), [(6, 10, True), (5, 10, False), (5, 19, False), (5, 20, True)])
def test_a_stock_alert_is_right_where_the_shelf_is_empty_within_the_lead_time(
    first: int, last: int, right: bool
) -> None:
    outage = Struck("supplier_delay", on(20), on(40), "variant:v1")
    assert warranted([outage], [alert(first, last)], 14).hits == right
    assert not warranted([outage], [alert(41, 50)], 14).hits


def test_an_alert_stands_until_it_did_not_hold_twice() -> None:
    holds = [True, False, True, False, False, True]
    days = [ShopDay(on(number)) for number in range(len(holds) + 1)]

    def signal(past: object) -> tuple[set[str], set[str]]:
        assert isinstance(past, list)
        return ({"a"} if holds[len(past) - 1] else set()), set()

    assert openings(days, signal, warm_up=1) == [Opened(on(1), on(5), "a"), Opened(on(6), on(6), "a")]


def test_a_run_goes_on_after_the_last_whole_line(tmp_path: Path) -> None:
    judged = Judged("calm", 7, 19.0, (Struck("late_delivery", on(1), on(2), "variant:v1"),), {"stock": (alert(1),)})
    path = tmp_path / "results.jsonl"
    Results(path).add([judged])
    with path.open("ab") as file:
        file.write(b'{"kind": "sm')
    again = Results(path)
    assert (again.judged, again.done()) == ([judged], {("calm", 7)})
    again.add([judged])
    assert Results(path).judged == [judged, judged]


def test_a_seed_makes_the_same_shop_whatever_strikes_it() -> None:
    drawn = [calm_world(3), struck_world(3, "broken_utm"), struck_world(3, "more_ads"), short_world(3, "stock_loss")]
    assert len({(world.settings.demand, world.settings.evidence, world.settings.campaigns) for world in drawn}) == 1
    assert [len(world.incidents) for world in drawn] == [0, 3, 3, 0]


def test_more_ads_strike_a_campaign_that_spends_all_it_is_given() -> None:
    for seed in range(20):
        settings = struck_world(seed, "more_ads").settings
        struck = {incident.campaign_id for incident in settings.incidents}
        assert not any(each.cpc_cents for each in settings.campaigns if each.campaign_id in struck)
