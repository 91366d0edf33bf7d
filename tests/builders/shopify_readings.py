"""The payloads read from bodies of orders and refunds, in one call."""

from __future__ import annotations

from typing import Any

import pytest

from ingest_shopify.domain import read_body
from pulsepoint.errors import MalformedInput
from pulsepoint.events.orders import OrderRecorded, Refund, RefundRecorded
from tests.builders.shopify import RECEIVED_AT, as_bytes, money

EUR = 1_000_000


def order_of(body: dict[str, Any], topic: str = "orders/updated") -> OrderRecorded:
    [payload] = read_body(topic, "2026-04", as_bytes(body), received_at=RECEIVED_AT)
    assert isinstance(payload, OrderRecorded)
    return payload


def refund_of(body: dict[str, Any]) -> Refund:
    [payload] = read_body("refunds/create", "2026-04", as_bytes(body), received_at=RECEIVED_AT, shop_currency="EUR")
    assert isinstance(payload, RefundRecorded)
    return payload.refund


def refusal(topic: str, body: object, version: str | None = "2026-04") -> MalformedInput:
    data = body if isinstance(body, bytes) else as_bytes(body)
    with pytest.raises(MalformedInput) as caught:
        read_body(topic, version, data, received_at=RECEIVED_AT)
    return caught.value


def allocation(amount: str) -> dict[str, Any]:
    return {"amount": amount, "amount_set": money(amount)}


def tax_line(amount: str) -> dict[str, Any]:
    return {"title": "VAT", "rate": 0.2, "price": amount, "price_set": money(amount)}
