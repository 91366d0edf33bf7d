"""Who must answer customers sees what is held of them, and has them erased; admins of their own tenant alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.builders.own_shop import Opened, Shop
from tests.builders.shopify import SHOP, order_body

pytestmark = pytest.mark.slow
ADA, EMAIL, CLICK = 7358220173425, "ada.quill@mail.example", "Cj0KCQiA-Quill-1"


async def customer_data(shop: Shop, request: str) -> dict[str, Any]:
    answer = await shop.client.get(f"/api/privacy/requests/{request}/data")
    assert answer.status_code == 200, answer.text
    rows: dict[str, Any] = answer.json()
    return rows


@pytest.mark.rule("SEC-29")
async def test_a_customer_who_asks_is_answered_with_what_is_held_and_erased_on_wish(tmp_path: Path) -> None:
    async with Opened(tmp_path / "home") as shop:
        customer = {"id": ADA, "email": EMAIL}
        await shop.deliver(order_body(1, customer=customer, landing_site=f"/?gclid={CLICK}"), "orders/create")
        await shop.deliver(order_body(2, customer={"id": 5, "email": "bo@mail.example"}), "orders/create")
        await shop.settled()
        request_body = {"shop_domain": SHOP, "customer": customer, "orders_requested": [], "data_request": {"id": 77}}
        await shop.deliver(request_body, "customers/data_request")
        await shop.settled()
        [request] = (await shop.client.get("/api/privacy/requests")).json()["requests"]
        assert (request["brand_id"], request["data_request"]) == (shop.brand, "77")

        before, figures = await customer_data(shop, request["id"]), await shop.figures()
        assert {row["order_id"] for kind in before.values() for row in kind} == {"1"}
        assert before["order_lines"]
        assert [row["click_id"] for row in before["touches"]] == [CLICK]

        path = "/api/privacy/erasures"
        assert (await shop.client.post(path, json={"brand_id": shop.brand})).status_code == 422
        answer = await shop.client.post(path, json={"brand_id": shop.brand, "email": EMAIL.upper()})
        assert (answer.status_code, answer.json()) == (202, {"status": "erasing"})
        await shop.settled()
        again = await shop.client.post(path, json={"brand_id": shop.brand, "order_ids": ["1"]})
        assert again.status_code == 202
        await shop.settled()
        assert {row["click_id"] for row in (await customer_data(shop, request["id"]))["touches"]} <= {None}
        assert await shop.figures() == figures
        audited = (await shop.client.get("/api/audit")).json()["entries"]
        requested = [each for each in audited if each["action"] == "subject.erasure_requested"]
        assert len(requested) == 2
        assert EMAIL not in str(audited).lower()


async def test_another_tenants_brand_and_request_are_not_there(tmp_path: Path) -> None:
    async with Opened(tmp_path / "home") as shop:
        nobody = "00000000-0000-4000-8000-000000000001"
        answer = await shop.client.post("/api/privacy/erasures", json={"brand_id": nobody, "customer_id": "5"})
        assert answer.status_code == 404
        assert (await shop.client.get(f"/api/privacy/requests/{nobody}/data")).status_code == 404
