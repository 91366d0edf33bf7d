"""Rows against their checksums: what was recorded is there as it was, and nothing beside it.

Checksums are sums of keyed digests that PostgreSQL keeps of the rows in the warehouse
(`pulsepoint.warehouse.checksums`). They say of each table and hour of recording how many rows there are and what they
add up to, so that a changed, dropped or planted row shows, whatever was changed with it; and each day that is over is
closed by a head of a chain, so that checksums changed afterwards show too.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise

from gateway.verification.checks import Violation
from gateway.verification.queries import QUERIES
from pulsepoint.ports.checksums import Checksums, ChecksumStore
from pulsepoint.ports.warehouse import Warehouse
from pulsepoint.tenancy import TenantContext
from pulsepoint.values import QueryValue, Row
from pulsepoint.warehouse.checksums import MODULUS, DayChecksum, Tombstone, chain_head, hour_of, row_digest
from pulsepoint.warehouse.schema import tables

PAGE_ROWS = 20_000
CLOSED_AFTER = timedelta(hours=1)
"""How long after midnight (UTC) a day is closed: what was marked before it has been stored by then."""
Place = tuple[datetime, str]
"""An hour of recording (UTC) and a table."""


@dataclass(frozen=True, slots=True)
class Sum:
    """Rows and the sum of their digests."""

    rows: int = 0
    total: int = 0

    def plus(self, rows: int, total: int) -> Sum:
        """The sum with more rows."""
        return Sum(self.rows + rows, (self.total + total) % MODULUS)


async def rows_not_as_recorded(
    warehouse: Warehouse, checksums: ChecksumStore, scope: TenantContext, key: bytes
) -> list[Violation]:
    """Hours of recording whose rows in a table are not those that were recorded.

    An hour to which rows are still being added is left out of that table. Raises `EngineUnavailable`.
    """
    before = await checksums.sums(scope)
    tombstones = {each.fact_id: each for each in await checksums.tombstones(scope)}
    there: dict[Place, Sum] = defaultdict(Sum)
    for table in tables():
        expected = sum(checksum.rows for checksum in before.sums if checksum.table == table.name)
        async for rows in _pages(warehouse, scope, table.name, before.began_at, expected):
            for hour, part in (await asyncio.to_thread(_summed, key, table.name, rows, tombstones)).items():
                there[(hour, table.name)] = there[(hour, table.name)].plus(part.rows, part.total)
    for each in tombstones.values():
        if each.erased is None:
            there[(each.hour, each.table)] = there[(each.hour, each.table)].plus(1, each.recorded)
    after = await checksums.sums(scope)
    return _differences(there, before, after)


async def _pages(
    warehouse: Warehouse, scope: TenantContext, table: str, since: datetime, expected: int
) -> AsyncIterator[Sequence[Row]]:
    """The table's rows in parts of about `PAGE_ROWS`, by fact id: ids are digests in hex, spread evenly."""
    parts = min(expected // PAGE_ROWS + 1, 4096)
    bounds = ["", *(f"{65536 * part // parts:04x}" for part in range(1, parts)), "\uffff"]
    for start, end in pairwise(bounds):
        given: dict[str, QueryValue] = {"since": since, "start": start, "end": end}
        yield await QUERIES.run(warehouse, scope, f"recorded_{table}", given)


def _summed(key: bytes, table: str, rows: Iterable[Row], tombstones: Mapping[str, Tombstone]) -> dict[datetime, Sum]:
    sums: dict[datetime, Sum] = defaultdict(Sum)
    for row in rows:
        digest, hour = row_digest(key, table, row), hour_of(row["recorded_at"])
        tombstone = tombstones.get(row["fact_id"])
        if tombstone is not None and tombstone.erased == digest:
            digest = tombstone.recorded
        sums[hour] = sums[hour].plus(1, digest)
    return sums


def _differences(there: Mapping[Place, Sum], before: Checksums, after: Checksums) -> list[Violation]:
    first, last = _by_place(before.sums), _by_place(after.sums)
    moving = before.moving | after.moving
    wrong = []
    for hour, table in sorted({*there, *first, *last}):
        place = (hour, table)
        expected, actual = last.get(place, Sum()), there.get(place, Sum())
        if place in moving or first.get(place, Sum()) != expected or expected == actual:
            continue
        detail = f"rows of {table}" if expected.rows != actual.rows else f"rows of {table}: changed values"
        wrong.append(Violation(f"recorded {hour:%Y-%m-%d %H}:00", detail, expected.rows, actual.rows, None))
    return wrong


def _by_place(checksums: Iterable[DayChecksum]) -> dict[Place, Sum]:
    sums: dict[Place, Sum] = defaultdict(Sum)
    for checksum in checksums:
        place = (checksum.hour, checksum.table)
        sums[place] = sums[place].plus(checksum.rows, checksum.total)
    return dict(sums)


async def close_days(checksums: ChecksumStore, scope: TenantContext, key: bytes, now: datetime) -> None:
    """Keep the chain's head of each day that is over and has none yet."""
    heads = await checksums.heads(scope)
    ended = (now - CLOSED_AFTER).date()
    computed = _chain(key, (await checksums.sums(scope)).sums)
    await checksums.close(scope, {day: head for day, head in computed.items() if day < ended and day not in heads})


async def broken_links(checksums: ChecksumStore, scope: TenantContext, key: bytes) -> list[Violation]:
    """Days whose head is not that of the checksums as they are now: these were changed after the day was closed."""
    heads = await checksums.heads(scope)
    computed = _chain(key, (await checksums.sums(scope)).sums)
    return [
        Violation(f"counted {day:%Y-%m-%d}", "the head of the chain", 1, 0, None)
        for day, head in heads.items()
        if computed.get(day) != head
    ]


def _chain(key: bytes, checksums: Iterable[DayChecksum]) -> dict[date, str]:
    """The heads by day, in order."""
    by_day: dict[date, list[DayChecksum]] = defaultdict(list)
    for checksum in checksums:
        by_day[checksum.added_on].append(checksum)
    head, heads = "", {}
    for day in sorted(by_day):
        head = heads[day] = chain_head(key, head, day, by_day[day])
    return heads
