"""Products with their variants, and stock levels."""

from __future__ import annotations

from datetime import datetime

from ingest_shopify.domain.fields import Fields
from pulsepoint.events.inventory import StockLevelRecorded
from pulsepoint.events.products import ProductRecorded, Variant

MOST_VARIANTS = 100
"""Variants that a webhook's body carries at most: https://shopify.dev/docs/api/webhooks (products/update)."""


def read_product(body: Fields, *, reported_at: datetime) -> ProductRecorded:
    """The product in a body: https://shopify.dev/docs/api/admin-rest/latest/resources/product.

    A webhook carries its first hundred variants and names all of them in `variant_gids`, where it has that field; a
    body of more was asked of another API, and has them all. Of exactly a hundred, unsaid, there may be more.
    `updated_at` falls back to `reported_at`. Raises `MalformedInput` naming the field.
    """
    variants = tuple(_variant(variant) for variant in body.children("variants"))
    total = _variants_total(body)
    is_cut = len(variants) == MOST_VARIANTS if total is None else total > len(variants)
    return ProductRecorded(
        product_id=body.id("id"),
        title=body.text("title", 500) or "",
        status=(body.text("status", 32) or "").lower() or None,
        updated_at=body.optional_timestamp("updated_at") or reported_at,
        variants=variants,
        variants_total=total,
        is_cut=is_cut,
    )


def _variants_total(body: Fields) -> int | None:
    """The number of a product's variants, as a webhook or the Admin API says it
    (https://shopify.dev/docs/api/admin-graphql/latest/objects/Product, `variantsCount`); None where neither does.
    """
    for name in ("variant_gids", "variant_ids"):
        named = body.values.get(name)
        if isinstance(named, list):
            return len(named)
    for name in ("variants_count", "variantsCount"):
        counted = body.values.get(name)
        count = counted.get("count") if isinstance(counted, dict) else counted
        if isinstance(count, int) and not isinstance(count, bool) and count >= 0:
            return count
    return None


def read_level(body: Fields, *, reported_at: datetime) -> StockLevelRecorded:
    """The stock level in a body: https://shopify.dev/docs/api/admin-rest/latest/resources/inventorylevel.

    `available` is null where the shop does not count the item there, and negative where it was oversold. What is on its
    way is a quantity of the Admin API (https://shopify.dev/docs/api/admin-graphql/latest/objects/InventoryLevel), which
    Shopify's webhooks lack: a body has it where its sender asked that API.
    """
    quantities = {entry.text("name", 64): entry for entry in body.children("quantities")}
    available, incoming = quantities.get("available"), quantities.get("incoming")
    return StockLevelRecorded(
        inventory_item_id=body.id("inventory_item_id"),
        location_id=body.id("location_id"),
        available=available.optional_whole("quantity") if available else body.optional_whole("available"),
        incoming=incoming.optional_count("quantity") if incoming else body.optional_count("incoming"),
        updated_at=body.optional_timestamp("updated_at") or reported_at,
    )


def read_disconnection(body: Fields, *, reported_at: datetime) -> StockLevelRecorded:
    """The stock level after a location stopped holding an item: nothing is available there any more.

    The body names item and location alone, so its moment is `reported_at`.
    """
    return StockLevelRecorded(
        inventory_item_id=body.id("inventory_item_id"),
        location_id=body.id("location_id"),
        available=0,
        incoming=0,
        updated_at=reported_at,
    )


def _variant(body: Fields) -> Variant:
    counted = body.values.get("inventory_management")
    return Variant(
        variant_id=body.id("id"),
        inventory_item_id=body.optional_id("inventory_item_id"),
        sku=body.text("sku", 255),
        title=body.text("title", 500) or "",
        price_micros=body.money("price"),
        continue_selling=(body.text("inventory_policy", 32) or "").lower() == "continue",
        # Null says that nobody counts it; bodies since 2024-10 leave the key out.
        tracked="inventory_management" not in body.values or bool(counted and counted != "NOT_MANAGED"),
        available=body.optional_whole("inventory_quantity"),
    )
