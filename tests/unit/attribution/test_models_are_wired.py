"""Every attribution model is wired everywhere: function, setting, sums to the cent, reconciliation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attribution.domain.credits import MINOR_UNIT, credits_of
from attribution.domain.models import MODELS, Model
from gateway.verification.checks import reconciliation
from ingest_shopify.facts import facts_of
from pulsepoint.adapters.duckdb.warehouse import open_duckdb
from pulsepoint.brand.settings import BrandChoices
from pulsepoint.brand.vocabulary import AttributionModel, CancelledOrders, Channel
from pulsepoint.brand.words import Word
from pulsepoint.events.attributions import Touch
from pulsepoint.metrics.revenue import SoldOrder, sales_entries
from tests.builders.orders import CREATED_AT, SCOPE, evidence, order_event, refund
from tests.unit.attribution.harness import Harness

CHANNELS = [channel for channel in Channel if channel is not Channel.UNATTRIBUTED]
JOURNEYS = st.lists(
    st.builds(
        lambda hours, channel: Touch(occurred_at=CREATED_AT - timedelta(hours=hours), channel=channel, paid=False),
        st.integers(0, 40 * 24),
        st.sampled_from(CHANNELS),
    ),
    max_size=8,
)


def unwired(models: type[StrEnum], registry: Mapping[str, Model]) -> list[str]:
    """Members without a function, and functions without a member."""
    return sorted(set(models) ^ set(registry))


def test_every_model_has_one_function_and_every_function_a_model() -> None:
    assert unwired(AttributionModel, MODELS) == []
    assert len(set(MODELS.values())) == len(MODELS)


def test_a_model_without_its_function_is_found() -> None:
    class Tomorrow(Word):
        FIRST_OF_ALL = "first_of_all"

    assert unwired(Tomorrow, {}) == ["first_of_all"]
    assert set(unwired(Tomorrow, MODELS)) == {"first_of_all", *MODELS}


@pytest.mark.parametrize("model", AttributionModel)
def test_every_model_may_be_a_brands_default(model: AttributionModel) -> None:
    assert BrandChoices.model_validate({"default_model": model.value}).default_model is model


@pytest.mark.rule("ATTR-02")
@pytest.mark.parametrize("model", AttributionModel)
@settings(max_examples=150, deadline=None)
@given(
    cents=st.integers(0, 10**8),
    returned=st.lists(st.integers(0, 10**7), max_size=3),
    cancelled=st.booleans(),
    policy=st.sampled_from(CancelledOrders),
    touches=JOURNEYS,
)
def test_credits_of_every_model_add_up_to_the_cent(
    model: AttributionModel,
    cents: int,
    returned: list[int],
    cancelled: bool,
    policy: CancelledOrders,
    touches: list[Touch],
) -> None:
    when = CREATED_AT + timedelta(days=9) if cancelled else None
    order = SoldOrder("1", CREATED_AT, cents * MINOR_UNIT, False, when, test=False, deleted=False)
    refunds = [refund(f"r{place}", subtotal_micros=part * MINOR_UNIT) for place, part in enumerate(returned)]
    entries = sales_entries(order, refunds, cancelled_orders=policy)
    credits = credits_of(entries, touches, CREATED_AT, BrandChoices(), {model: MODELS[model]})
    assert sum(credit.credit_micros for credit in credits) == sum(entry.net_micros for entry in entries)
    assert all(credit.credit_micros % MINOR_UNIT == 0 for credit in credits)


@pytest.mark.rule("ATTR-05")
@pytest.mark.parametrize("model", AttributionModel)
@settings(max_examples=100, deadline=None)
@given(touches=JOURNEYS, lookback=st.integers(1, 30))
def test_every_model_weighs_each_touch_and_none_outside_the_window(
    model: AttributionModel, touches: list[Touch], lookback: int
) -> None:
    weights = MODELS[model](touches, CREATED_AT, BrandChoices(lookback_days=lookback))
    assert len(weights) == len(touches)
    assert min(weights, default=0) >= 0
    inside = [CREATED_AT - touch.occurred_at <= timedelta(days=lookback) for touch in touches]
    assert (sum(weights) > 0) == any(inside)
    assert not any(weight for weight, counted in zip(weights, inside, strict=True) if not counted)


@pytest.mark.rule("ATTR-01")
def test_the_default_lookback_is_the_settings_alone() -> None:
    """Models read no other window than the brand's: a default of another length moves all of them."""

    def with_default(days: int) -> BrandChoices:
        class Choices(BrandChoices):
            lookback_days: int = days

        return Choices()

    def touch(days_ago: int) -> Sequence[Touch]:
        at: datetime = CREATED_AT - timedelta(days=days_ago)
        return [Touch(occurred_at=at, channel=Channel.META, paid=True)]

    standard = BrandChoices().lookback_days
    for model in MODELS.values():
        assert sum(model(touch(standard), CREATED_AT, BrandChoices())) > 0
        assert model(touch(standard + 1), CREATED_AT, BrandChoices()) == (0,)
        assert model(touch(15), CREATED_AT, with_default(14)) == (0,)


async def test_every_model_appears_in_the_reconciliation_and_agrees_with_sales() -> None:
    harness = Harness()
    events = [
        order_event(order_id="1", evidence=evidence("/?gclid=A"), refunds=(refund("11", amount=10),)),
        order_event(order_id="2"),
    ]
    await harness.handle(*events)
    async with open_duckdb() as warehouse:
        await warehouse.append([row for event in events for row in facts_of(harness.reader(), event)])
        await warehouse.append(harness.ports.facts)
        rows = await reconciliation(warehouse, SCOPE, cancelled_orders="return")
    assert {row["model"] for row in rows} == set(AttributionModel)
    assert {(int(row["sales_micros"]), int(row["difference_micros"])) for row in rows} == {(190_000_000, 0)}
