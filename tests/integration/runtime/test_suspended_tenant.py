"""A suspended tenant: deliveries are acknowledged and kept, nothing is computed or sent, all drains on return."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.builders.own_shop import Opened, Shop
from tests.builders.shopify import SHOP, order_body

pytestmark = pytest.mark.slow


async def orders(shop: Shop) -> int:
    return int((await shop.figures())["rows"]["orders"])


async def tenant_of(shop: Shop) -> str:
    return str((await shop.client.get("/api/auth/me")).json()["tenant_id"])


@pytest.mark.rule("SEC-26")
async def test_deliveries_of_a_suspended_tenant_are_kept_and_drain_on_return(tmp_path: Path) -> None:
    async with Opened(tmp_path / "home") as shop:
        await shop.deliver(order_body(1), "orders/create")
        await shop.settled()
        assert await orders(shop) == 1
        address = f"/api/admin/tenants/{await tenant_of(shop)}"
        for _ in range(2):
            answer = await shop.client.post(f"{address}/suspend")
            assert (answer.status_code, answer.json()["status"]) == (200, "suspended")
        await shop.settled(effects=False)

        await shop.deliver(order_body(2), "orders/create")
        await shop.deliver({"shop_domain": SHOP, "customer": {"id": 1}, "orders_to_redact": [1]}, "customers/redact")
        await shop.settled(effects=False)
        assert await orders(shop) == 1
        quarantined = (await shop.client.get("/api/quarantine")).json()["messages"]
        assert {each["reason"] for each in quarantined} == {"tenant_suspended"}
        assert [each["shopify_topic"] for each in quarantined if each["shop"]] == ["orders/create"]
        audited = (await shop.client.get("/api/audit")).json()["entries"]
        assert "subject.erased" in {entry["action"] for entry in audited}, "a right does not wait"

        assert (await shop.client.post(f"{address}/resume")).json()["status"] == "active"
        await shop.settled()
        assert await orders(shop) == 2
        assert (await shop.client.get("/api/quarantine")).json()["total"] == 0
