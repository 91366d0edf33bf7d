"""The time of receipt and the trace that every webhook is stamped with."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from hypothesis import given
from hypothesis.strategies import datetimes, just

from pulsepoint.events.envelope import Message, raw_message


def received(timestamp: datetime) -> Message:
    return raw_message("shopify-deliveries", b"{}", {}, "signature", timestamp)


def stamp(timestamp: datetime) -> str:
    return received(timestamp).attributes["ce-time"]


@given(datetimes(timezones=just(UTC)))
def test_a_stamp_reads_as_the_instant_it_was_made_from(timestamp: datetime) -> None:
    assert datetime.fromisoformat(stamp(timestamp)) == timestamp


@given(
    datetimes(min_value=datetime(2000, 1, 1), timezones=just(UTC)),
    datetimes(min_value=datetime(2000, 1, 1), timezones=just(UTC)),
)
def test_stamps_sort_as_their_instants(earlier: datetime, later: datetime) -> None:
    assert (stamp(earlier) < stamp(later)) == (earlier < later)


def test_a_delivery_starts_a_trace_of_its_own_that_the_cloud_sees_too() -> None:
    messages = [received(datetime(2026, 1, 1, tzinfo=UTC)).attributes for _ in range(100)]
    assert len({each["traceparent"] for each in messages}) == 100
    assert all(re.fullmatch("00-[0-9a-f]{32}-[0-9a-f]{16}-01", each["traceparent"]) for each in messages)
    assert all(each["googclient_traceparent"] == each["traceparent"] for each in messages)
