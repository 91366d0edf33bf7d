"""Which visit was the last: each touch has its own time, and the sandbox knows the visits themselves."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from attribution.domain.models import MODELS
from attribution.domain.touches import touches_of
from pulsepoint.brand.settings import BrandChoices
from pulsepoint.brand.vocabulary import AttributionModel, Channel
from pulsepoint.events.attributions import Touch
from tests.accuracy.last_visits import TELLINGS, Reason, compared
from tests.builders.orders import CREATED_AT, evidence, timestamp
from tests.builders.sandbox_worlds import lived, orders_of, world_settings

pytestmark = pytest.mark.slow

EARLIER = (("landing_page", "https://shop.example/?utm_source=google&utm_medium=cpc&utm_campaign=brand&gclid=A"),)


def touches(landing: str | None = None, referrer: str | None = None, **fields: Any) -> tuple[Touch, ...]:
    return touches_of(evidence(landing, referrer, **fields), CREATED_AT)


def credited(model: AttributionModel, touches: tuple[Touch, ...]) -> Touch | None:
    weights = MODELS[model](touches, CREATED_AT, BrandChoices())
    return next((touch for touch, weight in zip(touches, weights, strict=True) if weight), None)


def channels(made: tuple[Touch, ...]) -> dict[AttributionModel, Channel | None]:
    chosen = {model: credited(model, made) for model in (AttributionModel.LAST_TOUCH, AttributionModel.LAST_NON_DIRECT)}
    return {model: touch.channel if touch is not None else None for model, touch in chosen.items()}


def test_the_landing_is_the_last_visit_and_the_notes_without_a_time_came_before_it() -> None:
    made = touches("/", note_attributes=EARLIER)
    assert [touch.channel for touch in made] == [Channel.GOOGLE, Channel.DIRECT]
    assert channels(made) == {
        AttributionModel.LAST_TOUCH: Channel.DIRECT,
        AttributionModel.LAST_NON_DIRECT: Channel.GOOGLE,
    }


def test_evidence_without_a_time_never_outranks_one_that_has_it() -> None:
    moments = (timestamp(CREATED_AT - timedelta(days=3), "/?utm_source=klaviyo&utm_medium=email"),)
    made = touches(moments=moments, note_attributes=EARLIER)
    assert set(channels(made).values()) == {Channel.EMAIL}
    undated = (*moments, timestamp(None, "/?utm_source=tiktok&utm_medium=cpc"))
    assert set(channels(touches(moments=undated)).values()) == {Channel.EMAIL}


def test_notes_alone_still_count() -> None:
    assert set(channels(touches(note_attributes=EARLIER)).values()) == {Channel.GOOGLE}


def test_a_note_with_a_time_of_its_own_has_that_time() -> None:
    clicked = CREATED_AT - timedelta(hours=5)
    milliseconds = int(clicked.timestamp() * 1000)
    notes = (("_fbc", f"fb.1.{milliseconds}.IwAR1"), ("utm_source", "facebook"), ("utm_medium", "cpc"))
    made = touches("/?utm_source=klaviyo&utm_medium=email", note_attributes=notes)
    assert [(touch.channel, touch.occurred_at) for touch in made] == [
        (Channel.META, clicked),
        (Channel.EMAIL, CREATED_AT),
    ]


@pytest.mark.parametrize("stamp", ["1700000000", "99999999999999", "0000000000000", "abc"])
def test_a_cookies_clock_that_cannot_be_right_is_no_time(stamp: str) -> None:
    notes = (("_fbc", f"fb.1.{stamp}.IwAR1"),)
    made = touches("/?utm_source=klaviyo&utm_medium=email", note_attributes=notes)
    assert [(touch.channel, touch.occurred_at) for touch in made] == [
        (Channel.ORGANIC_SOCIAL, CREATED_AT),
        (Channel.EMAIL, CREATED_AT),
    ]


def test_of_visits_at_one_moment_the_one_nearer_the_order_comes_later() -> None:
    moments = (timestamp(CREATED_AT, "/?utm_source=google&utm_medium=cpc"), timestamp(CREATED_AT, "/collections"))
    made = touches("/?utm_source=klaviyo&utm_medium=email", moments=moments, note_attributes=EARLIER)
    assert [touch.channel for touch in made] == [Channel.DIRECT, Channel.GOOGLE, Channel.EMAIL]
    assert set(channels(made).values()) == {Channel.EMAIL}


@pytest.mark.rule("TOUCH-02")
@pytest.mark.parametrize("telling", TELLINGS)
@pytest.mark.parametrize(("world", "seed"), [("calm", None), ("tracking_loss", 7), ("broken_tracking", 41)])
def test_last_touch_is_the_sandboxs_own_last_visit_on_every_order_whose_visit_was_told(
    world: str, seed: int | None, telling: str
) -> None:
    lived_through = lived(world_settings(world, days=60, seed=seed))
    result = compared(lived_through, telling)
    assert result.wrong == []
    orders = result.reasons.total()
    assert orders == len(orders_of(lived_through))
    # Elsewhere the difference has its reason.
    assert result.reasons[Reason.NO_CONSENT] == sum(not order.evidence.visits for order in orders_of(lived_through))
    assert (result.reasons[Reason.UNTAGGED] > 0) is (world == "broken_tracking")
    assert result.channels[Channel.DIRECT] > 0.05 * orders
    assert result.differs > 0.01 * orders
