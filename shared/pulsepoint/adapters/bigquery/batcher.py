"""Micro-batches: all rows of a table that wait go into one insertAll request, one request a table at a time.

Limits: https://cloud.google.com/bigquery/quotas#streaming_inserts (10 MB a request, 50,000 rows, 500 recommended).
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from pulsepoint.adapters.bigquery.statements import APPENDED_AT
from pulsepoint.errors import LimitExceeded, PermanentError, PulsepointError
from pulsepoint.values import Row

MAX_ROWS = 500
# Of 10 MB, leaving room for the stamp and whatever a proxy adds.
MAX_BYTES = 9_000_000
_STAMP = "2026-01-01T00:00:00.000000+00:00"


@dataclass(frozen=True, slots=True)
class EncodedRow:
    """One row as insertAll takes it and its size in bytes on the wire."""

    insert_id: str
    json: dict[str, object]
    size: int

    def stamped(self, timestamp: datetime) -> dict[str, object]:
        """The row with when it was sent."""
        return {**self.json, APPENDED_AT: timestamp.astimezone(UTC).isoformat()}


def encoded(row: Row) -> EncodedRow:
    """A checked row: whole numbers as text, which is exact over JSON, instants in UTC; absent is NULL."""
    row_json = {name: _encoded(value) for name, value in row.items() if value is not None}
    size = len(json.dumps({"insertId": row["fact_id"], "json": {**row_json, APPENDED_AT: _STAMP}})) + 2
    if size > MAX_BYTES:
        raise LimitExceeded(f"a row of {size:,} bytes; BigQuery takes {MAX_BYTES:,}")
    return EncodedRow(row["fact_id"], row_json, size)


def _encoded(value: object) -> object:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if type(value) is int else value


@dataclass(slots=True)
class Batch:
    """Rows of one append that are sent together, and what tells the append."""

    rows: list[EncodedRow]
    done: asyncio.Future[None]
    size: int = field(init=False)

    def __post_init__(self) -> None:
        self.size = sum(row.size for row in self.rows)


Send = Callable[[Sequence[Sequence[EncodedRow]]], Awaitable[dict[int, PulsepointError]]]
"""Sends the rows of parcels in one request; the parcels refused, by number, while the rest is written."""


class Batcher:
    """The rows that wait for one table."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._waiting: deque[Batch] = deque()
        self._sending: asyncio.Task[None] | None = None

    def add(self, rows: Sequence[EncodedRow]) -> list[asyncio.Future[None]]:
        """Done once the rows are durable; a future for each request they need."""
        loop = asyncio.get_running_loop()
        batches = [Batch(part, loop.create_future()) for part in _parts(rows)]
        self._waiting.extend(batches)
        if self._sending is None:
            self._sending = asyncio.create_task(self._send_all(), name="bigquery-append")
        return [batch.done for batch in batches]

    async def drain(self) -> None:
        """Return once nothing waits."""
        while self._sending is not None:
            await asyncio.wait([self._sending])

    async def _send_all(self) -> None:
        try:
            while self._waiting:
                await self._send_some(self._taken())
        finally:
            self._sending = None

    async def _send_some(self, batches: list[Batch]) -> None:
        refused: Mapping[int, Exception] = {}
        try:
            refused = await self._send([batch.rows for batch in batches])
        except PermanentError as error:
            if len(batches) > 1:
                # One append that cannot be written must not fail those it happened to wait with.
                for batch in batches:
                    await self._send_some([batch])
                return
            refused = {0: error}
        except Exception as error:
            refused = dict.fromkeys(range(len(batches)), error)
        for number, batch in enumerate(batches):
            _settle(batch.done, refused.get(number))

    def _taken(self) -> list[Batch]:
        taken = [self._waiting.popleft()]
        rows, size = len(taken[0].rows), taken[0].size
        while self._waiting:
            rows, size = rows + len(self._waiting[0].rows), size + self._waiting[0].size
            if rows > MAX_ROWS or size > MAX_BYTES:
                break
            taken.append(self._waiting.popleft())
        return taken


def _parts(rows: Sequence[EncodedRow]) -> Iterator[list[EncodedRow]]:
    part: list[EncodedRow] = []
    size = 0
    for row in rows:
        if part and (len(part) == MAX_ROWS or size + row.size > MAX_BYTES):
            yield part
            part, size = [], 0
        part.append(row)
        size += row.size
    if part:
        yield part


def _settle(done: asyncio.Future[None], error: Exception | None) -> None:
    # The caller may have been cancelled meanwhile; its rows are written all the same.
    if done.done():
        return
    if error is None:
        done.set_result(None)
    else:
        done.set_exception(error)
