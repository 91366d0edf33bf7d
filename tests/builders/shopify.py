"""Shopify webhook bodies with defaults, and what signs them: say only what a test is about."""

from __future__ import annotations

import hmac
import json
from base64 import b64encode
from datetime import UTC, datetime
from typing import Any

from pulsepoint.events.brands import BrandConfigured
from pulsepoint.events.envelope import Event, Message, RawPayload, decode_raw, new_event, raw_message
from pulsepoint.tenancy import TenantContext

SHOP = "light-lane.myshopify.com"
SECRET = "hush-hush-hush-hush-hush-hush-hush"
ORDER_ID = 5778367414385
CREATED_AT = "2026-03-10T12:00:00+01:00"
RECEIVED_AT = datetime(2026, 3, 10, 11, 0, 5, tzinfo=UTC)


def money(amount: str, currency: str = "EUR", *, presentment: tuple[str, str] = ("999.99", "JPY")) -> dict[str, Any]:
    """A money bag; the presentment money is of another currency, so that reading it by mistake shows."""
    return {
        "shop_money": {"amount": amount, "currency_code": currency},
        "presentment_money": {"amount": presentment[0], "currency_code": presentment[1]},
    }


def line_body(line_id: int = 1, *, price: str = "50.00", quantity: int = 1, **fields: Any) -> dict[str, Any]:
    """A line item."""
    return {
        "id": line_id,
        "product_id": 7000 + line_id,
        "variant_id": 8000 + line_id,
        "sku": f"SKU-{line_id}",
        "title": f"Product {line_id}",
        "quantity": quantity,
        "price": price,
        "price_set": money(price),
        "total_discount": "0.00",
        "discount_allocations": [],
        "tax_lines": [],
        "gift_card": False,
        **fields,
    }


def order_body(order_id: int = ORDER_ID, *, lines: list[dict[str, Any]] | None = None, **fields: Any) -> dict[str, Any]:
    """An order of one line of 50.00 EUR by a known customer."""
    return {
        "id": order_id,
        "name": "#1017",
        "currency": "EUR",
        "created_at": CREATED_AT,
        "processed_at": CREATED_AT,
        "updated_at": CREATED_AT,
        "cancelled_at": None,
        "test": False,
        "taxes_included": False,
        "financial_status": "paid",
        "source_name": "web",
        "total_price": "50.00",
        "total_discounts": "0.00",
        "total_tax": "0.00",
        "landing_site": "/?utm_source=meta&utm_campaign=spring",
        "referring_site": "https://www.example.com/",
        "note_attributes": [],
        "discount_codes": [],
        "shipping_lines": [],
        "shipping_address": {"country_code": "DE", "province_code": "BE"},
        "customer": {"id": 7358220173425, "email": "ada@example.com", "phone": "+49 30 901820"},
        "line_items": [line_body()] if lines is None else lines,
        "refunds": [],
        **fields,
    }


def refund_line_body(line_id: int = 1, *, subtotal: str = "50.00", quantity: int = 1, **fields: Any) -> dict[str, Any]:
    """A refunded line."""
    return {
        "id": 100 + line_id,
        "line_item_id": line_id,
        "quantity": quantity,
        "subtotal": float(subtotal),
        "subtotal_set": money(subtotal),
        "total_tax": 0.0,
        "total_tax_set": money("0.00"),
        "line_item": line_body(line_id),
        **fields,
    }


def refund_body(
    refund_id: int = 890088186047, *, lines: list[dict[str, Any]] | None = None, **fields: Any
) -> dict[str, Any]:
    """A refund of one line of 50.00 EUR, a day after the order."""
    return {
        "id": refund_id,
        "order_id": ORDER_ID,
        "created_at": "2026-03-11T12:00:00+01:00",
        "processed_at": "2026-03-11T12:00:00+01:00",
        "refund_line_items": [refund_line_body()] if lines is None else lines,
        "order_adjustments": [],
        "refund_shipping_lines": [],
        "transactions": [],
        **fields,
    }


def product_body(product_id: int = 7001, **fields: Any) -> dict[str, Any]:
    """A product with one tracked variant."""
    variant = {
        "id": 8001,
        "inventory_item_id": 9001,
        "sku": "SKU-1",
        "title": "Small",
        "price": "50.00",
        "inventory_policy": "deny",
        "inventory_management": "shopify",
        "inventory_quantity": 12,
    }
    return {
        "id": product_id,
        "title": "Product 1",
        "status": "active",
        "updated_at": CREATED_AT,
        "variants": [variant],
        **fields,
    }


def level_body(**fields: Any) -> dict[str, Any]:
    """A stock level of six."""
    return {"inventory_item_id": 9001, "location_id": 600, "available": 6, "updated_at": CREATED_AT, **fields}


def privacy_body(shop: str = SHOP, **fields: Any) -> dict[str, Any]:
    """A request about the customer of the default order."""
    customer = {"id": 7358220173425, "email": "ada@example.com", "phone": "+49 30 901820"}
    return {"shop_id": 954889, "shop_domain": shop, "customer": customer, **fields}


def as_bytes(body: object) -> bytes:
    """A body as it crosses the wire."""
    return json.dumps(body).encode()


def sign(body: bytes, secret: str = SECRET) -> str:
    """The signature Shopify puts into `X-Shopify-Hmac-Sha256`."""
    return b64encode(hmac.digest(secret.encode(), body, "sha256")).decode()


def signed(
    body: bytes, secret: str = SECRET, topic: str = "orders/create", shop: str = SHOP, **more: str
) -> dict[str, str]:
    """The headers of a delivery; `more` adds others, `_` standing for `-`."""
    return {
        "content-type": "application/json",
        "x-shopify-topic": topic,
        "x-shopify-shop-domain": shop,
        "x-shopify-api-version": "2026-04",
        "x-shopify-triggered-at": "2026-03-10T11:00:04.123456789Z",
        "x-shopify-webhook-id": "b54557e4-bdd9-4b37-8a5f-bf7d70bcd043",
        "x-shopify-event-id": "98880550-7158-44d4-b7cd-2c97c8a091b5",
        "x-shopify-hmac-sha256": sign(body, secret),
        **{name.replace("_", "-"): value for name, value in more.items()},
    }


def delivered(
    body: object, topic: str = "orders/create", shop: str = SHOP, *, received_at: datetime = RECEIVED_AT, **more: str
) -> Event[RawPayload]:
    """The event the first subscriber gets for a verified body (bytes, or what JSON holds)."""
    return decode_raw(delivered_message(body, topic, shop, received_at=received_at, **more))


def delivered_message(
    body: object, topic: str = "orders/create", shop: str = SHOP, *, received_at: datetime = RECEIVED_AT, **more: str
) -> Message:
    """The message a verified body crosses the bus as."""
    data = body if isinstance(body, bytes) else as_bytes(body)
    headers = {"shop": shop, "shopify-topic": topic, "shopify-api-version": "2026-04"}
    headers |= {name.replace("_", "-"): value for name, value in more.items()}
    traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    return raw_message(
        "shopify-deliveries", data, headers, body_id=sign(data), received_at=received_at, traceparent=traceparent
    )


def shop_configured(scope: TenantContext, shop: str = SHOP, *, version: int = 1, **fields: Any) -> Event:
    """`brand.configured`: the brand of `scope` owns `shop`."""
    settings = {"name": "Light Lane", "currency": "EUR", "timezone": "Europe/Berlin", **fields}
    brand = BrandConfigured(shopify_store=shop, **settings)
    return new_event(brand, source="gateway", entity=str(scope.brand_id), version=version, scope=scope)
