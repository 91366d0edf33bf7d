"""The identity store's rows as the API lists them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from gateway.adapters.identity_store.engine import tenant_transaction
from gateway.adapters.identity_store.rows import document_of
from gateway.adapters.identity_store.tables import (
    audit_log,
    brands,
    documents,
    integrations,
    quarantined_messages,
    tenants,
    users,
)
from gateway.domain.brands import KEPT_SETTINGS, Brand, settings_of
from gateway.domain.feed import ALERT_TRACES
from gateway.ports import Standing
from pulsepoint.events.brands import BrandConfigured
from pulsepoint.single_flight import SingleFlight
from pulsepoint.tenancy import TenantContext
from pulsepoint.values import JsonObject


class PostgresIdentityReader:
    """See `IdentityStore`."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        # Every request asks for these two: together they cost what one does, and are never older than the request.
        self._standings = SingleFlight[Standing | None]()
        self._brands = SingleFlight[Brand | None]()

    async def _rows(self, scope: TenantContext, statement: Select[object]) -> list[dict[str, Any]]:
        async with tenant_transaction(self._engine, scope) as connection:
            return [dict(row) for row in (await connection.execute(statement)).mappings()]

    async def standing(self, scope: TenantContext, user_id: UUID) -> Standing | None:
        """See `IdentityStore.standing`."""
        return await self._standings.do((scope, user_id), lambda: self._standing(scope, user_id))

    async def _standing(self, scope: TenantContext, user_id: UUID) -> Standing | None:
        statement = (
            select(
                users.c.email, users.c.role, users.c.disabled_at, users.c.brand_ids, users.c.locale, tenants.c.status
            )
            .join(tenants, tenants.c.tenant_id == users.c.tenant_id)
            .where(users.c.user_id == user_id)
        )
        return next(map(_standing_of, await self._rows(scope, statement)), None)

    async def brands(self, scope: TenantContext) -> list[Brand]:
        """See `IdentityStore.brands`."""
        return [_brand(row) for row in await self._rows(scope, select(brands).order_by(brands.c.name))]

    async def brand(self, scope: TenantContext, brand_id: UUID) -> Brand | None:
        """See `IdentityStore.brand`."""
        return await self._brands.do((scope, brand_id), lambda: self._brand(scope, brand_id))

    async def _brand(self, scope: TenantContext, brand_id: UUID) -> Brand | None:
        rows = await self._rows(scope, select(brands).where(brands.c.brand_id == brand_id))
        return next(map(_brand, rows), None)

    async def kept_settings(self, scope: TenantContext, brand_id: UUID, version: int) -> BrandConfigured | None:
        """See `IdentityStore.kept_settings`."""
        statement = select(documents.c.data).where(
            documents.c.brand_id == brand_id,
            documents.c.collection == KEPT_SETTINGS,
            documents.c.id == str(version),
        )
        return next((settings_of(row["data"]) for row in await self._rows(scope, statement)), None)

    async def integrations(self, scope: TenantContext, brand_id: UUID) -> list[dict[str, object]]:
        """See `IdentityStore.integrations`."""
        statement = (
            select(integrations)
            .where(integrations.c.brand_id == brand_id)
            .order_by(integrations.c.platform, integrations.c.account_id)
        )
        return [document_of(row) for row in await self._rows(scope, statement)]

    async def quarantined_messages(
        self, scope: TenantContext, kind: str, *, limit: int, offset: int
    ) -> list[dict[str, object]]:
        """See `IdentityStore.quarantined_messages`."""
        newest = (quarantined_messages.c.held_at.desc(), quarantined_messages.c.held_id)
        statement = (
            select(quarantined_messages).where(_still_quarantined(kind)).order_by(*newest).limit(limit).offset(offset)
        )
        return [document_of(row) for row in await self._rows(scope, statement)]

    async def quarantined_message(self, scope: TenantContext, kind: str, message_id: str) -> dict[str, object] | None:
        """See `IdentityStore.quarantined_message`."""
        statement = select(quarantined_messages).where(
            _still_quarantined(kind), quarantined_messages.c.held_id == message_id
        )
        return next(map(document_of, await self._rows(scope, statement)), None)

    async def count_quarantined(self, scope: TenantContext, kind: str) -> int:
        """See `IdentityStore.count_quarantined`."""
        [row] = await self._rows(scope, select(func.count().label("held")).where(_still_quarantined(kind)))
        return int(row["held"])

    async def alert_traces(self, scope: TenantContext, brand_id: UUID) -> dict[str, str]:
        """See `IdentityStore.alert_traces`."""
        statement = select(documents.c.id, documents.c.data).where(
            documents.c.brand_id == brand_id, documents.c.collection == ALERT_TRACES
        )
        return {row["id"]: row["data"]["trace_id"] for row in await self._rows(scope, statement)}

    async def audit(
        self, scope: TenantContext, *, limit: int, offset: int, action: str | None = None
    ) -> list[JsonObject]:
        """See `IdentityStore.audit`."""
        newest = (audit_log.c.occurred_at.desc(), audit_log.c.audit_id)
        chosen = select(audit_log) if action is None else select(audit_log).where(audit_log.c.action == action)
        rows = await self._rows(scope, chosen.order_by(*newest).limit(limit).offset(offset))
        return [document_of(row) for row in rows]


def _still_quarantined(kind: str) -> ColumnElement[bool]:
    return and_(quarantined_messages.c.kind == kind, quarantined_messages.c.outcome.is_(None))


def _standing_of(row: dict[str, Any]) -> Standing:
    brand_ids = None if row["brand_ids"] is None else frozenset(row["brand_ids"])
    return Standing(row["email"], row["role"], row["disabled_at"] is not None, row["status"], brand_ids, row["locale"])


def _brand(row: dict[str, Any]) -> Brand:
    return Brand(row["brand_id"], settings_of(row), row["created_at"], row["version"])
