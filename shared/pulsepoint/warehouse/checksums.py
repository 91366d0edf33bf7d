"""Checksums: sums of keyed digests of the rows recorded, kept in another engine than the rows.

A row's digest is HMAC-SHA256 under its tenant's secret key over its table and its values, so that nobody without the
key can say what digest a changed row would have. Digests add up modulo 2^256, whatever the order in which rows arrive
(a multiset hash, MSet-Add-Hash in Clarke et al. 2003, https://people.csail.mit.edu/devadas/pubs/mhashes.pdf): to count
a row costs one addition, and nothing is kept for it. A row's `fact_id` is one of its values: equal rows have other
digests.

An erasure that changes or drops a row leaves a `Tombstone` with the digest recorded: the sums still add up.
"""

from __future__ import annotations

import hmac
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from uuid import UUID

import orjson

from pulsepoint.ports.document_store import Checksum, FactRow
from pulsepoint.tenancy import TenantContext
from pulsepoint.values import Row
from pulsepoint.warehouse.rows import tables_by_name

MODULUS = 2**256
KEY_NAME = "checksum-key"
"""The secret of a tenant that digests are keyed by."""
KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class DayChecksum:
    """Rows as in `Checksum`, of those that were counted on the day `added_on` (UTC)."""

    added_on: date
    hour: datetime
    table: str
    rows: int
    total: int


@dataclass(frozen=True, slots=True)
class Tombstone:
    """The rest that an erasure leaves of a row: `recorded` as it was, `erased` as it stands; None for a dropped row."""

    fact_id: str
    hour: datetime
    table: str
    recorded: int
    erased: int | None

    @classmethod
    def of(cls, key: bytes, table: str, row: Row, erased: Row | None) -> Tombstone:
        """The tombstone of `row` as it was recorded, which an erasure replaces by `erased` (None: drops)."""
        now = None if erased is None else row_digest(key, table, erased)
        return cls(row["fact_id"], hour_of(row["recorded_at"]), table, row_digest(key, table, row), now)


def row_digest(key: bytes, table: str, row: Row) -> int:
    """The digest of a row of a tenant's `table` under `key`, below `MODULUS`; columns that are None do not count."""
    values = {name: value for name, value in row.items() if value is not None}
    for name in _instants(table):
        if name in values:
            values[name] = _instant(values[name])
    message = table.encode() + orjson.dumps(values, option=orjson.OPT_SORT_KEYS)
    return int.from_bytes(hmac.digest(key, message, "sha256"), "big")


def checksums_of(keys: Mapping[UUID, bytes], facts: Iterable[FactRow], repeated: Collection[str]) -> list[Checksum]:
    """The checksums of facts by their tenants' keys, less those whose fact ids are `repeated`.

    Facts of the system tenant are spans, not books: they are not counted.
    """
    sums: dict[tuple[TenantContext, datetime, str], tuple[int, int]] = {}
    done = set(repeated)
    for fact in facts:
        fact_id = fact.row["fact_id"]
        if fact.scope.is_system or fact_id in done:
            continue
        done.add(fact_id)
        place = (fact.scope, hour_of(fact.row["recorded_at"]), fact.table)
        rows, total = sums.get(place, (0, 0))
        digest = row_digest(keys[fact.scope.tenant_id], fact.table, fact.row)
        sums[place] = (rows + 1, (total + digest) % MODULUS)
    return [Checksum(*place, rows, total) for place, (rows, total) in sums.items()]


def tenants_of(facts: Iterable[FactRow]) -> set[UUID]:
    """The tenants whose keys `checksums_of` needs."""
    return {fact.scope.tenant_id for fact in facts if not fact.scope.is_system}


def hour_of(recorded_at: datetime | str) -> datetime:
    """The hour (UTC) of a moment of recording."""
    return _instant(recorded_at).replace(minute=0, second=0, microsecond=0)


def chain_head(key: bytes, before: str, day: date, checksums: Sequence[DayChecksum]) -> str:
    """The head of a brand's chain after `day`, in hex: the digest of the head before it and of all counted that day."""
    values = sorted([each.hour.isoformat(), each.table, each.rows, f"{each.total:064x}"] for each in checksums)
    return hmac.digest(key, orjson.dumps([before, day, values]), "sha256").hex()


def _instant(value: datetime | str) -> datetime:
    timestamp = datetime.fromisoformat(value) if isinstance(value, str) else value
    return timestamp if timestamp.tzinfo is UTC else timestamp.astimezone(UTC)


@cache
def _instants(table: str) -> tuple[str, ...]:
    """The table's columns that hold instants."""
    return tuple(column.name for column in tables_by_name(False)[table].columns if column.type == "TIMESTAMP")
