"""What the bodies of products, stock levels, privacy requests and departures are read as; shops."""

from __future__ import annotations

from typing import Any

import pytest

from ingest_shopify.domain import Person, identities_of, is_shop_domain, read_delivery
from ingest_shopify.domain.deliveries import Reading
from pulsepoint.errors import MalformedInput
from pulsepoint.events.inventory import StockLevelRecorded
from pulsepoint.events.privacy import AppUninstalled, ShopErasureRequested, SubjectDataRequested, SubjectErased
from pulsepoint.events.products import ProductDeleted, ProductRecorded
from tests.builders.shopify import (
    RECEIVED_AT,
    SHOP,
    as_bytes,
    level_body,
    order_body,
    privacy_body,
    product_body,
)


def read(topic: str, body: object) -> Reading:
    return read_delivery(topic, "2026-04", as_bytes(body), shop=SHOP, received_at=RECEIVED_AT)


def product_of(body: dict[str, Any]) -> ProductRecorded:
    payload = read("products/update", body).payload
    assert isinstance(payload, ProductRecorded)
    return payload


def test_a_product_is_read_with_its_variants() -> None:
    product = product_of(product_body())
    assert (product.product_id, product.title, product.status) == ("7001", "Product 1", "active")
    [variant] = product.variants
    assert (variant.variant_id, variant.inventory_item_id, variant.sku) == ("8001", "9001", "SKU-1")
    assert (variant.price_micros, variant.available, variant.unit_cost_micros) == (50_000_000, 12, None)
    assert (variant.continue_selling, variant.tracked) == (False, True)


@pytest.mark.rule("STOCK-06")
@pytest.mark.parametrize(
    ("fields", "counted"),
    [({"inventory_management": "shopify"}, True), ({"inventory_management": None}, False), ({}, True)],
)
def test_a_variant_nobody_counts_is_not_tracked(fields: dict[str, Any], counted: bool) -> None:
    variant = {"id": 1, "price": "1.00", **fields}
    assert product_of(product_body(variants=[variant])).variants[0].tracked is counted


@pytest.mark.rule("STOCK-04")
@pytest.mark.parametrize("policy", ["continue", "CONTINUE"])
def test_backorders_are_told_by_the_inventory_policy(policy: str) -> None:
    variant = {"id": 1, "price": "1.00", "inventory_policy": policy}
    assert product_of(product_body(variants=[variant])).variants[0].continue_selling


def test_a_product_without_a_clock_is_as_new_as_its_delivery() -> None:
    assert product_of(product_body(updated_at=None)).updated_at == RECEIVED_AT


@pytest.mark.parametrize("variants", [None, []])
def test_a_product_without_variants_is_read(variants: object) -> None:
    assert product_of(product_body(variants=variants)).variants == ()


def test_a_deleted_product_is_read() -> None:
    assert read("products/delete", {"id": 7001}).payload == ProductDeleted(product_id="7001")


@pytest.mark.parametrize("available", [6, 0, -3, None, "6"])
@pytest.mark.parametrize("topic", ["inventory_levels/update", "inventory_levels/connect"])
def test_a_stock_level_is_read(topic: str, available: object) -> None:
    reading = read(topic, level_body(available=available))
    assert isinstance(reading.payload, StockLevelRecorded)
    assert reading.entity == "9001:600"
    assert reading.payload.available == (None if available is None else int(str(available)))


def test_an_empty_stock_level_is_refused_by_the_name_of_what_it_lacks() -> None:
    with pytest.raises(MalformedInput, match="inventory_item_id: is missing") as caught:
        read("inventory_levels/update", {})
    assert caught.value.reason == "missing_field"


def test_a_data_request_names_person_and_orders() -> None:
    body = privacy_body(orders_requested=[299938, "280263"], data_request={"id": 9999})
    reading = read("customers/data_request", body)
    assert isinstance(reading.payload, SubjectDataRequested)
    assert (reading.payload.request_id, reading.payload.order_ids) == ("9999", ("299938", "280263"))
    assert reading.person == Person("7358220173425", "ada@example.com", "4930901820")
    assert reading.shop_domain == SHOP


@pytest.mark.parametrize("orders", [[], None])
def test_a_redaction_of_a_customer_without_orders_is_read(orders: object) -> None:
    payload = read("customers/redact", privacy_body(orders_to_redact=orders)).payload
    assert isinstance(payload, SubjectErased)
    assert (payload.order_ids, payload.erased_at) == ((), RECEIVED_AT)


@pytest.mark.parametrize("topic", ["customers/data_request", "customers/redact", "shop/redact"])
def test_a_privacy_request_that_names_no_shop_is_refused(topic: str) -> None:
    with pytest.raises(MalformedInput, match="shop_domain: is missing"):
        read(topic, {"customer": {"id": 1}})


def test_a_shop_that_left_is_read() -> None:
    assert isinstance(read("shop/redact", {"shop_domain": SHOP.upper()}).payload, ShopErasureRequested)
    reading = read("app/uninstalled", {"id": 548380009, "myshopify_domain": None})
    assert reading.payload == AppUninstalled(shop=SHOP, uninstalled_at=RECEIVED_AT)
    assert reading.shop_domain is None
    assert read("app/uninstalled", {"myshopify_domain": "Other.myshopify.com"}).shop_domain == "other.myshopify.com"


@pytest.mark.parametrize("customer", [None, [], "x", {"id": {}}, {"id": 1.5}, {"email": 7, "phone": "none"}])
def test_contact_data_that_cannot_be_read_identifies_nobody(customer: object) -> None:
    assert read("orders/create", order_body(customer=customer)).person == Person()


def test_a_guest_is_known_by_the_orders_own_contact_data() -> None:
    body = order_body(customer=None, contact_email="Ada@Example.com", phone="+49 (30) 901820")
    assert read("orders/create", body).person == Person(None, "ada@example.com", "4930901820")


def test_identities_are_keyed_and_of_one_kind_each() -> None:
    person = Person("4930901820", None, "4930901820")
    first, second = identities_of(person, b"key")
    assert first != second
    assert identities_of(person, b"another")[0] != first
    assert "4930901820" not in first


@pytest.mark.rule("SHOP-16")
@pytest.mark.parametrize("name", ["a.myshopify.com", "0-shop.myshopify.com", "light-lane.myshopify.com"])
def test_shop_domains_are_known(name: str) -> None:
    assert is_shop_domain(name)


@pytest.mark.rule("SHOP-16")
@pytest.mark.parametrize(
    "name",
    [
        "",
        ".myshopify.com",
        "-shop.myshopify.com",
        "shop.myshopify.com.evil.example",
        "evil.example/shop.myshopify.com",
        "shop.myshopify.com\n",
        "sub.shop.myshopify.com",
        "shop.myshopifyXcom",
        "Shop.myshopify.com",
        "{shop}.myshopify.com",
        "shöp.myshopify.com",
        "x" * 300 + ".myshopify.com",
    ],
)
def test_other_names_are_no_shops(name: str) -> None:
    assert not is_shop_domain(name)


@pytest.mark.rule("STOCK-10")
def test_a_disconnected_location_has_nothing_from_then_on() -> None:
    reading = read("inventory_levels/disconnect", {"inventory_item_id": 9001, "location_id": 600})
    assert isinstance(reading.payload, StockLevelRecorded)
    assert (reading.entity, reading.payload.available) == ("9001:600", 0)
    before = read("inventory_levels/update", level_body(available=8))
    assert reading.version > before.version
