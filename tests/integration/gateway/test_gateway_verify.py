"""Who may verify a brand and see the queues, and what they are told."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import pytest

from pulsepoint.events.catalog import BODIES_REMEMBERED
from pulsepoint.events.orders import OrderLine
from pulsepoint.money import MICROS
from pulsepoint.tenancy import TenantContext
from tests.builders.identity_store import RunningGateway, brand_body
from tests.builders.warehouse import credit_facts, line_facts, order_fact

LINE = OrderLine(
    line_id="l1", product_id="p1", variant_id="v1", sku="s", title="Mug", quantity=1, gross_micros=5 * MICROS,
    discount_micros=0, tax_micros=0,
)  # fmt: skip


@pytest.fixture
async def brand_id(gateway: RunningGateway) -> str:
    """A brand with one order, attributed."""
    async with await gateway.login() as client:
        made = (await client.post("/api/brands", json=brand_body())).json()["brand_id"]
        tenant = UUID((await client.get("/api/auth/me")).json()["tenant_id"])
    scope = TenantContext(tenant, UUID(made))
    head = order_fact("o1", net=5, scope=scope)
    facts = [head, *line_facts(head, [LINE]), *credit_facts("o1", [("email", None, 5)], scope=scope)]
    await gateway.ports.warehouse.append(facts)
    return str(made)


@pytest.fixture
async def engines(gateway: RunningGateway) -> AsyncIterator[None]:
    """The gateway told of engines, as an instance on one machine does, until the test ends."""
    state = gateway.app.api.state

    async def depth() -> dict[str, dict[str, float]]:
        return {
            "b.late": {"waiting": 2, "in_flight": 1, "oldest_age_seconds": 9.5},
            "a.early": dict.fromkeys(("waiting", "in_flight", "oldest_age_seconds"), 0),
        }

    async def backlog() -> dict[str, object]:
        effect = {"service": "alerting", "kind": "post", "waiting": 1, "due": 1, "overdue_seconds": 1.0, "failing": 0}
        return {"effects": [effect], "unfinished": {"commits": 3, "oldest_age_seconds": 2.0}}

    async def accepted(shop: str) -> int:
        return 0

    state.depth, state.backlog, state.accepted = depth, backlog, accepted
    yield
    del state.depth, state.backlog, state.accepted


async def test_a_whole_brand_verifies_at_once_and_check_by_check(gateway: RunningGateway, brand_id: str) -> None:
    async with await gateway.login() as client:
        path = f"/api/brands/{brand_id}/verify"
        whole = (await client.get(path)).json()
        names = [each["name"] for each in (await client.get(f"{path}/checks")).json()["checks"]]
        assert whole["ok"] is True
        assert [each["name"] for each in whole["checks"]] == names
        for name in names:
            assert (await client.get(f"{path}/checks/{name}")).json()["ok"] is True
        assert (await client.get(f"{path}/state")).json() == whole["state"]
        assert whole["state"]["rows"] == {"orders": 1, "refunds": 0, "credits": 1, "ad_days": 0, "stock_levels": 0}
        assert (await client.get(f"{path}/checks/luck")).status_code == 404


@pytest.mark.usefixtures("engines")
async def test_facts_that_no_accepted_body_told_are_a_violation(gateway: RunningGateway, brand_id: str) -> None:
    async with await gateway.login() as client:
        check = (await client.get(f"/api/brands/{brand_id}/verify/checks/sources")).json()
        assert (check["ok"], check["violations"][0]["expected"], check["violations"][0]["found"]) == (False, 0, 1)
        whole = (await client.get(f"/api/brands/{brand_id}/verify")).json()
        assert (whole["ok"], whole["sources"]["other"]) == (False, -1)


@pytest.mark.usefixtures("engines")
async def test_where_bodies_of_before_are_forgotten_by_now_nothing_is_concluded_from_their_number(
    gateway: RunningGateway, brand_id: str
) -> None:
    async with await gateway.login() as client:
        tenant = UUID((await client.get("/api/auth/me")).json()["tenant_id"])
        scope = TenantContext(tenant, UUID(brand_id))
        long_ago = gateway.ports.clock.now() - BODIES_REMEMBERED
        old = order_fact("o2", net=5, scope=scope, recorded_at=long_ago)
        await gateway.ports.warehouse.append([old, *line_facts(old, [LINE])])
        check = (await client.get(f"/api/brands/{brand_id}/verify/checks/sources")).json()
        assert check["ok"] is True
        assert (await client.get(f"/api/brands/{brand_id}/sources")).json()["accepted"] is None


@pytest.mark.parametrize("path", ["", "/checks", "/checks/heads", "/state"])
async def test_verification_takes_a_manager_and_ones_own_brand(
    gateway: RunningGateway, brand_id: str, path: str
) -> None:
    async with await gateway.login() as client:
        tenant = UUID((await client.get("/api/auth/me")).json()["tenant_id"])
    reader, unmatched = f"{uuid4()}@one.example", f"{uuid4()}@two.example"
    await gateway.person(reader, "user", tenant)
    await gateway.person(unmatched, "admin")
    for email, status in ((reader, 403), (unmatched, 404)):
        async with await gateway.login(email) as client:
            assert (await client.get(f"/api/brands/{brand_id}/verify{path}")).status_code == status


async def test_queues_of_the_cloud_are_not_told_here(gateway: RunningGateway) -> None:
    async with await gateway.login() as client:
        assert (await client.get("/api/admin/queues")).status_code == 204


@pytest.mark.usefixtures("engines")
async def test_queues_are_told_to_operators_alone(gateway: RunningGateway) -> None:
    email = f"{uuid4()}@one.example"
    await gateway.person(email, "admin")
    async with await gateway.login(email) as client:
        assert (await client.get("/api/admin/queues")).status_code == 403
    async with await gateway.login() as client:
        answer = (await client.get("/api/admin/queues")).json()
    assert [each["subscription"] for each in answer["queues"]] == ["a.early", "b.late"]
    assert answer["queues"][1] == {"subscription": "b.late", "waiting": 2, "in_flight": 1, "oldest_age_seconds": 9.5}
    assert answer["effects"][0]["due"] == 1
    assert answer["unfinished"]["commits"] == 3
