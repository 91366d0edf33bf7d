"""A shop that sells out by its ads, and the way back from the Slack message about it to the webhook that began it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from deploy.local.instance_process import InstanceProcess
from pulsepoint.brand.vocabulary import Platform
from sandbox.platforms.slack import trace_of
from tests.builders.shopify import as_bytes, level_body, line_body, order_body, product_body, signed
from tests.builders.stubs import SlackInbox

SHOP = "chain.myshopify.com"
PIPELINE = ["ingest-shopify", "attribution", "inventory-intel", "ai-advisor", "alerting"]


def environment(ads: str) -> dict[str, str]:
    """Settings of an instance that looks at stock each second, reaches stubs here, and pulls ads from `ads`."""
    return {
        "PULSEPOINT_ALLOW_LOCAL_URLS": "1",
        "PULSEPOINT_TICK_SECONDS": "1",
        **{f"PULSEPOINT_ADS_{platform.name}_BASE_URL": ads for platform in Platform},
    }


async def follow(instance: InstanceProcess, slack: str, inbox: SlackInbox) -> None:
    """Sell out, wait for the message, and follow its trace back through every service; fails where it is broken."""
    async with logged_in(instance) as client:
        brand = await make_brand(client, f"{slack}/services/T/B/x")
        await sell_out(client, instance, brand)
        assert (await client.post(f"/api/brands/{brand}/sync", json={})).status_code == 202
        await until(lambda: truth_of(bool(inbox.messages)), "a Slack message", 240)
        trace_id = named_trace(inbox.messages[0])
        assert await until(lambda: chain_of(client, trace_id), "every hop to be recorded") == PIPELINE
        await until(lambda: spend_of(client, brand), "spend of the three ad accounts")


def logged_in(instance: InstanceProcess) -> Any:
    """A client of the instance's API as its admin."""
    access = instance.access
    answer = httpx.post(
        f"{access.address}/api/auth/token",
        json={"email": access.email, "password": access.password},
        timeout=30,
    )
    headers = {"authorization": f"Bearer {answer.json()['access_token']}"}
    return httpx.AsyncClient(base_url=access.address, headers=headers, timeout=30)


async def make_brand(client: httpx.AsyncClient, slack: str) -> str:
    """A brand with Slack and one account on each ad platform; its id."""
    accounts = [
        ("meta", "1000000000000001", "stub-meta-token"),
        ("tiktok", "7000000000000000001", "stub-tiktok-token"),
        ("google", "1234567890", "stub-google-token"),
    ]
    body = {
        "name": "Chain",
        "shopify_store": SHOP,
        "currency": "GBP",
        "timezone": "Europe/London",
        "slack_webhook_url": slack,
        "ad_accounts": [{"platform": p, "account_id": a, "access_token": t} for p, a, t in accounts],
    }
    answer = await client.post("/api/brands", json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["brand_id"])


async def sell_out(client: httpx.AsyncClient, instance: InstanceProcess, brand: str) -> None:
    """A product sold ten times over the last days by an ad, of which, once that is known, only five are left."""
    now = datetime.now(UTC)
    early = (now - timedelta(days=20)).isoformat()
    await deliver(client, instance, "products/create", product_body(updated_at=early))
    await deliver(client, instance, "inventory_levels/update", level_body(available=500, updated_at=early))
    for number in range(10):
        at = (now - timedelta(days=number, hours=1)).isoformat()
        order = order_body(
            5000 + number,
            lines=[line_body(9000 + number, quantity=2, **sold_variant())],
            created_at=at,
            processed_at=at,
            updated_at=at,
            landing_site="/?utm_source=facebook&utm_medium=paid_social&utm_campaign=spring-sale",
        )
        await deliver(client, instance, "orders/create", order)
    # Told of the shelf before, it could be the shelf alone that the alert leads back to.
    await until(lambda: attributed(client, brand, 10), "the orders to be attributed")
    await deliver(client, instance, "inventory_levels/update", level_body(available=5, updated_at=now.isoformat()))


async def attributed(client: httpx.AsyncClient, brand: str, orders: int) -> bool:
    """True once so many orders of the last weeks have their credits."""
    today = datetime.now(UTC).date()
    parameters = {"metrics": "attributed_orders", "start_date": str(today - timedelta(days=21)), "end_date": str(today)}
    answer = await client.get(f"/api/brands/{brand}/performance", params=parameters)
    assert answer.status_code == 200, answer.text
    return any(float(row["numbers"]["attributed_orders"]["value"] or 0) >= orders for row in answer.json()["rows"])


def sold_variant() -> dict[str, Any]:
    """Ids of the product's first variant, as an order line names them."""
    product = product_body()
    variant = product["variants"][0]
    return {"product_id": product["id"], "variant_id": variant["id"], "sku": variant["sku"]}


async def deliver(client: httpx.AsyncClient, instance: InstanceProcess, topic: str, body: dict[str, Any]) -> None:
    raw = as_bytes(body)
    headers = dict(signed(raw, instance.access.shopify_secret, topic=topic, shop=SHOP))
    answer = await client.post("/webhooks/shopify", content=raw, headers=headers)
    assert answer.status_code == 200, answer.text


async def until(look: Callable[[], Awaitable[Any]], what: str, seconds: float = 90) -> Any:
    """The first truthy answer of `look`."""
    # A second apart: the API lets one address ask a hundred times a minute.
    for _ in range(int(seconds)):
        if answer := await look():
            return answer
        await asyncio.sleep(1)
    pytest.fail(f"waited {seconds} s for {what}")


async def truth_of(value: bool) -> bool:
    return value


def named_trace(message: dict[str, Any]) -> str:
    """The trace id that the message shows."""
    trace_id = trace_of(message)
    assert trace_id, message
    return trace_id


async def chain_of(client: httpx.AsyncClient, trace_id: str) -> list[str]:
    """The services on the way back, as soon as all of it is recorded."""
    answer = await client.get(f"/api/traces/{trace_id}")
    return chain_back(answer.json()["hops"], trace_id) if answer.status_code == 200 else []


def chain_back(spans: list[dict[str, Any]], trace_id: str) -> list[str]:
    """Services from the webhook to the message: the shortest way back by parents and links through an order."""
    by_span = {(span["trace_id"], span["span_id"]): span for span in spans}
    # Services tell of their spans in no order: that of the message itself may still be on its way.
    ways = [[span] for span in spans if span["trace_id"] == trace_id and span["name"] == "effect slack.post"]
    while ways:
        way = ways.pop(0)
        span = way[-1]
        if span["name"] == "POST /webhooks/shopify" and span["attributes"]["shopify.topic"] == "orders/create":
            return list(dict.fromkeys(step["service"] for step in reversed(way)))
        causes = [tuple(link) for link in span["links"]]
        if span["parent_span_id"]:
            causes.append((span["trace_id"], span["parent_span_id"]))
        ways += [[*way, by_span[cause]] for cause in causes if cause in by_span]
    return []


async def spend_of(client: httpx.AsyncClient, brand: str) -> bool:
    """True once the dashboard shows spend on all three platforms."""
    today = datetime.now(UTC).date()
    days = {"start_date": str(today - timedelta(days=3)), "end_date": str(today)}
    answer = await client.get(f"/api/brands/{brand}/dashboard", params=days)
    assert answer.status_code == 200, answer.text
    channels = answer.json()["performance_snapshot"]["by_channel"]
    return all(name in channels and channels[name]["spend"] for name in ("meta", "tiktok", "google"))
