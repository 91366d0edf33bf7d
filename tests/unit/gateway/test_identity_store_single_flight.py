"""Look-ups that many ask for at once: shared inside a tenant, never across."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

from gateway.adapters.identity_store.reading import PostgresIdentityReader
from pulsepoint.tenancy import TenantContext

OWNER, UNMATCHED = TenantContext(UUID(int=1)), TenantContext(UUID(int=2))
PERSON = UUID(int=3)
ROW = {"email": "a@b.example", "role": "admin", "disabled_at": None, "status": "active"}


class Counting(PostgresIdentityReader):
    """A ledger where only `OWNER` has rows; it remembers who was asked for."""

    def __init__(self) -> None:
        super().__init__(None)  # type: ignore[arg-type]
        self.asked: list[TenantContext] = []

    async def _rows(self, scope: TenantContext, statement: Any) -> list[dict[str, Any]]:
        self.asked.append(scope)
        await asyncio.sleep(0)
        return [ROW] if scope == OWNER else []


async def test_one_look_up_serves_all_of_a_tenant_and_nobody_of_another() -> None:
    identity_store = Counting()
    both = [identity_store.standing(scope, PERSON) for scope in (OWNER, UNMATCHED) for _ in range(50)]
    told = await asyncio.gather(*both)
    assert identity_store.asked == [OWNER, UNMATCHED]
    assert [each is not None for each in told] == [True] * 50 + [False] * 50


async def test_a_brand_is_looked_up_for_each_tenant_apart() -> None:
    identity_store, other = Counting(), TenantContext(PERSON)
    asked = [identity_store.brand(scope, PERSON) for scope in (UNMATCHED, other) for _ in range(9)]
    await asyncio.gather(*asked)
    assert identity_store.asked == [UNMATCHED, other]
