"""The book of open alerts: opened once, resolved by itself, never flapping."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from alerting.domain.open_alerts import MOST_OPEN, OPENED_AT_ONCE, Finding, OpenAlert, turn
from tests.builders.inventory import NOW

BRAND = UUID(int=12)
SUBJECTS = ("v1", "v2", "v3")


def finding(subject: str = "v1") -> Finding:
    return Finding("stock_out_risk", subject, "critical", "title", "why", "what to do")


KEYS = frozenset(finding(subject).key for subject in SUBJECTS)


def test_a_condition_that_goes_on_opens_one_alert() -> None:
    first = turn(BRAND, {}, [finding()], looked_at=KEYS, at=NOW)
    second = turn(BRAND, first.book, [finding()], looked_at=KEYS, at=NOW + timedelta(hours=1))
    assert len(first.opened) == 1
    assert not second.opened
    assert second.book == first.book


def test_an_alert_is_resolved_when_its_condition_fails_twice() -> None:
    opened = turn(BRAND, {}, [finding()], looked_at=KEYS, at=NOW)
    once = turn(BRAND, opened.book, [], looked_at=KEYS, at=NOW)
    twice = turn(BRAND, once.book, [], looked_at=KEYS, at=NOW)
    assert not once.resolved
    assert twice.resolved == (opened.opened[0][0],)
    assert not twice.book


def test_what_is_clearly_over_is_resolved_at_once() -> None:
    opened = turn(BRAND, {}, [finding()], looked_at=KEYS, at=NOW)
    assert turn(BRAND, opened.book, [], looked_at=KEYS, clear=KEYS, at=NOW).resolved


def test_what_was_not_looked_at_does_not_change() -> None:
    opened = turn(BRAND, {}, [finding()], looked_at=KEYS, at=NOW)
    later = turn(BRAND, opened.book, [finding("v2")], looked_at=(), at=NOW)
    assert finding().key in later.book
    assert later.book[finding().key].misses == 0


def test_a_condition_that_comes_back_is_another_alert() -> None:
    first = turn(BRAND, {}, [finding()], looked_at=KEYS, at=NOW)
    over = turn(BRAND, first.book, [], looked_at=KEYS, clear=KEYS, at=NOW)
    again = turn(BRAND, over.book, [finding()], looked_at=KEYS, at=NOW + timedelta(days=1))
    assert again.opened[0][0] != first.opened[0][0]


def test_many_conditions_open_a_few_at_a_time_worst_first() -> None:
    many = [finding(f"x{number}") for number in range(OPENED_AT_ONCE + 5)]
    first = turn(BRAND, {}, many, looked_at=(), at=NOW)
    assert [one.subject for _, one in first.opened] == [f"x{number}" for number in range(OPENED_AT_ONCE)]
    second = turn(BRAND, first.book, many, looked_at=first.book, at=NOW)
    assert len(second.opened) == 5


def test_a_full_book_takes_no_more() -> None:
    book = {f"stock_out_risk|y{number}": OpenAlert(str(number)) for number in range(MOST_OPEN)}
    assert not turn(BRAND, book, [finding()], looked_at=(), at=NOW).opened


@given(st.lists(st.tuples(st.sets(st.sampled_from(SUBJECTS)), st.sets(st.sampled_from(SUBJECTS))), max_size=30))
def test_every_alert_opens_once_and_ends_only_after_two_misses_or_clearly_over(
    ticks: list[tuple[set[str], set[str]]],
) -> None:
    book: dict[str, OpenAlert] = {}
    misses = dict.fromkeys(SUBJECTS, 0)
    is_open: dict[str, str] = {}
    seen: set[str] = set()
    for number, (holding, over) in enumerate(ticks):
        clear = {finding(subject).key for subject in over - holding}
        at = NOW + timedelta(seconds=number)
        taken = turn(BRAND, book, [finding(one) for one in sorted(holding)], looked_at=KEYS, clear=clear, at=at)
        for alert_id, opened in taken.opened:
            assert opened.subject in holding
            assert opened.subject not in is_open
            assert alert_id not in seen
            seen.add(alert_id)
        for subject in SUBJECTS:
            misses[subject] = 0 if subject in holding else misses[subject] + 1
            if subject in is_open:
                ends = subject not in holding and (subject in over or misses[subject] >= 2)
                assert (is_open[subject] in taken.resolved) == ends
                if ends:
                    del is_open[subject]
        is_open |= {opened.subject: alert_id for alert_id, opened in taken.opened}
        assert {key: one.alert_id for key, one in taken.book.items()} == {
            finding(subject).key: alert_id for subject, alert_id in is_open.items()
        }
        book = dict(taken.book)


@given(st.integers(1, 40))
def test_a_condition_that_flickers_keeps_one_alert(flickers: int) -> None:
    book: dict[str, OpenAlert] = {}
    opened = 0
    for number in range(flickers):
        holding = [finding()] if number % 2 == 0 else []
        taken = turn(BRAND, book, holding, looked_at=KEYS, at=NOW + timedelta(seconds=number))
        opened += len(taken.opened)
        assert not taken.resolved
        book = dict(taken.book)
    assert opened == 1
