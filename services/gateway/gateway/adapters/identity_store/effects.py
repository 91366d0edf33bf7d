"""Pending and running effects: a new one may wait under a key while one of that key runs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.adapters.identity_store.engine import set_tenant
from gateway.adapters.identity_store.tables import effects
from pulsepoint.adapters.document_rules import effect_order, with_causes
from pulsepoint.ports.document_store import StoredEffect
from pulsepoint.tenancy import TenantContext

# As in the other stores: what is due this soon takes nothing more in.
CLOSING = timedelta(seconds=2)


async def store(connection: AsyncConnection, pending: Sequence[StoredEffect]) -> list[StoredEffect]:
    """Keep those whose key is not pending already; answers them."""
    fresh: list[StoredEffect] = []
    for effect in sorted(pending, key=effect_order):
        await set_tenant(connection, effect.scope.tenant_id)
        stored = await connection.execute(
            insert(effects).values(_row(effect)).on_conflict_do_nothing().returning(effects.c.key)
        )
        if stored.first() is not None:
            fresh.append(effect)
        else:
            await _take_in(connection, effect)
    return fresh


async def _take_in(connection: AsyncConnection, effect: StoredEffect) -> None:
    """Add what caused `effect` to the one that waits under its key; a row that another commit holds is left alone."""
    waiting = select(effects).where(_same(effect), ~effects.c.running).with_for_update(skip_locked=True)
    row = (await connection.execute(waiting)).first()
    if row is not None:
        merged = with_causes(_effect(row), effect.causes)
        await connection.execute(
            update(effects).where(_same(effect), ~effects.c.running).values(causes=list(merged.causes))
        )


async def finish(connection: AsyncConnection, effect: StoredEffect) -> None:
    """Forget the run of an effect; or, when none is running, the pending one it was."""
    await set_tenant(connection, effect.scope.tenant_id)
    ran = await connection.execute(delete(effects).where(_same(effect), effects.c.running))
    if ran.rowcount == 0:
        await connection.execute(
            delete(effects).where(_same(effect), ~effects.c.running, effects.c.due_at == effect.due_at)
        )


async def claim(connection: AsyncConnection, now: datetime, lease: timedelta, limit: int) -> list[StoredEffect]:
    """Due effects of every tenant, leased; a look across tenants by a function of `ledger_sweeper`.

    Those about to be due are closed: later requests no longer merge into them.
    """
    claimed = func.ledger.sweep_claim_effects(now, CLOSING, lease, limit).table_valued(*effects.c)
    leased = [_effect(row) for row in await connection.execute(select(claimed))]
    return sorted(
        (effect for effect in leased if effect.due_at <= now), key=lambda effect: (effect.due_at, effect_order(effect))
    )


async def postpone(connection: AsyncConnection, effect: StoredEffect, due_at: datetime) -> None:
    """End the run and let the effect, or the newer one waiting under its key, be due at `due_at`."""
    await connection.execute(delete(effects).where(_same(effect), effects.c.running))
    changed = {"due_at": due_at, "attempts": effect.attempts + 1}
    await connection.execute(
        insert(effects)
        .values(_row(effect) | changed)
        .on_conflict_do_update(index_elements=list(effects.primary_key), set_=changed)
    )


def _same(effect: StoredEffect) -> ColumnElement[bool]:
    return and_(effects.c.brand_id == effect.scope.brand_id, effects.c.kind == effect.kind, effects.c.key == effect.key)


def _row(effect: StoredEffect) -> dict[str, object]:
    return {
        "tenant_id": effect.scope.tenant_id,
        "brand_id": effect.scope.brand_id,
        "kind": effect.kind,
        "key": effect.key,
        "running": False,
        "due_at": effect.due_at,
        "data": effect.data,
        "causes": list(effect.causes),
        "attempts": effect.attempts,
    }


def _effect(row: Any) -> StoredEffect:
    return StoredEffect(
        scope=TenantContext(row.tenant_id, row.brand_id),
        kind=row.kind,
        key=row.key,
        due_at=row.due_at,
        data=row.data,
        causes=tuple(row.causes),
        attempts=row.attempts,
    )
