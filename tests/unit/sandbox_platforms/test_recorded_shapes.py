"""The sandbox's webhook bodies beside recorded ones: the same keys and types; what the sandbox leaves out is named.

Bodies are compared by the kind of object (`line_item`, `tax_line`, …), wherever it stands. Where webhooks have a key,
its type is that of webhooks: Shopify's REST answers write some money in another way.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any

import orjson
import pytest

from sandbox.platforms.bodies import ShopifyBodies
from sandbox.platforms.past import Past
from sandbox.world import World
from tests.builders.sandbox import small_world

pytestmark = [pytest.mark.slow, pytest.mark.real_data]

Shapes = dict[str, set[str]]
"""The JSON types seen at each `kind:key`."""
TYPES = {type(None): "null", bool: "bool", int: "number", float: "number", str: "str", list: "list", dict: "dict"}
KINDS = {
    **{f"{kind}s[]": kind for kind in ("line_item", "refund", "tax_line", "transaction", "shipping_line", "variant")},
    **{f"{kind}s[]": kind for kind in ("discount_code", "discount_application", "discount_allocation", "order")},
    **{f"{kind}s[]": kind for kind in ("order_adjustment", "refund_line_item", "note_attribute", "product")},
    **{kind: kind for kind in ("line_item", "order", "refund", "product", "inventory_level", "customer")},
    "shipping_address": "address",
    "billing_address": "address",
    "inventory_levels[]": "inventory_level",
}
FAMILIES = {"orders": "order", "refunds": "refund", "products": "product", "inventory_levels": "inventory_level"}
NEWEST = {
    "order": ("orders_create.2026-04", "orders_updated.2026-04"),
    "refund": ("refunds_create.2026-01",),
    "product": ("products_create.2024-10",),
    "inventory_level": ("inventory_levels_update.2024-07",),
}
"""Shopify's newest samples of each kind."""
LEFT_OUT: Mapping[str, tuple[str, str]] = {
    "address": (
        "the world's shoppers have a country and a region, no names, streets or phones",
        "address1 address2 city company country first_name last_name latitude longitude name phone province zip",
    ),
    "customer": (
        "a shopper is an id and an e-mail; nothing more of a person is made up",
        "created_at default_address first_name last_name multipass_identifier note phone state tax_exempt"
        " tax_exemptions updated_at verified_email",
    ),
    "line_item": (
        "fulfilment, staff and groups of lines are no part of the world",
        "attributed_staffs duties fulfillment_service grams product_exists sales_line_item_group_id"
        " variant_inventory_management",
    ),
    "money_set": ("an older spelling of `currency_code` in samples", "presentment_money.currency shop_money.currency"),
    "order": (
        "devices, tokens, numbers, payment terms and B2B: nothing reads them, and the world has none",
        "app_id browser_ip buyer_accepts_marketing cart_token checkout_token client_details confirmation_number"
        " contact_email customer_locale device_id duties_included estimated_taxes landing_site_ref line_item_groups"
        " location_id merchant_business_entity_id merchant_of_record_app_id number order_number order_status_url"
        " payment_gateway_names payment_terms phone po_number reference returns source_identifier source_url"
        " tax_exempt token total_outstanding total_weight user_id",
    ),
    "product": (
        "pictures, categories and publishing",
        "category has_variants_that_requires_components image media published_scope template_suffix variant_gids",
    ),
    "refund": ("returns of the Returns API", "return"),
    "shipping_line": (
        "carriers",
        "carrier_identifier code is_removed phone requested_fulfillment_service_id source",
    ),
    "transaction": (
        "gateways and receipts",
        "amount_rounding authorization device_id error_code location_id manual_payment_gateway message parent_id"
        " payment_id receipt source_name user_id",
    ),
    "variant": (
        "options, pictures and bar codes",
        "barcode image_id old_inventory_quantity option1 option2 option3",
    ),
}
"""By kind: why, and which keys of Shopify's newest samples the sandbox does not send."""
ADDED: Mapping[str, tuple[str, str]] = {
    "inventory_level": (
        "units on their way, in the keys of the Admin API: webhooks lack them, only a pull brings them",
        "quantities quantities[] quantities[].name quantities[].quantity",
    ),
}
"""By kind: why, and which keys the sandbox sends that no webhook has."""


def note(value: Any, kind: str, path: tuple[str, ...], shapes: Shapes) -> None:
    """Add the types in a JSON value of a kind to `shapes`."""
    name = path[-1] if path else ""
    if name in KINDS:
        kind, path = KINDS[name], ()
    elif name.endswith("_set"):
        kind, path = "money_set", ()
    shapes[f"{kind}:{'.'.join(path)}"].add(TYPES[type(value)])
    if isinstance(value, dict):
        for key, each in value.items():
            note(each, kind, (*path, key), shapes)
    elif isinstance(value, list):
        for each in value:
            note(each, kind, (*path[:-1], f"{name}[]") if path else ("[]",), shapes)


def shapes_of(files: Iterable[Path], kind: str) -> Shapes:
    """The shapes in JSON files whose root is of a kind."""
    shapes: Shapes = defaultdict(set)
    for file in sorted(files):
        note(json.loads(file.read_bytes()), kind, (), shapes)
    return shapes


def merged(*parts: Shapes) -> Shapes:
    """All shapes of all parts."""
    return {place: set().union(*(part.get(place, set()) for part in parts)) for part in parts for place in part}


@pytest.fixture(scope="module")
def webhooks(real_data: Path) -> Shapes:
    """Recorded webhooks and Shopify's samples of every version."""
    folder = real_data / "shopify" / "webhooks"
    return merged(
        *(
            shapes_of([path for path in folder.glob(f"*/*{topic}*.json") if topic in path.name.split(".")[0]], kind)
            for topic, kind in FAMILIES.items()
        )
    )


@pytest.fixture(scope="module")
def rest(real_data: Path) -> Shapes:
    """Recorded answers of the REST API."""
    return shapes_of((real_data / "shopify" / "rest").rglob("*.json"), "answer")


@pytest.fixture(scope="module")
def sandbox() -> Shapes:
    """Every webhook of three weeks of a small world."""
    world = World(small_world(21))
    first, last = (datetime.combine(day, time(), UTC) for day in world.history())
    past, happenings = Past(ShopifyBodies("Europe/London")), world.between(first, last)
    past.remember(happenings)
    shapes: Shapes = defaultdict(set)
    for webhook in (*past.looking_back(happenings), *past.catalog(world.catalog(), last)):
        note(orjson.loads(orjson.dumps(webhook.body)), FAMILIES[webhook.topic.split("/")[0]], (), shapes)
    return shapes


def test_the_sandbox_sends_no_key_and_no_type_that_shopify_does_not(
    sandbox: Shapes, webhooks: Shapes, rest: Shapes
) -> None:
    assert len(sandbox) > 150
    wrong = {}
    for place, types in sandbox.items():
        allowed = (
            (webhooks[place] | ({"null"} & rest.get(place, set()))) if place in webhooks else rest.get(place, set())
        )
        if types - allowed:
            wrong[place] = (types - allowed, allowed)
    added = {f"{kind}:{key}" for kind, (_, keys) in ADDED.items() for key in keys.split()}
    assert wrong.keys() == added, wrong


def test_what_the_sandbox_leaves_out_is_named(sandbox: Shapes, real_data: Path) -> None:
    folder = real_data / "shopify" / "webhooks" / "docs_samples"
    samples = merged(*(shapes_of([folder / f"{name}.json" for name in names], kind) for kind, names in NEWEST.items()))
    missing: dict[str, set[str]] = defaultdict(set)
    for place in samples.keys() - sandbox.keys():
        kind, _, path = place.partition(":")
        parents = {f"{kind}:{'.'.join(path.split('.')[:depth])}" for depth in range(1, path.count(".") + 1)}
        if all(parent in sandbox for parent in parents) and not path.endswith("[]"):
            missing[kind].add(path)
    assert dict(missing) == {kind: set(keys.split()) for kind, (_, keys) in LEFT_OUT.items()}
