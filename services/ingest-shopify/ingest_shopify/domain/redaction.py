"""Bodies without their buyer: what the books are read from stays, so that what waits in quarantine may still count.

Named is what stays, not what goes: whatever else a body says, now or in a later version of the API, is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TypeAlias

import orjson

from ingest_shopify.domain.deliveries import FAMILIES, Reading, parse, read_delivery
from ingest_shopify.domain.families import Family
from ingest_shopify.domain.people import NOBODY
from pulsepoint.errors import MalformedInput
from pulsepoint.events.envelope import Event, RawPayload
from pulsepoint.events.orders import OrderRecorded
from pulsepoint.values import JsonObject

Shape: TypeAlias = "Mapping[str, Shape | None]"
"""The keys of an object that stay: None for a plain value, else the shape of the objects below."""


def _plain(*names: str) -> Shape:
    return dict.fromkeys(names)


def _amounts(*names: str) -> Shape:
    return {**_plain(*names), **{f"{name}_set": {"shop_money": _plain("amount", "currency_code")} for name in names}}


_TAX: Shape = {**_plain("rate"), **_amounts("price")}
_DISCOUNT = _amounts("amount")
_RETURNED: Shape = {
    **_plain("id", "product_id", "variant_id", "sku", "quantity", "current_quantity", "gift_card"),
    **_plain("tip_payment_gateway"),
    **_amounts("price", "total_discount"),
    "tip": {},
    "discount_allocations": _DISCOUNT,
    "tax_lines": _TAX,
}
_TITLES = _plain("title", "name")
_LINE: Shape = {**_RETURNED, **_TITLES}
_REFUND: Shape = {
    **_plain("id", "order_id", "created_at", "processed_at", "restock"),
    **_amounts("total_duties"),
    "return": {},
    "duties": {},
    "refund_line_items": {
        **_plain("id", "line_item_id", "quantity"),
        **_amounts("subtotal", "total_tax"),
        "line_item": _RETURNED,
    },
    "order_adjustments": {**_plain("id", "kind"), **_amounts("amount", "tax_amount")},
    "refund_shipping_lines": _amounts("subtotal_amount"),
    "transactions": {**_plain("id", "kind", "status", "currency"), **_amounts("amount")},
}
_PLACE = _plain("orders_count", "ordersCount", "number_of_orders", "numberOfOrders")
_INDEX = _plain("customer_order_index", "customerOrderIndex")
_ORDER: Shape = {
    **_plain("id", "name", "order_number", "currency", "created_at", "processed_at", "updated_at", "cancelled_at"),
    **_plain("test", "source_name", "financial_status", "fulfillment_status", "taxes_included"),
    **_amounts("total_price", "subtotal_price", "total_line_items_price", "total_discounts", "total_tax"),
    **_amounts("total_outstanding", "total_shipping_price"),
    "shipping_address": _plain("country_code", "province_code"),
    "customer": _PLACE,
    "customer_journey_summary": _INDEX,
    "customerJourneySummary": _INDEX,
    "line_items": _LINE,
    "shipping_lines": {
        **_plain("id", "is_removed"),
        **_amounts("price", "discounted_price"),
        "discount_allocations": _DISCOUNT,
        "tax_lines": _TAX,
    },
    "refunds": _REFUND,
}
_CHANGED = _plain("id", "delta")
_EDITED: Shape = {
    **_plain("id", "order_id", "committed_at", "created_at"),
    "line_items": {"additions": _CHANGED, "removals": _CHANGED},
}
_SHAPES: Mapping[Family, Shape] = {
    Family.ORDER: _ORDER,
    Family.REFUND: _REFUND,
    Family.ORDER_EDIT: {**_EDITED, "order_edit": _EDITED},
    Family.ORDER_DELETION: _plain("id", "admin_graphql_api_id"),
}
OWN = "pulsepoint"
"""What a file's converter says of a body: the order's name and moments alone."""


def without_buyer(event: Event[RawPayload]) -> bytes | None:
    """The body of a delivery about an order without what it says of the buyer; it is read as the order without them.

    None where it is about no order, or cannot be read: then nothing of it can count, with them or without.
    """
    topic = event.payload.headers.get("shopify-topic", "")
    shape = _SHAPES.get(FAMILIES.get(topic, Family.PRODUCT))
    if shape is None:
        return None
    try:
        anew = _shortened(parse(event.payload.body), shape)
        return anew if _read(event, anew) == _read(event, event.payload.body) else None
    except (MalformedInput, orjson.JSONEncodeError):
        return None


def _shortened(body: JsonObject, shape: Shape) -> bytes:
    kept = _kept(body, shape)
    for line in kept.get("line_items", ()):
        # Of no product: made for one buyer.
        if isinstance(line, dict) and not line.get("product_id"):
            for name in _TITLES:
                line.pop(name, None)
    return orjson.dumps({**kept, OWN: body[OWN]} if OWN in body else kept)


def _kept(values: JsonObject, shape: Shape) -> JsonObject:
    return {name: _value(values[name], below) for name, below in shape.items() if name in values}


def _value(value: object, shape: Shape | None) -> object:
    if isinstance(value, list):
        return [_value(each, shape) for each in value]
    if isinstance(value, dict):
        return _kept(value, shape or {})
    # What should be an object and is none is no name of anybody, or the body could not be read.
    return value


def _read(event: Event[RawPayload], body: bytes) -> Reading:
    """The body as it is read where its buyer was erased; the shop's currency is told by its brand alone."""
    headers = event.payload.headers
    reading = read_delivery(
        headers["shopify-topic"],
        headers.get("shopify-api-version"),
        body,
        shop=headers.get("shop", ""),
        received_at=event.time,
        triggered_at=headers.get("shopify-triggered-at"),
        shop_currency="EUR",
    )
    payload = reading.payload
    order = payload.without_buyer() if isinstance(payload, OrderRecorded) else payload
    return replace(reading, payload=order, person=NOBODY)
