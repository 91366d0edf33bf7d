"""Captured bodies sent again under headers that nobody signed: another topic, another time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ingest_shopify.domain import FAMILIES
from pulsepoint.events.envelope import digest_of
from pulsepoint.events.observability import MessageQuarantined
from pulsepoint.events.orders import OrderRecorded
from tests.builders.ingest import BRAND, Ingest
from tests.builders.shopify import (
    CREATED_AT,
    ORDER_ID,
    RECEIVED_AT,
    SHOP,
    as_bytes,
    level_body,
    line_body,
    order_body,
    privacy_body,
    product_body,
    refund_body,
)

EDIT = {"id": 1, "order_id": ORDER_ID, "created_at": CREATED_AT, "line_items": {"additions": [], "removals": []}}
CAPTURED: dict[str, dict[str, Any]] = {
    "orders/create": order_body(),
    "orders/edited": {"order_edit": EDIT},
    "orders/delete": {"id": 77},
    "refunds/create": refund_body(),
    "products/update": product_body(),
    "products/delete": {"id": 78},
    "inventory_levels/update": level_body(),
    "inventory_levels/disconnect": {"inventory_item_id": 9001, "location_id": 600},
    "app/uninstalled": {"id": 1, "name": "Light Lane", "myshopify_domain": SHOP, "plan_name": "basic"},
    "customers/data_request": privacy_body(orders_requested=[1], data_request={"id": 1}),
    "customers/redact": privacy_body(orders_to_redact=[1]),
    "shop/redact": {"shop_id": 1, "shop_domain": SHOP},
}
UNREAD: dict[str, dict[str, Any]] = {
    "carts/create": {"id": "c", "token": "c", "line_items": [line_body()], "created_at": CREATED_AT},
    "checkouts/create": {**order_body(), "abandoned_checkout_url": "https://shop.example/recover"},
    "draft_orders/create": {**order_body(), "invoice_url": "https://shop.example/invoice"},
    "fulfillments/create": {"id": 1, "order_id": ORDER_ID, "created_at": CREATED_AT, "line_items": [line_body()]},
    "order_transactions/create": {"id": 1, "order_id": ORDER_ID, "amount": "50.00", "created_at": CREATED_AT},
    "customers/update": {"id": 1, "created_at": CREATED_AT, "currency": "EUR", "verified_email": True},
    "collections/update": {"id": 7001, "title": "Summer", "sort_order": "manual", "updated_at": CREATED_AT},
}
LATER = "2200-01-01T00:00:00Z"


def kept(ingest: Ingest) -> list[dict[str, str]]:
    """The attributes of what was made of deliveries."""
    attributes: list[dict[str, str]] = [message.attributes for message in ingest.runtime.ports.bus.published]
    return [each for each in attributes if each["ce-type"] != MessageQuarantined.TYPE]


@pytest.mark.rule("SHOP-24")
@pytest.mark.parametrize("topic", sorted(FAMILIES))
async def test_a_body_counts_under_topics_of_its_own_form_alone(ingest: Ingest, topic: str) -> None:
    own = {name for name in CAPTURED if FAMILIES[name] == FAMILIES[topic]}
    # What a deletion names cannot be seen in it: that the same bytes keep their topic is shown below.
    alike = {"orders/delete", "products/delete"} if topic.endswith("/delete") else set()
    foreign = {name: body for name, body in {**CAPTURED, **UNREAD}.items() if name not in own | alike}
    for body in foreign.values():
        assert await ingest.deliver(body, topic, shopify_triggered_at=LATER) == 204
    assert [event["ce-type"] for event in kept(ingest)] == []
    assert len(ingest.quarantined()) == len(foreign)
    assert set(ingest.quarantined()) <= {"topic_mismatch", "missing_field", "unreadable_field"}
    for name in own:
        assert await ingest.deliver(CAPTURED[name], topic) == 204
    assert len(kept(ingest)) == len(own)


@pytest.mark.rule("SHOP-24")
async def test_a_captured_order_sent_again_as_its_deletion_stays(ingest: Ingest) -> None:
    await ingest.deliver(order_body())
    await ingest.deliver(order_body(), "orders/delete", shopify_triggered_at=LATER)
    [row] = await ingest.rows("orders_current")
    assert (row["deleted"], row["gross_micros"]) == (False, 50_000_000)
    assert ingest.quarantined() == ["body_of_another_topic"]


@pytest.mark.rule("SHOP-24")
@pytest.mark.parametrize("token", [None, "a-token-of-this-shop"])
async def test_a_body_keeps_the_family_of_the_topic_it_first_came_under(ingest: Ingest, token: str | None) -> None:
    headers: dict[str, Any] = {}
    if token:
        document = await ingest.document("shops", SHOP)
        assert document is not None
        await ingest.put("shops", SHOP, {**document.data, "endpoint_token": token})
        headers["endpoint_token"] = token
    await ingest.deliver(product_body(), "products/create", **headers)
    await ingest.deliver({"id": 7001}, "orders/delete", **headers)
    await ingest.deliver({"id": 7001}, "products/delete", **headers)
    assert ingest.quarantined() == ["body_of_another_topic"]
    [row] = await ingest.rows("products_current")
    assert row["product_id"] == "7001"
    # Topics of one family share bodies: Shopify sends the same order under several.
    for topic in ("orders/create", "orders/paid", "orders/updated"):
        await ingest.deliver(order_body(), topic, **headers)
    assert len(ingest.quarantined()) == 1


async def test_a_body_that_an_earlier_release_remembers_has_its_family_from_now_on(ingest: Ingest) -> None:
    body = order_body()
    await ingest.put("bodies", digest_of(as_bytes(body)), {"shop": SHOP})
    await ingest.deliver(body)
    await ingest.deliver(body, "refunds/create")
    assert ingest.quarantined() == ["body_of_another_topic"]
    assert [event["ce-type"] for event in kept(ingest)] == [OrderRecorded.TYPE]


@pytest.mark.rule("SHOP-06")
@pytest.mark.parametrize("offset", [timedelta(0), timedelta(days=-400)], ids=["now", "simulated past"])
@pytest.mark.parametrize(
    "topic",
    [
        "orders/delete",
        "products/delete",
        "inventory_levels/disconnect",
        "app/uninstalled",
        "customers/data_request",
        "customers/redact",
        "shop/redact",
    ],
)
async def test_where_a_body_has_no_clock_the_header_is_at_most_five_minutes_ahead(
    ingest: Ingest, topic: str, offset: timedelta
) -> None:
    await ingest.configure(clock_offset_seconds=int(offset.total_seconds()), version=2)
    await ingest.deliver(CAPTURED[topic], topic, shopify_triggered_at=LATER)
    [event] = kept(ingest)
    version = datetime.fromtimestamp(int(event["version"]) / 1_000_000, UTC)
    assert version == RECEIVED_AT + offset + timedelta(minutes=5)
    assert event["brand"] == str(BRAND.brand_id)
