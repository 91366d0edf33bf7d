"""Deliveries of field cases with defaults: say only what a case is about."""

from __future__ import annotations

from typing import Any


def product(*items: int) -> dict[str, Any]:
    """The delivery of a product with one tracked variant for each inventory item."""
    variants = [
        {"id": item, "inventory_item_id": item, "sku": f"S{item}", "title": f"Item {item}", "price": "5.00",
         "inventory_policy": "deny", "inventory_management": "shopify", "inventory_quantity": 5}
        for item in items
    ]  # fmt: skip
    body = {"id": 1, "title": "P", "status": "active", "updated_at": "2026-11-20T00:00:00Z", "variants": variants}
    return {"topic": "products/create", "body": body}


def visited(number: int, fields: dict[str, Any]) -> dict[str, Any]:
    """The delivery of an order that says where its buyer came from."""
    at = "2026-11-10T12:00:00Z"
    line = {"id": 1, "quantity": 1, "price": "1.00", "title": "Mug", "total_discount": "0.00"}
    order = {"id": number, "name": f"#{number}", "currency": "EUR", "created_at": at, "processed_at": at,
             "updated_at": at, "financial_status": "paid", "line_items": [line], "refunds": []}  # fmt: skip
    return {"topic": "orders/create", "body": {**order, **fields, "id": number, "name": f"#{number}"}}
