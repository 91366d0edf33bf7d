"""A billion pieces decide no figure: sold, returned or in stock they wait with their number for a person."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from pulsepoint.brand.order_bounds import MOST_IN_STOCK, MOST_PIECES
from pulsepoint.brand.sentences.quarantine import quarantine_text
from pulsepoint.brand.texts import texts
from pulsepoint.events.observability import MessageQuarantined
from tests.builders.ingest import BRAND, Ingest, release
from tests.builders.shopify import (
    CREATED_AT,
    ORDER_ID,
    level_body,
    line_body,
    order_body,
    product_body,
    refund_body,
    refund_line_body,
)

BILLION = 10**9
REASON = "quantity_above_bound"


def edit_body(name: str, delta: int) -> dict[str, Any]:
    lines = {"additions": [], "removals": [], name: [{"id": 1, "delta": delta}]}
    return {"order_edit": {"id": 1, "order_id": ORDER_ID, "created_at": CREATED_AT, "line_items": lines}}


def variant_body(pieces: int) -> dict[str, Any]:
    [variant] = product_body()["variants"]
    return product_body(variants=[{**variant, "inventory_quantity": pieces}])


def at(name: str, pieces: int) -> tuple[str, dict[str, Any]]:
    """A topic with a body that tells of so many pieces in one place."""
    line = line_body(price="0.00", quantity=pieces)
    returned = refund_line_body(quantity=pieces, subtotal="1.00")
    bodies: dict[str, tuple[str, dict[str, Any]]] = {
        "an order's line": ("orders/create", order_body(lines=[line])),
        "lines together": ("orders/create", order_body(lines=[{**line, "quantity": pieces // 2 + 1}] * 2)),
        "a piece taken out": ("orders/updated", order_body(lines=[{**line, "current_quantity": 0}])),
        "a refund": ("refunds/create", refund_body(lines=[returned])),
        "a refund of an order": ("orders/updated", order_body(refunds=[refund_body(lines=[returned])])),
        "an edit's additions": ("orders/edited", edit_body("additions", pieces)),
        "an edit's removals": ("orders/edited", edit_body("removals", pieces)),
        "stock": ("inventory_levels/update", level_body(available=pieces)),
        "stock sold before it is": ("inventory_levels/update", level_body(available=-pieces)),
        "stock on its way": (
            "inventory_levels/update",
            level_body(quantities=[{"name": "incoming", "quantity": pieces}]),
        ),
        "a variant": ("products/update", variant_body(pieces)),
    }
    return bodies[name]


SOLD = [
    "an order's line",
    "lines together",
    "a piece taken out",
    "a refund",
    "a refund of an order",
    "an edit's additions",
    "an edit's removals",
]
STOCKED = ["stock", "stock sold before it is", "stock on its way", "a variant"]
TABLES = {
    "orders": "orders_current",
    "refunds": "refunds_current",
    "inventory_levels": "inventory_levels_current",
    "products": "products_current",
}


async def rows_of(ingest: Ingest, topic: str) -> list[dict[str, Any]]:
    return await ingest.rows("order_edits" if topic == "orders/edited" else TABLES[topic.partition("/")[0]])


@pytest.mark.rule("SHOP-30")
@pytest.mark.parametrize("where", [*SOLD, *STOCKED])
async def test_too_many_pieces_wait_with_their_number_and_count_when_released(ingest: Ingest, where: str) -> None:
    topic, body = at(where, BILLION)
    await ingest.deliver(body, topic)
    assert await rows_of(ingest, topic) == []
    [waiting] = ingest.payloads(MessageQuarantined, BRAND)
    assert waiting.reason == REASON
    assert waiting.expires_at - waiting.held_at > timedelta(days=3000)
    said = quarantine_text(waiting.reason, waiting.names, waiting.explanation, texts("en"))
    assert "1,000,000,00" in said
    assert f"{MOST_PIECES if where in SOLD else MOST_IN_STOCK:,}" in said

    await release(ingest)
    assert len(await rows_of(ingest, topic)) == 1
    # Sent again it needs nobody: a person has let so many count.
    await ingest.deliver({**body, "updated_at": "2026-03-11T10:00:00Z"}, topic)
    assert ingest.quarantined() == [REASON]


@pytest.mark.rule("SHOP-30")
async def test_as_many_pieces_as_the_bound_count_by_themselves(ingest: Ingest) -> None:
    for where in SOLD:
        if where != "lines together":
            topic, body = at(where, MOST_PIECES)
            await ingest.deliver(body, topic)
    for where in STOCKED:
        topic, body = at(where, MOST_IN_STOCK)
        await ingest.deliver(body, topic)
    assert ingest.quarantined() == []
    for where in ("an order's line", "a refund"):
        topic, body = at(where, MOST_PIECES + 1)
        await ingest.deliver(body, topic)
    assert ingest.quarantined() == [REASON] * 2


@pytest.mark.rule("SHOP-30")
async def test_an_order_above_both_bounds_tells_both_and_is_released_once(ingest: Ingest) -> None:
    await ingest.deliver(order_body(lines=[line_body(price="1.00", quantity=BILLION)]))
    [waiting] = ingest.payloads(MessageQuarantined, BRAND)
    said = quarantine_text(waiting.reason, waiting.names, waiting.explanation, texts("en"))
    assert "an amount of 1,000,000,000.00 EUR, above 1,000,000.00 EUR, and 1,000,000,000 pieces, above 100,000" in said
    await release(ingest)
    assert len(await ingest.rows("orders_current")) == 1
    assert len(ingest.quarantined()) == 1


@pytest.mark.rule("SHOP-30")
@pytest.mark.parametrize(
    ("topic", "body", "field"),
    [
        ("orders/create", order_body(lines=[line_body(quantity=-1)]), "line_items.0.quantity"),
        ("orders/create", order_body(lines=[line_body(current_quantity=-1)]), "line_items.0.current_quantity"),
        ("refunds/create", refund_body(lines=[refund_line_body(quantity=-1)]), "refund_line_items.0.quantity"),
        ("orders/edited", edit_body("additions", -1), "order_edit.line_items.additions.0.delta"),
        ("orders/edited", edit_body("removals", -1), "order_edit.line_items.removals.0.delta"),
        ("inventory_levels/update", level_body(incoming=-1), "incoming"),
        (
            "inventory_levels/update",
            level_body(quantities=[{"name": "incoming", "quantity": -1}]),
            "quantities.0.quantity",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_fewer_pieces_than_none_are_refused_by_the_fields_name(
    ingest: Ingest, topic: str, body: dict[str, Any], field: str
) -> None:
    await ingest.deliver(body, topic)
    [waiting] = ingest.payloads(MessageQuarantined)
    assert (waiting.reason, waiting.names["field"]) == ("unreadable_field", field)


@pytest.mark.rule("SHOP-30")
async def test_stock_may_be_sold_before_it_is_there(ingest: Ingest) -> None:
    await ingest.deliver(level_body(available=-3), "inventory_levels/update")
    [row] = await ingest.rows("inventory_levels_current")
    assert row["available"] == -3
