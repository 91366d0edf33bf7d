"""Work that waits in this machine's PostgreSQL beside the queue: effects, unfinished commits, bodies accepted."""

from __future__ import annotations

import asyncpg

from pulsepoint.runtime.engines import Engines
from pulsepoint.tenancy import SYSTEM_TENANT_ID

EFFECTS = """
SELECT service, kind, count(*) AS waiting, count(*) FILTER (WHERE due_at <= now()) AS due,
    greatest(coalesce(extract(epoch FROM now() - min(due_at)), 0), 0)::float8 AS overdue_seconds,
    count(*) FILTER (WHERE attempts > 0) AS failing
FROM kernel.effects GROUP BY service, kind ORDER BY service, kind
"""
UNFINISHED = """
SELECT count(*) AS commits, coalesce(extract(epoch FROM now() - min(created_at)), 0)::float8 AS oldest_age_seconds
FROM kernel.leftovers
"""
ACCEPTED = """
SELECT coalesce(sum(coalesce((data ->> 'told')::bigint, 1)), 0) FROM kernel.documents
WHERE service = 'ingest-shopify' AND tenant = $1 AND collection = 'bodies'
    AND (data ->> 'shop' = $2 OR data -> 'also' ? $2)
"""


class EngineBacklog:
    """Asked now and then by a person, over a connection of its own: never one that the services wait for."""

    def __init__(self, engines: Engines) -> None:
        assert engines.identity_store_dsn is not None, "the backlog is that of an embedded server"
        self._dsn = engines.identity_store_dsn

    async def waiting(self) -> dict[str, object]:
        """`effects` by service and kind, and `unfinished` commits, as `GET /api/admin/queues` tells them."""
        connection = await asyncpg.connect(self._dsn)
        try:
            effects = await connection.fetch(EFFECTS)
            unfinished = await connection.fetchrow(UNFINISHED)
        finally:
            await connection.close()
        return {"effects": [dict(row) for row in effects], "unfinished": dict(unfinished or {})}

    async def accepted(self, shop: str) -> int:
        """The number of different bodies accepted from a shop in the last 400 days.

        One without a clock, such as a deletion, counts as often as it told of something.
        """
        connection = await asyncpg.connect(self._dsn)
        try:
            return int(await connection.fetchval(ACCEPTED, SYSTEM_TENANT_ID, shop))
        finally:
            await connection.close()
