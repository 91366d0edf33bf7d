"""Answers of the warehouse kept in the cache of their brand, and when they count no longer.

An answer stands under a generation of its brand, a random word in the cache. Whoever appends facts of the brand
replaces the word after they are durable and before anybody is told of them, so an answer is never older than what was
told. Where the word could not be replaced (the cache was away), an answer lives on for its time to live at most.

What was known at a moment long past does not change with new facts: such answers have a generation of their own, which
ends with facts that come late (appended long after they were recorded) and with an erasure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from secrets import token_hex

import orjson

from pulsepoint.ports.cache import Cache
from pulsepoint.ports.document_store import FactRow
from pulsepoint.tenancy import TenantContext
from pulsepoint.values import QueryValue, Row
from pulsepoint.warehouse import schema

SETTLED = timedelta(minutes=10)
"""How long after it was recorded a fact may come without counting as late."""
GENERATION_SECONDS = 86_400.0
MAX_ANSWER_BYTES = 512_000
"""A larger answer is not kept: it would push out many small ones."""
NOW, PAST = "generation:now", "generation:past"
_EXACT = 2**63


@dataclass(frozen=True, slots=True)
class KeptAnswers:
    """Reads and keeps the answers of a brand in `cache` for `seconds`."""

    cache: Cache
    seconds: float

    async def key(
        self, scope: TenantContext, sql: str, parameters: Mapping[str, QueryValue] | None, now: datetime
    ) -> str:
        """The key of a question's answer, to be asked for before the question is; its brand is the cache's own part."""
        generation = await self._generation(scope, PAST if _long_past(parameters, now) else NOW)
        question = repr((sql, sorted((parameters or {}).items()), schema.fingerprint()))
        return f"answer:{generation}:{sha256(question.encode()).hexdigest()}"

    async def get(self, scope: TenantContext, key: str) -> list[Row] | None:
        """The rows kept under a key, or None."""
        kept = await self.cache.get(scope, key)
        return None if kept is None else decoded(kept)

    async def keep(self, scope: TenantContext, key: str, rows: Sequence[Row]) -> None:
        """Keep the rows, unless they are many or hold what cannot be kept exactly."""
        encoded_rows = encoded(rows)
        if encoded_rows is not None and len(encoded_rows) <= MAX_ANSWER_BYTES:
            await self.cache.set(scope, key, encoded_rows, ttl_seconds=self.seconds)

    async def _generation(self, scope: TenantContext, name: str) -> str:
        word = await self.cache.get(scope, name)
        if word is None:
            word = token_hex(8).encode()
            await self.cache.set(scope, name, word, ttl_seconds=GENERATION_SECONDS)
        return word.decode()


async def facts_changed(cache: Cache, facts: Iterable[FactRow], now: datetime) -> None:
    """End the answers that durable `facts` may change."""
    late: dict[TenantContext, bool] = {}
    for fact in facts:
        if not fact.scope.is_system:
            late[fact.scope] = late.get(fact.scope, False) or _is_late(fact, now)
    for scope, came_late in late.items():
        await _end(cache, scope, *((NOW, PAST) if came_late else (NOW,)))


async def facts_erased(cache: Cache, scope: TenantContext) -> None:
    """End every answer of a brand: rows of the past are no longer what they were."""
    await _end(cache, scope, NOW, PAST)


async def _end(cache: Cache, scope: TenantContext, *generations: str) -> None:
    for name in generations:
        await cache.set(scope, name, token_hex(8).encode(), ttl_seconds=GENERATION_SECONDS)


def _is_late(fact: FactRow, now: datetime) -> bool:
    """True as well for a fact that does not say when it was recorded."""
    recorded = fact.row.get("recorded_at")
    if recorded is None:
        return True
    moment = recorded if isinstance(recorded, datetime) else datetime.fromisoformat(recorded)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) < now - SETTLED


def _long_past(parameters: Mapping[str, QueryValue] | None, now: datetime) -> bool:
    as_of = (parameters or {}).get("as_of")
    return isinstance(as_of, datetime) and as_of < now - SETTLED


def encoded(rows: Sequence[Row]) -> bytes | None:
    """Rows of one SELECT as bytes that `decoded` reads back equal; None where a value cannot be kept exactly."""
    columns = list(rows[0]) if rows else []
    try:
        return orjson.dumps([columns, [[_encoded(row[name]) for name in columns] for row in rows]])
    except (TypeError, KeyError):
        return None


def decoded(kept: bytes) -> list[Row]:
    """The rows in `kept`."""
    columns, rows = orjson.loads(kept)
    return [dict(zip(columns, map(_decoded, row), strict=True)) for row in rows]


def _encoded(value: object) -> object:
    if value is None or isinstance(value, (str, bool)):
        return value
    if isinstance(value, int):
        return value if -_EXACT <= value < _EXACT else ["n", str(value), "int"]
    if isinstance(value, datetime):
        return ["t", value.astimezone(UTC).isoformat()]
    if isinstance(value, date):
        return ["d", value.isoformat()]
    if isinstance(value, Decimal):
        return ["n", str(value)]
    if isinstance(value, float):
        return ["f", value.hex()]
    if isinstance(value, list):
        return ["l", *map(_encoded, value)]
    raise TypeError(f"a {type(value).__name__} cannot be kept")


def _decoded(value: object) -> object:
    if not isinstance(value, list):
        return value
    kind, *rest = value
    if kind == "l":
        return [_decoded(each) for each in rest]
    if kind == "n":
        return int(rest[0]) if rest[1:] else Decimal(rest[0])
    if kind == "f":
        return float.fromhex(rest[0])
    return datetime.fromisoformat(rest[0]) if kind == "t" else date.fromisoformat(rest[0])
