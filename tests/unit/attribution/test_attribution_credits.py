"""Weights and credits: windows, ties, and sums that hold to the micro."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attribution.domain.credits import MINOR_UNIT, Credit, credits_of, share
from attribution.domain.models import MODELS, Model, last_non_direct, last_touch
from pulsepoint.brand.settings import BrandChoices
from pulsepoint.brand.vocabulary import CancelledOrders
from pulsepoint.events.attributions import Touch
from pulsepoint.metrics.revenue import SalesEntry, SoldOrder, sales_entries
from tests.builders.orders import CREATED_AT, refund

MONTH = BrandChoices(lookback_days=30)

RETURN = CancelledOrders.RETURN


def touch(days_ago: float, channel: str = "meta", *, campaign: str | None = None) -> Touch:
    return Touch(
        occurred_at=CREATED_AT - timedelta(days=days_ago), channel=channel, paid=channel != "direct", campaign=campaign
    )


def thirds(touches: Sequence[Touch], ordered_at: datetime, settings: BrandChoices) -> tuple[int, ...]:
    return (1,) * len(touches)


def uneven(touches: Sequence[Touch], ordered_at: datetime, settings: BrandChoices) -> tuple[int, ...]:
    return tuple((position * 7_919 + 3) % 101 for position in range(len(touches)))


EVERY_MODEL: dict[str, Model] = {**MODELS, "thirds": thirds, "uneven": uneven}


@pytest.mark.rule("ATTR-01")
def test_last_touch_counts_direct_visits_and_last_non_direct_looks_behind_them() -> None:
    touches = [touch(3, "meta"), touch(2, "google"), touch(1, "direct")]
    assert last_touch(touches, CREATED_AT, MONTH) == (0, 0, 1)
    assert last_non_direct(touches, CREATED_AT, MONTH) == (0, 1, 0)


def test_only_direct_visits_give_the_credit_to_direct() -> None:
    assert last_non_direct([touch(2, "direct"), touch(1, "direct")], CREATED_AT, MONTH) == (0, 1)


@pytest.mark.rule("ATTR-04")
def test_both_ends_of_the_window_count_and_nothing_beyond_them() -> None:
    ends = [touch(30, "meta"), touch(0, "google")]
    assert last_touch(ends[:1], CREATED_AT, MONTH) == (1,)
    assert last_touch(ends, CREATED_AT, MONTH) == (0, 1)
    assert last_touch([touch(30.001, "meta"), touch(-0.001, "google")], CREATED_AT, MONTH) == (0, 0)


def test_a_longer_lookback_reaches_further() -> None:
    assert last_touch([touch(45)], CREATED_AT, MONTH) == (0,)
    assert last_touch([touch(45)], CREATED_AT, BrandChoices(lookback_days=60)) == (1,)


@pytest.mark.rule("ATTR-07")
def test_of_two_visits_at_the_same_moment_the_later_in_the_sequence_counts() -> None:
    assert last_touch([touch(1, "meta"), touch(1, "google")], CREATED_AT, MONTH) == (0, 1)


def test_a_touch_at_the_edge_of_the_calendar_does_no_harm() -> None:
    ancient = Touch(occurred_at=datetime.min.replace(tzinfo=CREATED_AT.tzinfo), channel="meta", paid=True)
    assert last_touch([ancient], CREATED_AT, MONTH) == (0,)


@pytest.mark.rule("REV-05")
def test_shares_of_whole_cents_are_whole_cents_and_add_up() -> None:
    assert share(100_000_000, [1, 1, 1]) == [33_340_000, 33_330_000, 33_330_000]
    assert share(-100_000_001, [1, 1, 1]) == [-33_340_001, -33_330_000, -33_330_000]


def _credits(entries: Sequence[SalesEntry], touches: Sequence[Touch]) -> tuple[Credit, ...]:
    return credits_of(entries, touches, CREATED_AT, MONTH, EVERY_MODEL)


def sold(net: int, *, cancelled: bool = False, taxes_included: bool = False) -> SoldOrder:
    when = CREATED_AT + timedelta(days=40) if cancelled else None
    return SoldOrder("1", CREATED_AT, net, taxes_included, when, test=False, deleted=False)


AMOUNTS = st.one_of(st.integers(0, 10**12), st.integers(0, 10**8).map(lambda cents: cents * 10_000))
TOUCHES = st.lists(st.builds(touch, st.floats(-1, 40), st.sampled_from(["meta", "google", "direct"])), max_size=6)


@pytest.mark.rule("ATTR-02")
@settings(max_examples=300, deadline=None)
@given(
    net=AMOUNTS,
    returns=st.lists(st.tuples(AMOUNTS, AMOUNTS, st.integers(-(10**9), 10**9)), max_size=5),
    cancelled=st.booleans(),
    taxes_included=st.booleans(),
    policy=st.sampled_from(CancelledOrders),
    has_order=st.booleans(),
    touches=TOUCHES,
)
@pytest.mark.slow
def test_credits_add_up_to_every_entry_and_to_net_revenue(
    net: int,
    returns: list[tuple[int, int, int]],
    cancelled: bool,
    taxes_included: bool,
    policy: CancelledOrders,
    has_order: bool,
    touches: list[Touch],
) -> None:
    refunds = [
        refund(f"r{number}", subtotal_micros=subtotal, tax_micros=tax, adjustment_micros=adjustment)
        for number, (subtotal, tax, adjustment) in enumerate(returns)
    ]
    order = sold(net, cancelled=cancelled, taxes_included=taxes_included) if has_order else None
    entries = sales_entries(order, refunds, cancelled_orders=policy)
    made = credits_of(entries, touches, CREATED_AT if has_order else None, MONTH, EVERY_MODEL)
    for model in EVERY_MODEL:
        for entry in entries:
            parts = [credit.credit_micros for credit in made if credit.model == model and credit.entry == entry]
            assert parts
            assert sum(parts) == entry.net_micros
    if not has_order:
        assert {credit.channel for credit in made} <= {"unattributed"}
    if all(entry.net_micros % MINOR_UNIT == 0 for entry in entries):
        assert all(credit.credit_micros % MINOR_UNIT == 0 for credit in made)


@pytest.mark.rule("ATTR-06")
@settings(max_examples=200, deadline=None)
@given(parts=st.lists(st.integers(1, 10**9), min_size=1, max_size=7), touches=TOUCHES)
def test_a_sale_given_back_in_any_number_of_refunds_leaves_every_touch_at_exactly_zero(
    parts: list[int], touches: list[Touch]
) -> None:
    refunds = [refund(f"r{number}", subtotal_micros=part) for number, part in enumerate(parts)]
    left: dict[tuple[str, int], int] = defaultdict(int)
    for credit in _credits(sales_entries(sold(sum(parts)), refunds, cancelled_orders=RETURN), touches):
        left[credit.model, credit.position] += credit.credit_micros
    assert left
    assert set(left.values()) == {0}


def test_a_cancellation_after_a_partial_refund_leaves_every_touch_at_exactly_zero() -> None:
    entries = sales_entries(
        sold(100_000_001, cancelled=True), [refund(subtotal_micros=33_333_333)], cancelled_orders=RETURN
    )
    left: dict[tuple[str, int], int] = defaultdict(int)
    for credit in _credits(entries, [touch(1), touch(2), touch(3)]):
        left[credit.model, credit.position] += credit.credit_micros
    assert set(left.values()) == {0}


def test_without_an_eligible_touch_all_is_unattributed() -> None:
    made = _credits(sales_entries(sold(5_000_000), [], cancelled_orders=RETURN), [])
    assert {(credit.channel, credit.credit_micros) for credit in made} == {("unattributed", 5_000_000)}


@pytest.mark.parametrize("model", sorted(MODELS))
def test_an_order_of_nothing_still_names_its_touch(model: str) -> None:
    made = [
        credit
        for credit in _credits(sales_entries(sold(0), [], cancelled_orders=RETURN), [touch(1)])
        if credit.model == model
    ]
    assert [(credit.channel, credit.credit_micros) for credit in made] == [("meta", 0)]
