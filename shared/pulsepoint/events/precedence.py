"""Which of several tellings of one thing is current, where the source's own clock says nothing: one number.

Tellings are ordered by (version, precedence, digest). The version is the source's own clock (`updated_at`). The
precedence holds, from the most significant bit: whom it came from (the Admin API over a webhook over a file), when
the delivery was triggered, and the version of the reader that read it, so that a corrected reader wins over the one
before. The digest of the content decides only where all of that is equal. A telling without a precedence (facts of
our own, rows of earlier releases) ranks below any other.

Of a webhook, the trigger's time is a header outside the signature: it counts for at most `TRUSTED_AHEAD` past our
own receipt. A file is what was uploaded in the process itself: no header says so, so nobody outside can claim it, and
files that a program sends as signed webhooks count as webhooks.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from enum import IntEnum

TRUSTED_AHEAD = timedelta(minutes=5)
ORIGIN = "origin"
"""Attribute of a raw delivery: the name of its `Origin`; absent for a webhook."""
READER_BITS, TRIGGER_BITS = 8, 52
LATEST_TRIGGER = (1 << TRIGGER_BITS) - 1
"""Microseconds since 1970, in the year 2112."""


class Origin(IntEnum):
    """Whom a telling came from; the higher is believed."""

    FILE = 1
    WEBHOOK = 2
    ADMIN_API = 3


def precedence_of(origin: Origin, reader_version: int, triggered_at: datetime | None = None) -> int:
    """The precedence of a telling, a positive 64-bit number; without `triggered_at` it ranks as the oldest.

    Raises `ValueError` for a reader version outside 0 to 255.
    """
    if not 0 <= reader_version < 1 << READER_BITS:
        raise ValueError(f"reader version {reader_version} does not fit {READER_BITS} bits")
    since = 0
    if triggered_at is not None:
        since = (triggered_at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    trigger = min(max(since, 0), LATEST_TRIGGER)
    return (int(origin) << TRIGGER_BITS | trigger) << READER_BITS | reader_version


def origin_of(attributes: Mapping[str, str]) -> Origin:
    """Whom a raw delivery came from."""
    return Origin.FILE if attributes.get(ORIGIN) == Origin.FILE.name.lower() else Origin.WEBHOOK


def is_from_file(precedence: int) -> bool:
    """True for a telling from a file, which does not know all that the shop knows."""
    return precedence >> TRIGGER_BITS + READER_BITS == Origin.FILE


def trusted_trigger(triggered_at: datetime, received_at: datetime) -> datetime:
    """The time a delivery was triggered, by an unsigned header; `received_at` is on the brand's business clock."""
    return min(triggered_at, received_at + TRUSTED_AHEAD)
