"""Brands made over the gateway's API, with the facts of a small shop."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import httpx

from pulsepoint.tenancy import TenantContext
from tests.builders.identity_store import RunningGateway, brand_body
from tests.builders.storefront import shop_facts

LAST = date(2026, 3, 31)
"""The last day of the shop's facts."""
RANGE = "start_date=2026-03-02&end_date=2026-03-31"


async def a_brand(client: httpx.AsyncClient, **changes: object) -> str:
    """The id of a new brand."""
    made = await client.post("/api/brands", json=brand_body(**changes))
    assert made.status_code == 201, made.text
    return str(made.json()["brand_id"])


async def scope_of(client: httpx.AsyncClient, brand_id: str) -> TenantContext:
    """The scope of a brand of whoever the client is."""
    return TenantContext(UUID((await client.get("/api/auth/me")).json()["tenant_id"]), UUID(brand_id))


async def a_shop(gateway: RunningGateway, client: httpx.AsyncClient) -> str:
    """The id of a brand with sixty days of facts."""
    brand_id = await a_brand(client)
    await gateway.ports.warehouse.append(shop_facts(await scope_of(client, brand_id), LAST))
    return brand_id
