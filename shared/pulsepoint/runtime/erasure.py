"""Erasing what the facts of orders say of their buyer: effects of the services that record these facts.

A row stays, with its amounts; its personal values become NULL, in the warehouse and in whatever it is rebuilt from, and
a tombstone keeps the digest of the row as it was recorded, so that verification still counts it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from datetime import timedelta

from pulsepoint.metrics.named_queries import run_named_query
from pulsepoint.ports.checksums import checksum_key
from pulsepoint.ports.document_store import StoredEffect
from pulsepoint.runtime.outcome import NOTHING, Effect, EffectDefinition, Outcome, Reader
from pulsepoint.runtime.ports import ServicePorts
from pulsepoint.tenancy import TenantContext
from pulsepoint.values import Row
from pulsepoint.warehouse.answers import facts_erased
from pulsepoint.warehouse.checksums import Tombstone
from pulsepoint.warehouse.personal import personal_columns

ERASE_FACTS = "facts.erase"
SETTLES = timedelta(seconds=3)
"""The time in which the facts of a commit are usually appended."""
AT_ONCE = 200
"""Orders whose rows are read by one question."""
MOST_RECORDS = 1000


def facts_erasure(order_ids: Sequence[str], key: str, scope: TenantContext | None = None) -> Effect:
    """The effect that sets to NULL what a service's facts say of the buyer of these orders; one for each `key`, the
    request; in the brand in hand where `scope` is None.
    """
    return Effect(ERASE_FACTS, key, {"order_ids": list(order_ids), "key": key, "round": 0}, SETTLES, scope)


def erases_facts(queries: Mapping[str, str]) -> EffectDefinition[bool]:
    """The definition of `facts_erasure`'s effect: `queries` names the query for the rows of each table."""

    async def run(ports: ServicePorts, effect: StoredEffect) -> bool:
        order_ids = effect.data["order_ids"]
        if await are_on_their_way(ports, effect.scope, order_ids=order_ids):
            return False
        await erase_facts(ports, effect.scope, queries, order_ids)
        return True

    return EffectDefinition(
        run=run, on_success=_again_unless_done, timeout=60.0, first_retry=30.0, goes_on_suspended=True
    )


async def _again_unless_done(reader: Reader, effect: StoredEffect, done: bool) -> Outcome:
    if done:
        return NOTHING
    data = {**effect.data, "round": effect.data["round"] + 1}
    # The key differs: the effect under way still holds its own.
    return Outcome(effects=[Effect(effect.kind, f"{data['key']}:{data['round']}", data, SETTLES)])


async def are_on_their_way(
    ports: ServicePorts, scope: TenantContext, *, order_ids: Collection[str] = (), subjects: Collection[str] = ()
) -> bool:
    """True while facts of these orders or buyers are committed and perhaps not appended yet."""
    records = await ports.store.outbox_records(older_than=ports.clock.now() + SETTLES, limit=MOST_RECORDS)
    return len(records) == MOST_RECORDS or any(
        fact.scope == scope and (fact.row.get("order_id") in order_ids or fact.row.get("subject") in subjects)
        for record in records
        for fact in record.facts
    )


async def erase_facts(
    ports: ServicePorts, scope: TenantContext, queries: Mapping[str, str], order_ids: Sequence[str]
) -> None:
    """Set the personal values of these orders' facts to NULL; again, it finishes what a crash cut off.

    Raises `EngineUnavailable`.
    """
    for table, query in queries.items():
        async for rows in rows_of_orders(ports, scope, query, order_ids):
            await _erase_rows(ports, scope, table, rows)


async def rows_of_orders(
    ports: ServicePorts, scope: TenantContext, query: str, order_ids: Sequence[str]
) -> AsyncIterator[list[Row]]:
    """The rows of a named query that takes `order_ids`, a list for `AT_ONCE` orders; raises `EngineUnavailable`."""
    for start in range(0, len(order_ids), AT_ONCE):
        ids = f" {' '.join(order_ids[start : start + AT_ONCE])} "
        yield await run_named_query(ports.warehouse, scope, query, order_ids=ids)


async def _erase_rows(ports: ServicePorts, scope: TenantContext, table: str, rows: Sequence[Row]) -> None:
    personal: defaultdict[tuple[str, ...], list[Row]] = defaultdict(list)
    for row in rows:
        if columns := personal_columns(table, row):
            personal[columns].append(row)
    if personal and ports.checksums is not None:
        # Before the rows: one that is not erased yet is still counted as it was recorded.
        key = await checksum_key(ports.secrets, scope)
        tombstones = [
            Tombstone.of(key, table, row, {**row, **dict.fromkeys(columns)})
            for columns, each in personal.items()
            for row in each
        ]
        await ports.checksums.bury(scope, tombstones)
    for columns, each in personal.items():
        await ports.warehouse.erase(scope, table, [row["fact_id"] for row in each], columns)
    if personal:
        await facts_erased(ports.cache, scope)
