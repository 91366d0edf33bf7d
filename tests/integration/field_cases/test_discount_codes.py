"""Discount codes mapped to campaigns, as people set them: orders attributed anew, books and citations still agree."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import pytest

from tests.builders.field_orders import visited
from tests.builders.field_shop import FieldShop

pytestmark = [pytest.mark.instance, pytest.mark.slow, pytest.mark.rule("TOUCH-16")]
ShopOf = Callable[..., Awaitable[FieldShop]]
ANNA = {"code": "anna10", "channel": "affiliate", "campaign": "Anna"}
ORDERS = (
    ("/?utm_source=klaviyo&utm_medium=email", "ANNA10", "email"),
    ("/", "ANNA10", "affiliate"),
    ("/", "BEN-7F3K", "organic_social"),
    ("/", "WELCOME", "direct"),
)
MAPPING = [ANNA, {"code": "BEN-", "match": "prefix", "channel": "organic_social", "campaign": "Ben"}]


async def test_a_mapping_attributes_orders_anew_and_books_and_citations_follow(shop_of: ShopOf) -> None:
    shop = await shop_of()
    await shop.deliver(
        [
            visited(number, {"landing_site": landing, "discount_codes": [{"code": code, "amount": "0.00"}]})
            for number, (landing, code, _) in enumerate(ORDERS, start=1)
        ]
    )
    before = await shop.sources(model="last_non_direct")
    assert sorted(before.values()) == ["direct", "direct", "direct", "email"]
    earlier = await shop.cited("attributed_revenue", channel="direct")
    changed = await shop.configure(discount_codes=MAPPING)
    assert [each["code"] for each in changed["discount_codes"]] == ["anna10", "BEN-"]
    assert (await shop.settings())["discount_codes"] == changed["discount_codes"]
    expected = {f"#{number}": channel for number, (_, _, channel) in enumerate(ORDERS, start=1)}
    await shop.credited("last_non_direct", expected)
    assert set((await shop.sources(model="last_touch")).values()) == {"email", "direct"}
    assert await shop.balanced()
    number = await shop.cited("attributed_revenue", channel="affiliate")
    assert (number["value"], (await shop.fact(number["fact_id"]))["value"]) == (1.0, 1.0)
    # What was cited before is computed again as it was known then.
    assert (await shop.fact(earlier["fact_id"]))["value"] == earlier["value"] == 3.0
    await shop.configure(discount_codes=[])
    await shop.credited("last_non_direct", before)


async def test_a_mapping_that_cannot_be_meant_is_refused_by_name_and_changes_nothing(shop_of: ShopOf) -> None:
    shop = await shop_of()
    wrong: tuple[Any, ...] = (
        {"code": "x", "channel": "direct"},
        {"code": "x"},
        {"code": "x", "channel": "email", "starts_on": "soon"},
        {"code": str(uuid4()) * 10, "channel": "email"},
    )
    for entry in wrong:
        answer = await shop.http.put(f"/api/brands/{shop.brand}/settings", json={"discount_codes": [entry]})
        assert answer.status_code == 422, answer.text
        assert "discount_codes" in answer.json()["detail"]
    assert (await shop.settings())["discount_codes"] == []
