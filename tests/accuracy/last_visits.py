"""`make last-visits`: the last touch of every order of a world beside the last visit that the world itself knows.

Orders are told as the shop tells them: by webhook, and by webhook with the journey that the Admin API adds. What is
not the same is counted by its reason; an order whose visit was told and whose last touch is another one is wrong.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson

from attribution.domain.models import MODELS
from attribution.domain.touches import touches_of
from ingest_shopify.domain.deliveries import read_delivery
from pulsepoint.brand.settings import BrandChoices
from pulsepoint.brand.vocabulary import AttributionModel, Channel
from pulsepoint.events.attributions import Touch
from pulsepoint.events.orders import OrderRecorded
from sandbox.platforms.bodies import ShopifyBodies
from sandbox.records import Order, Visit
from sandbox.world import World
from tests.builders.sandbox_worlds import lived, orders_of, world_settings

WORLDS = ("calm", "everyday", "tracking_loss", "broken_tracking")
TELLINGS = ("webhook", "webhook and journey")


class Reason(StrEnum):
    """The last touch of an order beside the last visit of the world."""

    SAME = "the world's last visit"
    UNTAGGED = "the world's last visit, whose address had lost its tags"
    NO_CONSENT = "none: the buyer gave no consent, so no visit was told"
    WRONG = "WRONG: another visit than the last one told"


@dataclass(slots=True)
class Compared:
    """The orders of a world under one way of telling: by reason, by channel of the last touch, and the wrong ones.

    `differs` counts orders that the last touch and the last non-direct one credit to different visits.
    """

    reasons: Counter[Reason] = field(default_factory=Counter)
    channels: Counter[Channel] = field(default_factory=Counter)
    wrong: list[tuple[int, str, Channel | None]] = field(default_factory=list)
    differs: int = 0


def compared(world: World, telling: str = TELLINGS[0]) -> Compared:
    """Every order of the world's history."""
    result = Compared()
    broken = [each.when for each in world.settings.incidents if each.kind == "broken_utm"]
    for order in orders_of(world):
        touches, recorded = _touches(order, telling)
        chosen = _credited(AttributionModel.LAST_TOUCH, touches, recorded.created_at)
        non_direct = _credited(AttributionModel.LAST_NON_DIRECT, touches, recorded.created_at)
        reason = _reason(order, chosen)
        if reason is Reason.WRONG:
            channel = chosen.channel if chosen is not None else None
            result.wrong.append((order.order_id, str(order.evidence.visits[-1:]), channel))
        if reason is Reason.SAME and broken and not urlsplit(order.evidence.visits[-1].landing_page).query:
            reason = Reason.UNTAGGED if _is_sent(order.evidence.visits[-1]) else reason
        result.reasons[reason] += 1
        result.differs += chosen != non_direct
        if chosen is not None:
            result.channels[chosen.channel] += 1
    return result


def channel_seen(visit: Visit) -> Channel:
    """The channel of a visit by the world's own few ways of coming, without any list of the product."""
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


def _reason(order: Order, chosen: Touch | None) -> Reason:
    if not order.evidence.visits:
        return Reason.NO_CONSENT if chosen is None else Reason.WRONG
    last = order.evidence.visits[-1]
    if chosen is None or chosen.channel is not channel_seen(last):
        return Reason.WRONG
    named = parse_qs(urlsplit(last.landing_page).query).get("utm_campaign", [chosen.campaign])[0]
    return Reason.SAME if chosen.campaign == named else Reason.WRONG


def _is_sent(visit: Visit) -> bool:
    """True where an ad or an e-mail sent the buyer, whose address has no tag left: its page and referrer say so."""
    return channel_seen(visit) is Channel.ORGANIC_SOCIAL or visit.landing_page.endswith("/collections/new")


def _touches(order: Order, telling: str) -> tuple[Sequence[Touch], OrderRecorded]:
    webhook = ShopifyBodies("UTC").ordered(order)[-1]
    body: dict[str, Any] = {**webhook.body}
    if telling == TELLINGS[1]:
        body["customerJourneySummary"] = {"moments": {"nodes": list(_moments(order.evidence.visits))}}
    reading = read_delivery(webhook.topic, None, orjson.dumps(body), shop="s", received_at=order.created_at)
    assert isinstance(reading.payload, OrderRecorded)
    return touches_of(reading.payload.evidence, reading.payload.created_at), reading.payload


def _moments(visits: Sequence[Visit]) -> Iterator[Mapping[str, Any]]:
    """Visits as the Admin API tells them: https://shopify.dev/docs/api/admin-graphql/latest/objects/CustomerVisit."""
    for visit in visits:
        yield {
            "occurredAt": visit.occurred_at.isoformat(),
            "landingPage": visit.landing_page,
            "referrerUrl": visit.referrer,
            "utmParameters": dict(visit.utm) if visit.utm else None,
        }


def _credited(model: AttributionModel, touches: Sequence[Touch], ordered_at: datetime) -> Touch | None:
    weights = MODELS[model](touches, ordered_at, BrandChoices())
    return next((touch for touch, weight in zip(touches, weights, strict=True) if weight), None)


def main() -> None:
    """Print the comparison of each world; fails where an order is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=90, help="days of history (90)")
    parser.add_argument("--seed", type=int, default=20261130, help="another seed than the worlds come with")
    parser.add_argument("--world", choices=WORLDS, action="append", help="one world alone (all)")
    arguments = parser.parse_args()
    wrong = 0
    for name in arguments.world or WORLDS:
        world = lived(world_settings(name, days=arguments.days, seed=arguments.seed))
        for telling in TELLINGS:
            result = compared(world, telling)
            wrong += len(result.wrong)
            print(f"{name}, seed {arguments.seed}, told by {telling}: {result.reasons.total()} orders")
            for reason in Reason:
                print(f"  {result.reasons[reason]:6}  {reason}")
            print(f"  {result.differs:6}  of them credited otherwise by the last non-direct touch", flush=True)
            for order_id, visit, channel in result.wrong[:10]:
                print(f"          {order_id}: {channel}, but {visit}")
    if wrong:
        raise SystemExit(f"{wrong} orders are credited to another visit than the last one told")


if __name__ == "__main__":
    main()
