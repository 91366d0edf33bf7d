"""A warehouse that answers a question many ask at once for all of them together."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pulsepoint.ports.document_store import FactRow
from pulsepoint.ports.warehouse import Warehouse
from pulsepoint.tenancy import TenantContext

Rows = list[dict[str, Any]]
Key = tuple[TenantContext, str, str]


@dataclass(slots=True)
class _Lane:
    """One question: it is asked one at a time, and who asks meanwhile waits together for the next answer."""

    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    upcoming: asyncio.Task[Rows] | None = None


class SharedAnswers:
    """`Warehouse` over another: the same question of the same brand is under way only once.

    No answer is from before it was asked for: a query that has begun already is nobody's who comes now. So a
    thousand dashboards cost what one costs, again and again, and each is as fresh as if it were alone.
    """

    def __init__(self, warehouse: Warehouse) -> None:
        self._warehouse = warehouse
        self._lanes: dict[Key, _Lane] = {}

    async def append(self, facts: Sequence[FactRow]) -> None:
        """See `Warehouse.append`."""
        await self._warehouse.append(facts)

    async def query(self, scope: TenantContext, sql: str, parameters: Mapping[str, Any] | None = None) -> Rows:
        """See `Warehouse.query`; the rows are the caller's own."""
        key = (scope, sql, repr(sorted((parameters or {}).items())))
        lane = self._lanes.setdefault(key, _Lane())
        if lane.upcoming is None:
            lane.upcoming = asyncio.create_task(self._answer(key, lane, parameters))
            lane.upcoming.add_done_callback(_told)
        # One who hangs up takes the answer from nobody else.
        return [dict(row) for row in await asyncio.shield(lane.upcoming)]

    async def refresh_current(self, scope: TenantContext) -> int:
        """See `Warehouse.refresh_current`."""
        return await self._warehouse.refresh_current(scope)

    async def _answer(self, key: Key, lane: _Lane, parameters: Mapping[str, Any] | None) -> Rows:
        scope, sql, _ = key
        async with lane.turn:
            lane.upcoming = None
            try:
                return await self._warehouse.query(scope, sql, parameters)
            finally:
                if lane.upcoming is None:
                    del self._lanes[key]


def _told(answer: asyncio.Task[Rows]) -> None:
    """An error whose askers have all hung up is no error of the event loop's."""
    if not answer.cancelled():
        answer.exception()
