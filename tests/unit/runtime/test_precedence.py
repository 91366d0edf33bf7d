"""Which of several tellings is current: clock, origin, trigger, reader, digest, in this order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import permutations
from uuid import uuid4

import pytest

from pulsepoint.events.envelope import Event, decode, decode_raw, encode, new_event, raw_message
from pulsepoint.events.orders import OrderDeleted
from pulsepoint.events.precedence import (
    LATEST_TRIGGER,
    ORIGIN,
    Origin,
    origin_of,
    precedence_of,
    trusted_trigger,
)
from pulsepoint.tenancy import TenantContext

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
SCOPE = TenantContext(uuid4(), uuid4())


def telling(order_id: str = "1", version: int = 1, precedence: int = 0) -> Event[OrderDeleted]:
    payload = OrderDeleted(order_id=order_id)
    return new_event(payload, source="s", entity="1", version=version, scope=SCOPE, precedence=precedence)


def test_each_part_decides_only_among_tellings_equal_in_all_before_it() -> None:
    later = NOON + timedelta(microseconds=1)
    tellings = [
        telling(version=1, precedence=0),
        telling(version=1, precedence=precedence_of(Origin.FILE, 255, later)),
        telling(version=1, precedence=precedence_of(Origin.WEBHOOK, 255)),
        telling(version=1, precedence=precedence_of(Origin.WEBHOOK, 1, NOON)),
        telling(version=1, precedence=precedence_of(Origin.WEBHOOK, 2, NOON)),
        telling(version=1, precedence=precedence_of(Origin.WEBHOOK, 1, later)),
        telling(version=1, precedence=precedence_of(Origin.ADMIN_API, 1)),
        *sorted((telling(id, 1, precedence_of(Origin.ADMIN_API, 2)) for id in "ab"), key=lambda event: event.digest),
        telling(version=2, precedence=0),
    ]
    ranks = [event.rank for event in tellings]
    assert ranks == sorted(set(ranks))
    assert len({event.id for event in tellings}) == len(tellings)


def test_a_precedence_is_a_positive_64_bit_number_whatever_the_header_says() -> None:
    for moment in (datetime.min.replace(tzinfo=UTC), NOON, datetime.max.replace(tzinfo=UTC)):
        assert 0 < precedence_of(Origin.ADMIN_API, 255, moment) < 2**63
    far = precedence_of(Origin.WEBHOOK, 0, datetime.max.replace(tzinfo=UTC))
    assert far == (Origin.WEBHOOK << 52 | LATEST_TRIGGER) << 8 < precedence_of(Origin.ADMIN_API, 0)


@pytest.mark.parametrize("version", [-1, 256])
def test_a_reader_version_that_does_not_fit_is_refused(version: int) -> None:
    with pytest.raises(ValueError, match="does not fit"):
        precedence_of(Origin.WEBHOOK, version)


def test_a_trigger_counts_for_at_most_five_minutes_past_the_receipt() -> None:
    assert trusted_trigger(NOON, NOON) == NOON
    assert trusted_trigger(NOON + timedelta(days=9), NOON) == NOON + timedelta(minutes=5)


def test_a_precedence_travels_with_its_event_and_its_absence_is_none() -> None:
    event = telling(precedence=precedence_of(Origin.WEBHOOK, 1, NOON))
    message = encode(event, "orders")
    assert decode(message, OrderDeleted) == event
    del message.attributes["precedence"]
    assert decode(message, OrderDeleted).precedence == 0


def test_the_same_body_triggered_again_is_another_delivery_and_tried_again_is_the_same() -> None:
    def id_of(triggered_at: str, **more: str) -> object:
        headers = {"shop": "s", "shopify-topic": "t", "shopify-triggered-at": triggered_at, **more}
        return decode_raw(raw_message("raw", b"{}", headers, "body", NOON)).id

    ids = [id_of("1"), id_of("2"), id_of("1", **{ORIGIN: "file"})]
    assert len(set(ids)) == 3
    assert id_of("1", **{"shopify-webhook-id": "another"}) == ids[0]


def test_only_what_says_it_is_a_file_is_one() -> None:
    assert origin_of({}) == origin_of({ORIGIN: "admin_api"}) == Origin.WEBHOOK
    assert origin_of({ORIGIN: "file"}) == Origin.FILE


def test_the_current_telling_is_the_same_in_every_order_of_arrival() -> None:
    tellings = [telling("a", 1, 5), telling("b", 1, 7), telling("c", 1, 6)]
    assert {max(order, key=lambda event: event.rank).payload.order_id for order in permutations(tellings)} == {"b"}
