"""A file of past orders on the page: the same deliveries as from the command, counted, with what was left out."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import orjson
import pytest

from pulsepoint.events.envelope import Message
from tests.builders.identity_store import RunningGateway, brand_body, running_gateway

CSV = {"content-type": "text/csv"}
SHOPIFY = (
    "Name,Email,Financial Status,Currency,Subtotal,Total,Created at,Lineitem quantity,Lineitem name,Lineitem price,"
    "Refunded Amount\n"
    "#1,a@shop.example,paid,GBP,25.00,25.00,2026-03-02 10:00:00 +0000,1,Mug,25.00,0.00\n"
    "#2,b@shop.example,partially_refunded,GBP,40.00,40.00,2026-03-03 10:00:00 +0000,2,Cup,20.00,10.00\n"
    "#3,c@shop.example,paid,GBP,oops,40.00,2026-03-03 10:00:00 +0000,2,Cup,20.00,0.00\n"
)
UCI = (
    "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
    "536365,85123A,HOLDER,6,12/1/2010 8:26,2.55,17850,United Kingdom\n"
    "536366,85123B,BAD DEBT,1,12/1/2010 8:28,-11.50,17850,United Kingdom\n"
)


@pytest.fixture(scope="module")
async def gateway(server: str) -> AsyncIterator[RunningGateway]:
    """A gateway that takes small files only."""
    async with running_gateway(server, upload_limit_bytes=5_000) as running:
        yield running


async def a_brand(client: httpx.AsyncClient, **changes: Any) -> tuple[str, str]:
    """(path of its uploads, its shop)."""
    made = (await client.post("/api/brands", json=brand_body(**changes))).json()
    return f"/api/brands/{made['brand_id']}/uploads", made["shopify_store"]


def delivered(gateway: RunningGateway, shop: str) -> list[Message]:
    return [message for message in gateway.ports.bus.published if message.attributes.get("shop") == shop]


async def test_an_export_becomes_deliveries_of_the_brands_shop(gateway: RunningGateway) -> None:
    async with await gateway.login() as client:
        path, shop = await a_brand(client)
        answer = await client.post(path, content=SHOPIFY, headers=CSV)
        assert answer.status_code == 202, answer.text
        result = answer.json()
        assert (result["orders"], result["refunds"], result["deliveries"]) == (2, 1, 3)
        assert (result["net_revenue"], result["currency"]) == (55.0, "GBP")
        assert (result["first_day"], result["last_day"]) == ("2026-03-02", "2026-03-03")
        assert [(each["reason"], each["rows"]) for each in result["left_out"]] == [("Subtotal: 'oops' is no number", 1)]
        raw = delivered(gateway, shop)
        assert [each.attributes["shopify-topic"] for each in raw] == [
            "orders/create",
            "orders/create",
            "refunds/create",
        ]
        assert {each.attributes["ce-type"] for each in raw} == {"shopify.delivered"}
        assert orjson.loads(raw[0].data)["name"] == "#1"
        assert "orders.uploaded" in (await client.get("/api/audit")).text


async def test_the_same_file_twice_is_the_same_deliveries(gateway: RunningGateway) -> None:
    async with await gateway.login() as client:
        path, shop = await a_brand(client)
        for _ in range(2):
            assert (await client.post(path, content=SHOPIFY, headers=CSV)).status_code == 202
        ids = [(each.attributes["ce-id"], each.data) for each in delivered(gateway, shop)]
        assert ids[:3] == ids[3:]


async def test_progress_comes_in_lines_where_asked_for(gateway: RunningGateway) -> None:
    async with await gateway.login() as client:
        path, _ = await a_brand(client)
        answer = await client.post(path, content=UCI, headers={**CSV, "accept": "application/x-ndjson"})
        lines = [orjson.loads(line) for line in answer.content.splitlines()]
        assert lines[0] == {"sent": 1, "of": 1}
        result = lines[-1]["result"]
        assert (result["format"], result["net_revenue"]) == ("UCI Online Retail", 15.3)
        assert (result["left_out_rows"], result["left_out_sum"]) == (1, -11.5)
        assert result["notes"] == []


async def test_what_cannot_be_read_is_refused_in_words(gateway: RunningGateway) -> None:
    async with await gateway.login() as client:
        path, shop = await a_brand(client)
        for content, status, words in (
            (b"", 422, "empty"),
            (b"a,b\n1,2\n", 422, "no known format"),
            (b"x" * 6_000, 413, "MB"),
        ):
            answer = await client.post(path, content=content, headers=CSV)
            assert (answer.status_code, words in answer.json()["detail"]) == (status, True), answer.text
            assert "pulsepoint-upload" not in answer.text
        assert (await client.post(path, json={})).status_code == 415
        assert delivered(gateway, shop) == []


async def test_only_managers_of_the_brands_tenant_may_upload(gateway: RunningGateway) -> None:
    async with await gateway.login() as client:
        path, shop = await a_brand(client)
    await gateway.person("outsider@upload.example", "admin")
    tenant = await gateway.person("boss@upload.example", "admin")
    await gateway.person("reader@upload.example", "user", tenant)
    async with await gateway.login("outsider@upload.example") as client:
        assert (await client.post(path, content=SHOPIFY, headers=CSV)).status_code == 404
    async with await gateway.login("boss@upload.example") as client:
        own, _ = await a_brand(client)
    async with await gateway.login("reader@upload.example") as client:
        assert (await client.post(own, content=SHOPIFY, headers=CSV)).status_code == 403
    assert delivered(gateway, shop) == []
