"""A webhook carries a hundred variants of a product; that there are more is said."""

from __future__ import annotations

from typing import Any

import pytest

from ingest_shopify.domain import read_delivery
from pulsepoint.events.products import ProductRecorded
from tests.builders.shopify import RECEIVED_AT, as_bytes, product_body

pytestmark = pytest.mark.rule("STOCK-12")


def body_of(carried: int, named: int | None) -> dict[str, Any]:
    """A product's body with so many variants, naming so many (None: without that field)."""
    body = product_body()
    variant = body["variants"][0]
    body["variants"] = [{**variant, "id": number, "inventory_item_id": number} for number in range(1, carried + 1)]
    if named is not None:
        body["variant_gids"] = [
            {"admin_graphql_api_id": f"gid://shopify/ProductVariant/{number}"} for number in range(1, named + 1)
        ]
    return body


@pytest.mark.parametrize("count", [140, {"count": 140, "precision": "EXACT"}])
@pytest.mark.parametrize("name", ["variants_count", "variantsCount"])
@pytest.mark.parametrize("carried", [100, 140])
def test_a_body_that_counts_its_variants_says_whether_they_are_all_there(
    count: object, name: str, carried: int
) -> None:
    body = as_bytes({**body_of(carried, None), name: count})
    product = read_delivery("products/update", "2026-04", body, shop="s", received_at=RECEIVED_AT).payload
    assert isinstance(product, ProductRecorded)
    assert (product.is_cut, product.variants_total) == (carried < 140, 140)


def test_of_two_tellings_of_one_moment_the_whole_one_is_the_later() -> None:
    cut, whole = (
        read_delivery("products/update", "2026-04", as_bytes(body_of(n, 140)), shop="s", received_at=RECEIVED_AT)
        for n in (100, 140)
    )
    assert cut.version < whole.version


@pytest.mark.parametrize(
    ("carried", "named", "is_cut"),
    [
        (1, None, False),
        (99, None, False),
        (100, None, True),  # nothing says that these are all
        (100, 100, False),
        (100, 101, True),
        (100, 2048, True),
        (250, 250, False),  # fetched
        (140, 140, False),
        (140, None, False),  # more than a webhook carries: asked for
        (0, 0, False),
    ],
)
def test_more_variants_than_a_webhook_carries_are_said(carried: int, named: int | None, is_cut: bool) -> None:
    body = as_bytes(body_of(carried, named))
    product = read_delivery("products/update", "2026-04", body, shop="s", received_at=RECEIVED_AT).payload
    assert isinstance(product, ProductRecorded)
    assert (product.is_cut, product.variants_total, len(product.variants)) == (is_cut, named, carried)
