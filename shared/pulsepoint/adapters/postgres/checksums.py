"""Checksums of rows recorded, heads of their chains and tombstones, in PostgreSQL beside the documents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date
from decimal import Decimal

import asyncpg

from pulsepoint.adapters.document_rules import decode_facts
from pulsepoint.adapters.postgres.errors import postgres_errors
from pulsepoint.ports.checksums import Checksums
from pulsepoint.tenancy import SYSTEM_TENANT_ID, TenantContext
from pulsepoint.warehouse.checksums import DayChecksum, Tombstone, hour_of

SUMS = """
SELECT hour, fact_table, added_on, rows, total::text AS total FROM kernel.checksums WHERE tenant = $1 AND brand = $2
"""
RECORDED = "SELECT EXISTS (SELECT FROM kernel.checksums WHERE rows > 0)"
PENDING = "SELECT facts FROM kernel.leftovers WHERE tenant = ANY($1::uuid[])"
HEADS = "SELECT day, head FROM kernel.checksum_heads WHERE tenant = $1 AND brand = $2 ORDER BY day"
CLOSE = "INSERT INTO kernel.checksum_heads (tenant, brand, day, head) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING"
TOMBSTONES = """
SELECT fact_id, hour, fact_table, recorded::text AS recorded, erased::text AS erased FROM kernel.tombstones
WHERE tenant = $1 AND brand = $2
"""
BURY = """
INSERT INTO kernel.tombstones (tenant, brand, fact_id, hour, fact_table, recorded, erased)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (tenant, brand, fact_id) DO UPDATE SET erased = excluded.erased
"""


class PostgresChecksums:
    """Implements `pulsepoint.ports.checksums.ChecksumStore`."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def sums(self, scope: TenantContext) -> Checksums:
        """See `ChecksumStore.sums`."""
        with postgres_errors():
            # One snapshot: what leaves the outbox is in the checksums of the same.
            async with self._pool.acquire() as connection, connection.transaction(isolation="repeatable_read"):
                began_at = await connection.fetchval("SELECT at FROM kernel.checksums_began")
                rows = await connection.fetch(SUMS, scope.tenant_id, scope.brand_id)
                pending = await connection.fetch(PENDING, [scope.tenant_id, SYSTEM_TENANT_ID])
        moving = {
            (hour_of(fact.row["recorded_at"]), fact.table)
            for row in pending
            for fact in decode_facts(row["facts"])
            if fact.scope == scope
        }
        checksums = [
            DayChecksum(row["added_on"], row["hour"].astimezone(UTC), row["fact_table"], row["rows"], int(row["total"]))
            for row in rows
        ]
        return Checksums(began_at.astimezone(UTC), tuple(checksums), frozenset(moving))

    async def recorded(self) -> bool:
        """True where rows of any tenant were recorded and counted. Raises `EngineUnavailable`."""
        with postgres_errors():
            return bool(await self._pool.fetchval(RECORDED))

    async def heads(self, scope: TenantContext) -> Mapping[date, str]:
        """See `ChecksumStore.heads`."""
        with postgres_errors():
            rows = await self._pool.fetch(HEADS, scope.tenant_id, scope.brand_id)
        return {row["day"]: row["head"] for row in rows}

    async def close(self, scope: TenantContext, heads: Mapping[date, str]) -> None:
        """See `ChecksumStore.close`."""
        rows = [(scope.tenant_id, scope.brand_id, day, head) for day, head in heads.items()]
        with postgres_errors():
            await self._pool.executemany(CLOSE, rows)

    async def forget_brand(self, scope: TenantContext) -> None:
        """See `ChecksumStore.forget_brand`."""
        with postgres_errors():
            for table in ("checksums", "checksum_heads", "tombstones"):
                statement = f"DELETE FROM kernel.{table} WHERE tenant = $1 AND brand = $2"
                await self._pool.execute(statement, scope.tenant_id, scope.brand_id)

    async def tombstones(self, scope: TenantContext) -> list[Tombstone]:
        """See `ChecksumStore.tombstones`."""
        with postgres_errors():
            rows = await self._pool.fetch(TOMBSTONES, scope.tenant_id, scope.brand_id)
        return [
            Tombstone(
                row["fact_id"],
                row["hour"].astimezone(UTC),
                row["fact_table"],
                int(row["recorded"]),
                None if row["erased"] is None else int(row["erased"]),
            )
            for row in rows
        ]

    async def bury(self, scope: TenantContext, tombstones: Sequence[Tombstone]) -> None:
        """See `ChecksumStore.bury`."""
        rows = [
            (
                *(scope.tenant_id, scope.brand_id, each.fact_id, each.hour, each.table),
                *(Decimal(each.recorded), None if each.erased is None else Decimal(each.erased)),
            )
            for each in tombstones
        ]
        with postgres_errors():
            await self._pool.executemany(BURY, rows)
