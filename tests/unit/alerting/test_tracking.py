"""When lost evidence of orders is an alert on tracking, and when it is none."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerting.domain import claims, tracking
from alerting.domain.open_alerts import Finding
from pulsepoint.brand.sentences import alert_text
from pulsepoint.brand.texts import texts
from pulsepoint.money import MICROS
from tests.builders.channel_days import ChannelTotals, OrderTotals, claimed, tracked
from tests.builders.citing import uncited_days

LAST = date(2026, 3, 14)


def alerts(rows: list[OrderTotals]) -> list[Finding]:
    return tracking.findings(*tracked(rows, LAST), tracking.Rules(), uncited_days)


def clear(rows: list[OrderTotals]) -> set[str]:
    return tracking.clear_subjects(*tracked(rows, LAST), tracking.Rules())


def orders(
    recent: tuple[int, int], base: tuple[int, int], *, spend: int = 100, spend_before: int = 100
) -> list[OrderTotals]:
    """Three recent days and four weeks before of (orders, traced ones) a day."""
    return [
        OrderTotals(LAST - timedelta(days=ago), count, seen, count - seen, money * MICROS)
        for ago, ((count, seen), money) in enumerate([(recent, spend)] * 3 + [(base, spend_before)] * 28)
    ]


@pytest.mark.rule("ALERT-02")
@pytest.mark.parametrize(
    ("recent", "base", "alert"),
    [
        ((40, 20), (40, 20), False),
        ((40, 8), (40, 20), True),
        ((40, 17), (40, 20), False),
        ((400, 165), (400, 200), False),
        ((400, 155), (400, 200), True),
        ((3, 0), (3, 1), False),
        ((5, 1), (40, 20), False),
        ((40, 0), (1, 1), False),
        ((0, 0), (40, 20), False),
    ],
)
def test_far_fewer_traced_orders_than_chance_explains_are_an_alert(
    recent: tuple[int, int], base: tuple[int, int], alert: bool
) -> None:
    assert [finding.subject for finding in alerts(orders(recent, base))] == (["shop"] if alert else [])


@pytest.mark.rule("ALERT-02")
@pytest.mark.parametrize(("spend", "alert"), [(100, True), (70, True), (69, False), (0, False)])
def test_fewer_traced_orders_are_no_alert_while_ads_pause(spend: int, alert: bool) -> None:
    assert bool(alerts(orders((40, 8), (40, 20), spend=spend))) is alert


@pytest.mark.rule("ADS-18")
def test_spend_in_quarantine_is_no_pause_of_ads() -> None:
    recent, base = tracked(orders((40, 8), (40, 20), spend=50), LAST)
    assert tracking.findings(recent, base, tracking.Rules(), uncited_days) == []
    assert tracking.findings(replace(recent, spend_days=1), base, tracking.Rules(), uncited_days)


def test_broken_tracking_says_its_shares() -> None:
    [finding] = alerts(orders((40, 8), (40, 20)))
    text = alert_text(finding, texts())
    assert text.title == "Tracking seems broken: 20 % of orders lead back to a link, 50 % before"
    assert text.explanation.startswith("Of 120 orders in the last 3 complete days 20 % came by a tagged link")
    assert "Of 96 no visit is known." in text.explanation


def test_an_alert_stored_before_there_were_causes_is_about_links() -> None:
    [finding] = alerts(orders((40, 8), (40, 20)))
    assert alert_text(finding.model_copy(update={"cause": None}), texts()) == alert_text(finding, texts())


@given(*[st.integers(0, 60)] * 4)
def test_tracking_is_never_both_in_alert_and_clear(now: int, seen: int, before: int, seen_before: int) -> None:
    rows = orders((now, min(now, seen)), (before, min(before, seen_before)))
    assert not {finding.subject for finding in alerts(rows)} & clear(rows)


def pixel(
    recent: tuple[int, int], base: tuple[int, int], *, spend: int = 100, consent: float = 1.0
) -> list[OrderTotals]:
    """Three recent days and four weeks before of orders by a visit from outside, and those that the pixel saw, a day.

    Twice as many come in all; `consent` is what is left of the recent orders' evidence.
    """
    rows = []
    for ago, ((seen, noted), money) in enumerate([(recent, spend)] * 3 + [(base, 100)] * 28):
        kept = consent if ago < 3 else 1.0
        shown = round(seen * kept), round(noted * kept)
        rows.append(OrderTotals(LAST - timedelta(days=ago), 2 * seen, shown[0], seen, money * MICROS, *shown))
    return rows


@pytest.mark.rule("ALERT-04")
@pytest.mark.parametrize(
    ("recent", "base", "alert"),
    [
        ((20, 0), (20, 19), True),
        ((20, 19), (20, 19), False),
        ((20, 14), (20, 19), True),
        ((20, 16), (20, 19), False),
        ((3, 0), (3, 3), True),
        ((2, 1), (2, 2), False),
        ((1, 0), (1, 1), False),
        ((20, 0), (20, 0), False),
        ((20, 0), (20, 3), False),
        ((0, 0), (20, 19), False),
    ],
)
def test_a_pixel_that_sees_no_orders_any_more_is_an_alert(
    recent: tuple[int, int], base: tuple[int, int], alert: bool
) -> None:
    """Issue: a broken pixel was found once in twenty; orders still led back to links by their landing pages."""
    subjects = [finding.subject for finding in alerts(pixel(recent, base))]
    assert subjects == (["pixel"] if alert else [])


@pytest.mark.rule("ALERT-04")
def test_consent_that_is_gone_is_no_broken_pixel() -> None:
    rows = pixel((20, 19), (20, 19), consent=0.3)
    assert [finding.subject for finding in alerts(rows)] == ["shop"]


@pytest.mark.rule("ALERT-04")
def test_a_pixel_is_not_judged_while_ads_pause() -> None:
    assert alerts(pixel((20, 0), (20, 19), spend=60)) == []


@pytest.mark.parametrize(("noted", "over"), [(19, True), (17, True), (16, False)])
def test_a_pixel_is_clear_within_ten_points(noted: int, over: bool) -> None:
    assert ("pixel" in clear(pixel((20, noted), (20, 19)))) is over


def test_a_broken_pixel_says_what_it_saw_and_saw_before() -> None:
    [finding] = alerts(pixel((20, 1), (20, 19)))
    text = alert_text(finding, texts())
    assert text.title == "The shop's pixel seems broken: it saw 5 % of orders, 95 % before"
    assert text.explanation.startswith(
        "To 60 orders in the last 3 complete days a visit from outside leads; the shop's pixel wrote something down of "
        "3 of them (5 %); 95 % in the 28 days before."
    )


def claiming(
    recent: float, base: float, *, orders: int = 12, orders_before: int = 12, channel: str = "meta"
) -> list[ChannelTotals]:
    """Three recent days and four weeks before of claimed purchases a day, on 100 of spend."""
    return [
        ChannelTotals(channel, LAST - timedelta(days=ago), 100 * MICROS, 0, credited, round(purchases * MICROS))
        for ago, (purchases, credited) in enumerate([(recent, orders)] * 3 + [(base, orders_before)] * 28)
    ]


def collapsed(rows: list[ChannelTotals]) -> list[Finding]:
    return claims.findings(claimed(rows, LAST), claims.Rules(), uncited_days)


@pytest.mark.rule("ALERT-05")
@pytest.mark.parametrize(
    ("recent", "base", "alert"),
    [(0, 20, True), (2, 20, True), (8.1, 20, False), (12, 20, False), (0, 5, False), (0, 0, False), (40, 100, True)],
)
def test_claims_that_collapse_while_orders_go_on_are_an_alert(recent: float, base: float, alert: bool) -> None:
    assert [finding.subject for finding in collapsed(claiming(recent, base))] == (["channel:meta"] if alert else [])


@pytest.mark.rule("ALERT-05")
@pytest.mark.parametrize(("orders", "before", "alert"), [(12, 12, True), (9, 12, True), (8, 12, False), (0, 0, False)])
def test_claims_that_fall_with_the_orders_are_no_matter_of_tracking(orders: int, before: int, alert: bool) -> None:
    assert bool(collapsed(claiming(1, 20, orders=orders, orders_before=before))) is alert


@pytest.mark.rule("ALERT-05")
def test_claims_that_nobody_asked_for_are_not_missing() -> None:
    rows = claiming(20, 20)
    unasked = [replace(row, claimed_micros=None) if row.day > LAST - timedelta(days=3) else row for row in rows]
    assert claimed(unasked, LAST) == []


@pytest.mark.rule("ALERT-05")
def test_claims_of_what_ads_stopped_spending_on_are_not_expected() -> None:
    rows = claiming(1, 20)
    paused = [replace(row, spend_micros=0) if row.day > LAST - timedelta(days=3) else row for row in rows]
    assert claimed(paused, LAST) == []
    little = [replace(row, spend_micros=10 * MICROS) if row.day > LAST - timedelta(days=3) else row for row in rows]
    assert collapsed(little) == []


@given(*[st.integers(0, 60)] * 4)
def test_claims_are_never_both_in_alert_and_clear(now: int, before: int, orders: int, orders_before: int) -> None:
    for each in claimed(claiming(now, before, orders=orders, orders_before=orders_before), LAST):
        assert not (each.holds(claims.Rules()) and each.is_clear(claims.Rules()))


def test_collapsed_claims_say_what_was_to_be_expected() -> None:
    [finding] = collapsed(claiming(2, 20))
    text = alert_text(finding, texts())
    assert text.title == "Meta hears of few purchases: its claims fell by 90 %"
    assert text.explanation.startswith(
        "Meta claims 6.0 purchases for the last 3 complete days; on 300.00 EUR of spend about 60 were to be expected"
    )
    assert "36 orders lead back to it" in text.explanation
