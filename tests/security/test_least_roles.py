"""The least role of every route: one without a line here, or one that lets a lesser role in, fails."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from gateway.domain.permissions import Role
from tests.builders.identity_store import RunningGateway, brand_body, identity_store_server, running_gateway

NOBODY = "nobody"
"""Open before log-in."""
LEAST: dict[str, str] = {
    "POST /api/auth/token": NOBODY,
    "GET /version": NOBODY,
    "GET /api/audit": "admin",
    "GET /api/privacy/requests": "admin",
    "GET /api/privacy/requests/{request_id}/data": "admin",
    "POST /api/privacy/erasures": "admin",
    "POST /api/admin/tenants/{tenant_id}/suspend": "operator",
    "POST /api/admin/tenants/{tenant_id}/resume": "operator",
    "GET /api/quarantine": "manager",
    "GET /api/dead-letters": "manager",
    "POST /api/quarantine/{message_id}/replay": "admin",
    "POST /api/dead-letters/{message_id}/replay": "admin",
    "POST /api/brands": "manager",
    "PUT /api/brands/{brand_id}/settings": "manager",
    "GET /api/brands/{brand_id}/webhook-address": "manager",
    "POST /api/brands/{brand_id}/webhook-address": "manager",
    "POST /api/brands/{brand_id}/sync": "manager",
    "POST /api/brands/{brand_id}/uploads": "manager",
    "PATCH /api/brands/{brand_id}/lead-times": "manager",
    "POST /api/brands/{brand_id}/lead-times": "manager",
    "GET /api/brands/{brand_id}/verify": "manager",
    "GET /api/brands/{brand_id}/verify/checks": "manager",
    "GET /api/brands/{brand_id}/verify/checks/{name}": "manager",
    "GET /api/brands/{brand_id}/verify/state": "manager",
    "GET /api/admin/queues": "operator",
    "GET /api/admin/proxies": "operator",
    "POST /api/admin/rebuild": "operator",
}
"""Every other route is for whoever is logged in."""
BODIES = {"POST /api/brands": {"name": "x", "shopify_store": "x.myshopify.com", "currency": "GBP"}}


@pytest.fixture(scope="module")
async def gateway() -> AsyncIterator[RunningGateway]:
    with identity_store_server() as dsn:
        async with running_gateway(dsn) as running:
            yield running


def routes(gateway: RunningGateway) -> list[tuple[str, str]]:
    paths = gateway.app.api.openapi()["paths"]
    return [(method.upper(), path) for path, methods in paths.items() for method in methods]


@pytest.mark.rule("SEC-23")
async def test_each_route_lets_in_its_least_role_and_none_below(gateway: RunningGateway) -> None:
    described = {f"{method} {path}" for method, path in routes(gateway)}
    assert {each for each in LEAST if each not in described} == set()
    tenant = await gateway.person("admin@least.example", "admin")
    clients: dict[str, httpx.AsyncClient] = {NOBODY: gateway.client}
    for role in Role:
        if role is not Role.ADMIN:
            await gateway.person(f"{role}@least.example", role, tenant)
        clients[role] = await gateway.login(f"{role}@least.example")
    made = await clients[Role.ADMIN].post("/api/brands", json=brand_body())
    brand_id = made.json()["brand_id"]
    ranks = [NOBODY, *Role]
    wrong = []
    for method, path in routes(gateway):
        if path.endswith("/events"):
            continue
        at = path.replace("{brand_id}", brand_id).replace("{message_id}", "x").replace("{trace_id}", "a" * 32)
        at = at.replace("{fact_id}", "x").replace("{name}", "conservation")
        least = LEAST.get(f"{method} {path}", "user")
        for rank in ranks:
            answer = await clients[rank].request(method, at, json=BODIES.get(f"{method} {path}", {}))
            is_out = answer.status_code in (401, 403) and "e-mail address" not in answer.text
            if is_out != (ranks.index(rank) < ranks.index(least)):
                wrong.append((method, path, rank, answer.status_code))
    assert wrong == []
