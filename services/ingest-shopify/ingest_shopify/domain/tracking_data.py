"""Where a buyer came from, as the order says it: untrusted text, cut to length, nothing interpreted.

Evidence never refuses an order: what cannot be read is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ingest_shopify.domain.fields import Fields, read_timestamp
from pulsepoint.errors import MalformedInput
from pulsepoint.events.touches import JourneyMoment, TrackingData

MOST_ENTRIES = 100
_HOST = re.compile(r"https?://([a-z0-9.-]{1,253})(?:[:/?#]|$)", re.IGNORECASE)
_UTM = ("source", "medium", "campaign", "content", "term")


def read_tracking_data(order: Fields) -> TrackingData:
    """The evidence of an order in the REST shape, or with a customer journey in the GraphQL shape.

    https://shopify.dev/docs/api/admin-graphql/latest/objects/CustomerJourneySummary
    """
    return TrackingData(
        landing_site=order.text("landing_site"),
        referring_site=order.text("referring_site"),
        note_attributes=tuple(_pairs(order))[:MOST_ENTRIES],
        discount_codes=tuple(_codes(order))[:MOST_ENTRIES],
        moments=tuple(_moments(order))[:MOST_ENTRIES],
        own_hosts=_own_hosts(order),
    )


def _own_hosts(order: Fields) -> tuple[str, ...]:
    """The host of the order's own status page: the shop's domain, or its platform's."""
    host = _HOST.match(order.text("order_status_url") or "")
    return (host.group(1).lower(),) if host is not None else ()


def _entries(value: object) -> Iterator[Fields]:
    """The objects of a list, however it is wrapped (`nodes`, `edges`)."""
    if isinstance(value, dict):
        lists = (value[name] for name in ("nodes", "edges") if isinstance(value.get(name), list))
        yield from _entries(next(lists, None))
    elif isinstance(value, list):
        for item in value[: MOST_ENTRIES * 2]:
            if isinstance(item, dict):
                node = item.get("node")
                yield Fields(node if isinstance(node, dict) else item)


def _pairs(order: Fields) -> Iterator[tuple[str, str]]:
    entries = order.values.get("note_attributes") or order.values.get("customAttributes")
    for entry in _entries(entries):
        name = entry.text("name", 255) or entry.text("key", 255)
        value = entry.text("value")
        if name and value:
            yield name, value


def _codes(order: Fields) -> Iterator[str]:
    for entry in _entries(order.values.get("discount_codes")):
        code = entry.text("code", 255)
        if code:
            yield code


def _moments(order: Fields) -> Iterator[JourneyMoment]:
    journey = _object(order, "customer_journey_summary", "customerJourneySummary")
    listed = _object(order, "customer_journey", "customerJourney").get("moments") or journey.get("moments")
    entries = list(_entries(listed))
    if not entries:
        ends = (journey.get(name) for name in ("first_visit", "firstVisit", "last_visit", "lastVisit"))
        entries = [Fields(visit) for visit in ends if isinstance(visit, dict)]
        # A journey of one visit repeats it as first and as last.
        entries = [
            entry for place, entry in enumerate(entries) if entry.values not in (e.values for e in entries[:place])
        ]
    for entry in entries:
        yield _moment(entry)


def _moment(visit: Fields) -> JourneyMoment:
    utm = Fields(_object(visit, "utm_parameters", "utmParameters"))
    tags = ((name, utm.text(name)) for name in _UTM)
    return JourneyMoment(
        occurred_at=_occurred_at(visit),
        landing_page=visit.text("landing_page") or visit.text("landingPage"),
        referrer=visit.text("referrer_url") or visit.text("referrerUrl"),
        utm=tuple((name, value) for name, value in tags if value),
    )


def _occurred_at(visit: Fields) -> object:
    try:
        return read_timestamp(visit.values.get("occurred_at") or visit.values.get("occurredAt"), "occurred_at")
    except MalformedInput:
        return None


def _object(fields: Fields, *names: str) -> dict[str, object]:
    values = (fields.values.get(name) for name in names)
    return next((value for value in values if isinstance(value, dict)), {})
