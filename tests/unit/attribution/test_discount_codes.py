"""Discount codes mapped to campaigns: a touch with evidence of its own, which outranks nothing that has a time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attribution.domain.codes import with_codes
from attribution.domain.models import Model, last_non_direct, last_touch
from attribution.domain.touches import touches_of
from pulsepoint.brand.settings import BrandChoices
from pulsepoint.brand.vocabulary import AttributionModel, Channel, Evidence
from pulsepoint.events.attributions import Touch
from tests.builders.orders import CREATED_AT, ORDER_ID, evidence, order_event, refund_event, timestamp
from tests.unit.attribution.harness import Harness
from tests.unit.attribution.test_attribution_handlers import configured, erased

pytestmark = pytest.mark.rule("TOUCH-16")
ANNA = {"code": "ANNA10", "channel": "affiliate", "campaign": "Anna"}
LAST: dict[AttributionModel, Model] = {
    AttributionModel.LAST_TOUCH: last_touch,
    AttributionModel.LAST_NON_DIRECT: last_non_direct,
}
EMAIL = "/?utm_source=klaviyo&utm_medium=email&utm_campaign=june"


def settings(*mapping: dict[str, Any], **fields: Any) -> BrandChoices:
    return BrandChoices(discount_codes=mapping, **fields)


def made(*codes: str, landing: str | None = None, mapping: BrandChoices | None = None, **fields: Any) -> list[Touch]:
    touches = touches_of(evidence(landing, **fields), CREATED_AT)
    return list(with_codes(touches, codes, CREATED_AT, mapping or settings(ANNA)))


def channels(touches: list[Touch], choices: BrandChoices | None = None) -> dict[str, Channel]:
    """The channel that each model which chooses one touch gives the order to."""
    credited = {}
    for name, model in LAST.items():
        weights = model(touches, CREATED_AT, choices or BrandChoices())
        credited[str(name)] = next(touch.channel for touch, weight in zip(touches, weights, strict=True) if weight)
    return credited


def test_a_code_alone_is_the_touch_that_earned_the_order() -> None:
    (touch,) = made("ANNA10")
    assert (touch.channel, touch.campaign, touch.paid) == (Channel.AFFILIATE, "Anna", False)
    assert (touch.occurred_at, touch.evidence) == (CREATED_AT, (Evidence.DISCOUNT_CODE,))


@pytest.mark.parametrize(
    ("code", "mapped"),
    [("ANNA10", True), ("anna10", True), (" Anna10 ", True), ("ANNA100", False), ("XANNA10", False), ("", False)],
)
def test_an_exact_code_is_compared_as_a_whole_whatever_its_capitals(code: str, mapped: bool) -> None:
    assert bool(made(code)) is mapped


def test_of_several_entries_the_exact_one_counts_then_the_longest_prefix() -> None:
    mapping = settings(
        {"code": "A", "match": "prefix", "channel": "referral", "campaign": "all"},
        {"code": "anna-", "match": "prefix", "channel": "affiliate", "campaign": "Anna"},
        {"code": "ANNA-VIP", "channel": "email", "campaign": "vip"},
    )
    for code, campaign in (("Anna-7F3K", "Anna"), ("anna-vip", "vip"), ("ANNA-VIP2", "Anna"), ("alma", "all")):
        assert [touch.campaign for touch in made(code, mapping=mapping)] == [campaign]
    assert made("BEN", mapping=mapping) == []


@pytest.mark.parametrize(
    ("starts_on", "ends_on", "mapped"),
    [
        (None, None, True),
        ("2026-03-10", "2026-03-10", True),
        ("2026-03-11", None, False),
        (None, "2026-03-09", False),
    ],
)
def test_an_entry_holds_on_its_days_in_the_brands_timezone(
    starts_on: str | None, ends_on: str | None, mapped: bool
) -> None:
    ordered_at = datetime(2026, 3, 9, 23, 30, tzinfo=UTC)  # the 10th in Berlin
    choices = settings({**ANNA, "starts_on": starts_on, "ends_on": ends_on}, timezone="Europe/Berlin")
    assert bool(with_codes((), ("ANNA10",), ordered_at, choices)) is mapped


def test_a_code_never_outranks_evidence_that_has_a_time() -> None:
    touches = made("ANNA10", landing=EMAIL)
    assert [touch.channel for touch in touches] == [Channel.AFFILIATE, Channel.EMAIL]
    assert set(channels(touches).values()) == {Channel.EMAIL}


def test_a_direct_visit_is_the_last_touch_and_the_code_the_last_that_was_not_direct() -> None:
    assert channels(made("ANNA10", landing="/")) == {
        AttributionModel.LAST_TOUCH: Channel.DIRECT,
        AttributionModel.LAST_NON_DIRECT: Channel.AFFILIATE,
    }


def test_of_two_without_a_time_a_note_is_nearer_the_order_than_a_code() -> None:
    touches = made("ANNA10", note_attributes=(("utm_source", "google"), ("utm_medium", "cpc")))
    assert [touch.channel for touch in touches] == [Channel.AFFILIATE, Channel.GOOGLE]


def test_a_visit_before_the_window_does_not_take_the_code_out_of_it() -> None:
    moments = (timestamp(CREATED_AT - timedelta(days=45), EMAIL),)
    touches = made("ANNA10", moments=moments)
    assert channels(touches)[AttributionModel.LAST_NON_DIRECT] == Channel.AFFILIATE


def test_a_code_of_a_campaign_whose_link_was_followed_is_more_evidence_of_that_visit() -> None:
    for landing in ("/?awc=1_2", "/?utm_source=awin&utm_medium=affiliate&utm_campaign=ANNA"):
        (touch,) = made("ANNA10", landing=landing)
        assert (touch.channel, touch.evidence) == (Channel.AFFILIATE, ("landing_site", Evidence.DISCOUNT_CODE))
        assert touch.campaign in ("Anna", "ANNA")
    other = made("ANNA10", landing="/?utm_source=awin&utm_medium=affiliate&utm_campaign=ben")
    assert [touch.campaign for touch in other] == ["Anna", "ben"]


def test_a_code_of_ads_is_paid() -> None:
    for channel, paid in (("meta", True), ("other_paid", True), ("organic_social", False)):
        (touch,) = made("X", mapping=settings({"code": "x", "channel": channel}))
        assert touch.paid is paid


def test_several_codes_are_several_touches_and_the_same_campaign_one() -> None:
    mapping = settings(ANNA, {"code": "BEN", "channel": "affiliate", "campaign": "Ben"}, {**ANNA, "code": "ANNA20"})
    assert [touch.campaign for touch in made("BEN", "ANNA10", "ANNA20", mapping=mapping)] == ["Ben", "Anna"]


@given(st.permutations(["ANNA10", "nobody", "anna20"]), st.booleans())
def test_what_codes_make_is_sorted_as_the_models_expect(codes: list[str], visited: bool) -> None:
    touches = made(*codes, landing=EMAIL if visited else None)
    assert [touch.occurred_at for touch in touches] == sorted(touch.occurred_at for touch in touches)
    assert len(touches) == 1 + visited


@pytest.mark.rule("ATTR-10")
async def test_a_changed_mapping_attributes_existing_orders_anew_and_back() -> None:
    harness = Harness()
    await harness.handle(order_event(evidence=evidence("/", discount_codes=("anna10",))), refund_event())
    assert harness.by_channel("last_non_direct") == {"direct": 90_000_000}
    await harness.handle(configured(version=1, discount_codes=(ANNA,)))
    await harness.run_effects()
    assert harness.by_channel("last_non_direct") == {"affiliate": 90_000_000}
    assert harness.by_channel("last_touch") == {"direct": 90_000_000}
    assert {row["evidence"] for row in harness.current("touches")} == {"landing_site", Evidence.DISCOUNT_CODE}
    await harness.handle(configured(version=2))
    await harness.run_effects()
    assert harness.by_channel("last_non_direct") == {"direct": 90_000_000}


@pytest.mark.rule("ATTR-03")
async def test_the_mapping_may_arrive_before_or_after_what_it_is_about() -> None:
    events = (
        configured(version=1, discount_codes=(ANNA,)),
        order_event(evidence=evidence("/", discount_codes=("ANNA10",))),
        refund_event(),
    )
    ends = []
    for arrival in permutations(events):
        harness = Harness()
        await harness.handle(*arrival)
        await harness.run_effects()
        ends.append(harness.credits())
    assert all(end == ends[0] for end in ends)


@pytest.mark.rule("SEC-08")
async def test_an_erased_order_keeps_what_its_code_earned_and_not_the_code() -> None:
    order = order_event(evidence=evidence("/", discount_codes=("ANNA10",)))
    for arrival in ((order, erased(ORDER_ID)), (erased(ORDER_ID), order)):
        harness = Harness()
        await harness.handle(configured(version=1, discount_codes=(ANNA,)), *arrival)
        assert harness.by_channel("last_non_direct") == {"affiliate": 100_000_000}
        assert "ANNA10" not in str(await harness.document())
