"""Look-ups that many ask for at once: shared inside a tenant, never across."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

from gateway.adapters.identity_store.reading import PostgresIdentityReader
from pulsepoint.tenancy import TenantContext

OWNER, OUTSIDER = TenantContext(UUID(int=1)), TenantContext(UUID(int=2))
PERSON = UUID(int=3)
ROW = {
    "email": "a@b.example",
    "role": "admin",
    "disabled_at": None,
    "status": "active",
    "brand_ids": None,
    "locale": None,
}


class Counting(PostgresIdentityReader):
    """An identity store where only `OWNER` has rows; `scopes` lists every query's tenant."""

    def __init__(self) -> None:
        super().__init__(None)  # type: ignore[arg-type]
        self.scopes: list[TenantContext] = []

    async def _rows(self, scope: TenantContext, statement: Any) -> list[dict[str, Any]]:
        self.scopes.append(scope)
        await asyncio.sleep(0)
        return [ROW] if scope == OWNER else []


async def test_one_look_up_serves_all_of_a_tenant_and_nobody_of_another() -> None:
    identity_store = Counting()
    both = [identity_store.standing(scope, PERSON) for scope in (OWNER, OUTSIDER) for _ in range(50)]
    standings = await asyncio.gather(*both)
    assert identity_store.scopes == [OWNER, OUTSIDER]
    assert [each is not None for each in standings] == [True] * 50 + [False] * 50


async def test_a_brand_is_looked_up_for_each_tenant_apart() -> None:
    identity_store, other = Counting(), TenantContext(PERSON)
    queries = [identity_store.brand(scope, PERSON) for scope in (OUTSIDER, other) for _ in range(9)]
    await asyncio.gather(*queries)
    assert identity_store.scopes == [OUTSIDER, other]
