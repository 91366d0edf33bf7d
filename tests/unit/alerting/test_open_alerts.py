"""Open alerts: opened once, resolved by itself, never flapping."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerting.domain.open_alerts import MOST_OPEN, OPENED_AT_ONCE, Finding, OpenAlert, reconcile
from pulsepoint.brand.vocabulary import AlertType, Severity
from tests.builders.inventory import NOW

BRAND = UUID(int=12)
SUBJECTS = ("v1", "v2", "v3")


def finding(subject: str = "v1") -> Finding:
    return Finding(type=AlertType.STOCKOUT_RISK, subject=subject, severity=Severity.CRITICAL)


KEYS = frozenset(finding(subject).key for subject in SUBJECTS)


@pytest.mark.rule("STOCK-07")
def test_a_condition_that_goes_on_opens_one_alert() -> None:
    first = reconcile(BRAND, {}, [finding()], evaluated=KEYS, at=NOW)
    second = reconcile(BRAND, first.open_alerts, [finding()], evaluated=KEYS, at=NOW + timedelta(hours=1))
    assert len(first.opened) == 1
    assert not second.opened
    assert second.open_alerts == first.open_alerts


@pytest.mark.rule("STOCK-07")
def test_an_alert_is_resolved_when_its_condition_fails_twice() -> None:
    opened = reconcile(BRAND, {}, [finding()], evaluated=KEYS, at=NOW)
    once = reconcile(BRAND, opened.open_alerts, [], evaluated=KEYS, at=NOW)
    twice = reconcile(BRAND, once.open_alerts, [], evaluated=KEYS, at=NOW)
    assert not once.resolved
    assert twice.resolved == (opened.opened[0][0],)
    assert not twice.open_alerts


@pytest.mark.rule("STOCK-07")
def test_what_is_clearly_over_is_resolved_at_once() -> None:
    opened = reconcile(BRAND, {}, [finding()], evaluated=KEYS, at=NOW)
    assert reconcile(BRAND, opened.open_alerts, [], evaluated=KEYS, clear=KEYS, at=NOW).resolved


def test_what_was_not_evaluated_does_not_change() -> None:
    opened = reconcile(BRAND, {}, [finding()], evaluated=KEYS, at=NOW)
    later = reconcile(BRAND, opened.open_alerts, [finding("v2")], evaluated=(), at=NOW)
    assert finding().key in later.open_alerts
    assert later.open_alerts[finding().key].absent == 0


def test_a_condition_that_comes_back_is_another_alert() -> None:
    first = reconcile(BRAND, {}, [finding()], evaluated=KEYS, at=NOW)
    over = reconcile(BRAND, first.open_alerts, [], evaluated=KEYS, clear=KEYS, at=NOW)
    again = reconcile(BRAND, over.open_alerts, [finding()], evaluated=KEYS, at=NOW + timedelta(days=1))
    assert again.opened[0][0] != first.opened[0][0]


def test_many_conditions_open_a_few_at_a_time_worst_first() -> None:
    many = [finding(f"x{number}") for number in range(OPENED_AT_ONCE + 5)]
    first = reconcile(BRAND, {}, many, evaluated=(), at=NOW)
    assert [alert.subject for _, alert in first.opened] == [f"x{number}" for number in range(OPENED_AT_ONCE)]
    second = reconcile(BRAND, first.open_alerts, many, evaluated=first.open_alerts, at=NOW)
    assert len(second.opened) == 5


def test_a_full_book_takes_no_more() -> None:
    open_alerts = {f"stockout_risk|y{number}": OpenAlert(str(number)) for number in range(MOST_OPEN)}
    assert not reconcile(BRAND, open_alerts, [finding()], evaluated=(), at=NOW).opened


@pytest.mark.rule("STOCK-07")
@given(st.lists(st.tuples(st.sets(st.sampled_from(SUBJECTS)), st.sets(st.sampled_from(SUBJECTS))), max_size=30))
def test_every_alert_opens_once_and_ends_only_when_absent_twice_or_clearly_over(
    ticks: list[tuple[set[str], set[str]]],
) -> None:
    open_alerts: dict[str, OpenAlert] = {}
    absent = dict.fromkeys(SUBJECTS, 0)
    is_open: dict[str, str] = {}
    seen: set[str] = set()
    for number, (holding, over) in enumerate(ticks):
        clear = {finding(subject).key for subject in over - holding}
        at = NOW + timedelta(seconds=number)
        reconciled = reconcile(
            BRAND, open_alerts, [finding(alert) for alert in sorted(holding)], evaluated=KEYS, clear=clear, at=at
        )
        for alert_id, opened in reconciled.opened:
            assert opened.subject in holding
            assert opened.subject not in is_open
            assert alert_id not in seen
            seen.add(alert_id)
        for subject in SUBJECTS:
            absent[subject] = 0 if subject in holding else absent[subject] + 1
            if subject in is_open:
                ends = subject not in holding and (subject in over or absent[subject] >= 2)
                assert (is_open[subject] in reconciled.resolved) == ends
                if ends:
                    del is_open[subject]
        is_open |= {opened.subject: alert_id for alert_id, opened in reconciled.opened}
        assert {key: alert.alert_id for key, alert in reconciled.open_alerts.items()} == {
            finding(subject).key: alert_id for subject, alert_id in is_open.items()
        }
        open_alerts = dict(reconciled.open_alerts)


@given(st.integers(1, 40))
def test_a_condition_that_flickers_keeps_one_alert(flickers: int) -> None:
    open_alerts: dict[str, OpenAlert] = {}
    opened = 0
    for number in range(flickers):
        holding = [finding()] if number % 2 == 0 else []
        reconciled = reconcile(BRAND, open_alerts, holding, evaluated=KEYS, at=NOW + timedelta(seconds=number))
        opened += len(reconciled.opened)
        assert not reconciled.resolved
        open_alerts = dict(reconciled.open_alerts)
    assert opened == 1
