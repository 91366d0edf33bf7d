"""The time of receipt that every webhook is stamped with."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis.strategies import datetimes, just

from pulsepoint.events.envelope import stamp


@given(datetimes(timezones=just(UTC)))
def test_a_stamp_reads_as_the_instant_it_was_made_from(moment: datetime) -> None:
    assert datetime.fromisoformat(stamp(moment)) == moment


@given(
    datetimes(min_value=datetime(2000, 1, 1), timezones=just(UTC)),
    datetimes(min_value=datetime(2000, 1, 1), timezones=just(UTC)),
)
def test_stamps_sort_as_their_instants(one: datetime, other: datetime) -> None:
    assert (stamp(one) < stamp(other)) == (one < other)
