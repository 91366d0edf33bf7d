"""Which visit was the last: each touch has its own time, and the sandbox knows the visits themselves."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson
import pytest

from attribution.domain.models import MODELS
from attribution.domain.touches import touches_of
from ingest_shopify.domain.deliveries import read_delivery
from pulsepoint.brand.settings import BrandChoices
from pulsepoint.brand.vocabulary import AttributionModel, Channel
from pulsepoint.events.attributions import Touch
from pulsepoint.events.orders import OrderRecorded
from sandbox.platforms.bodies import ShopifyBodies
from sandbox.records import Order, Visit
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


def _recorded(order: Order) -> OrderRecorded:
    """The order as the shop's own webhook tells it."""
    webhook = ShopifyBodies("UTC").ordered(order)[-1]
    reading = read_delivery(webhook.topic, None, orjson.dumps(webhook.body), shop="s", received_at=CREATED_AT)
    assert isinstance(reading.payload, OrderRecorded)
    return reading.payload


def _channel_seen(visit: Visit) -> Channel:
    """The channel of one of the sandbox's visits by the sandbox's own few ways of coming, without any list."""
    query = parse_qs(urlsplit(visit.landing_page).query)
    source, medium = (query.get(f"utm_{tag}", [""])[0].lower() for tag in ("source", "medium"))
    if medium == "email":
        return Channel.EMAIL
    if source:
        names = {"facebook": "meta", "fb": "meta", "ig": "meta", "instagram": "meta", "adwords": "google"}
        return Channel(names.get(source, source.split("_")[0]))
    if "gclid" in query:
        return Channel.GOOGLE
    if "ttclid" in query:
        return Channel.TIKTOK
    referrer = visit.referrer or ""
    if any(site in referrer for site in ("google", "bing", "duckduckgo")):
        return Channel.ORGANIC_SEARCH
    return Channel.ORGANIC_SOCIAL if referrer or "fbclid" in query else Channel.DIRECT


@pytest.mark.parametrize(("world", "seed"), [("calm", None), ("tracking_loss", 7)])
def test_last_touch_is_the_sandboxs_own_last_visit_on_every_order_whose_visit_was_told(
    world: str, seed: int | None
) -> None:
    differs: Counter[str] = Counter()
    shares: Counter[str] = Counter()
    orders = orders_of(lived(world_settings(world, days=90, seed=seed)))
    for order in orders:
        recorded = _recorded(order)
        made = touches_of(recorded.evidence, recorded.created_at)
        weights = MODELS[AttributionModel.LAST_TOUCH](made, recorded.created_at, BrandChoices())
        chosen = next((touch for touch, weight in zip(made, weights, strict=True) if weight), None)
        if not order.evidence.visits:
            differs["no consent: nothing was told"] += chosen is None
            assert chosen is None
            continue
        last = order.evidence.visits[-1]
        (alone,) = touches_of(evidence(last.landing_page, last.referrer), recorded.created_at)
        assert chosen is not None
        assert (chosen.channel, chosen.paid, chosen.campaign) == (alone.channel, alone.paid, alone.campaign)
        assert chosen.channel == _channel_seen(last), last
        others = MODELS[AttributionModel.LAST_NON_DIRECT](made, recorded.created_at, BrandChoices())
        shares["differs from last_non_direct"] += weights != others
        shares[chosen.channel] += 1
    assert differs.total() + sum(shares[channel] for channel in Channel) == len(orders)
    assert shares[Channel.DIRECT] > 0.05 * len(orders)
    assert shares["differs from last_non_direct"] > 0.01 * len(orders)
