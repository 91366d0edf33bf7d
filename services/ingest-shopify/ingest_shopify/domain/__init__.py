"""Reads Shopify deliveries: pure functions from bytes to the kernel's payloads."""

from __future__ import annotations

from ingest_shopify.domain.deliveries import FAMILIES, READER_VERSION, Reading, read_body, read_delivery
from ingest_shopify.domain.families import Family
from ingest_shopify.domain.order_names import Marks, Placed, WithoutId, as_order, orders_meant, read_marks
from ingest_shopify.domain.people import Person, identities_of
from ingest_shopify.domain.redaction import without_buyer
from ingest_shopify.domain.shops import is_shop_domain
from ingest_shopify.domain.signatures import WebhookKeys

__all__ = [
    "FAMILIES",
    "READER_VERSION",
    "Family",
    "Marks",
    "Person",
    "Placed",
    "Reading",
    "WebhookKeys",
    "WithoutId",
    "as_order",
    "identities_of",
    "is_shop_domain",
    "orders_meant",
    "read_body",
    "read_delivery",
    "read_marks",
    "without_buyer",
]
