"""A wrong clock decides no day: what is dated ahead, or before there were such orders, waits until a person lets it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from pulsepoint.brand.sentences.quarantine import quarantine_text
from pulsepoint.brand.texts import texts
from pulsepoint.events.observability import MessageQuarantined
from tests.builders.ingest import BRAND, Ingest, release
from tests.builders.shopify import RECEIVED_AT, level_body, line_body, order_body, product_body, refund_body

REASON = "date_out_of_bounds"
AHEAD = "2031-05-01T10:00:00Z"


async def days(ingest: Ingest) -> dict[str, str]:
    return {row["order_id"]: str(row["processed_at"].date()) for row in await ingest.rows("orders_current")}


@pytest.mark.rule("SHOP-31")
@pytest.mark.parametrize("origin", [{}, {"origin": "file"}], ids=["webhook", "file"])
@pytest.mark.parametrize(
    ("fields", "day"),
    [
        ({"created_at": AHEAD, "processed_at": AHEAD, "updated_at": AHEAD}, "2031-05-01"),
        ({"processed_at": AHEAD}, "2031-05-01"),
        ({"updated_at": AHEAD}, "2031-05-01"),
        ({"cancelled_at": AHEAD}, "2031-05-01"),
        ({"refunds": [refund_body(created_at=AHEAD, processed_at=AHEAD)]}, "2031-05-01"),
        ({"created_at": "1970-01-01T00:00:00Z"}, "1970-01-01"),
        ({"created_at": "2003-02-01T00:00:00Z"}, "2003-02-01"),
        ({"processed_at": "1970-01-01T00:00:00Z"}, "1970-01-01"),
    ],
)
async def test_an_order_of_an_impossible_date_waits_and_says_it(
    ingest: Ingest, origin: dict[str, str], fields: dict[str, Any], day: str
) -> None:
    await ingest.deliver(order_body(2), **origin)
    await ingest.deliver(order_body(1, **fields), **origin)
    assert await days(ingest) == {"2": "2026-03-10"}
    [waiting] = ingest.payloads(MessageQuarantined, BRAND)
    assert waiting.reason == REASON
    assert waiting.expires_at - waiting.held_at > timedelta(days=3000)
    said = quarantine_text(waiting.reason, waiting.names, waiting.explanation, texts("en"))
    assert said.startswith(f"#1017 is dated {day}, ") and said.endswith("it counts once an administrator lets it")

    await release(ingest)
    assert set(await days(ingest)) == {"1", "2"}


@pytest.mark.rule("SHOP-31")
async def test_a_clock_that_is_a_little_ahead_and_sales_of_an_earlier_shop_system_count(ingest: Ingest) -> None:
    soon = (RECEIVED_AT + timedelta(hours=23)).isoformat()
    await ingest.deliver(order_body(1, created_at=soon, processed_at=soon, updated_at=soon))
    await ingest.deliver(order_body(2, processed_at="1999-07-01T00:00:00Z"))
    assert ingest.quarantined() == []
    assert (await days(ingest))["2"] == "1999-07-01"


@pytest.mark.rule("SHOP-31")
async def test_the_clock_is_the_brands(ingest: Ingest) -> None:
    """A sandbox may run ahead of ours; where a brand's clock stands at the end of an old file, what has been counts."""
    await ingest.configure(version=2, clock_offset_seconds=int(timedelta(days=2000).total_seconds()))
    await ingest.deliver(order_body(1, created_at=AHEAD, processed_at=AHEAD, updated_at=AHEAD))
    await ingest.configure(version=3, clock_offset_seconds=-int(timedelta(days=2000).total_seconds()))
    await ingest.deliver(order_body(2))
    assert ingest.quarantined() == []
    await ingest.deliver(order_body(3, updated_at=AHEAD))
    assert ingest.quarantined() == [REASON]
    assert set(await days(ingest)) == {"1", "2"}


@pytest.mark.rule("SHOP-31")
async def test_later_tellings_of_a_released_order_need_nobody_unless_they_are_dated_later(ingest: Ingest) -> None:
    wrong: dict[str, Any] = {"created_at": AHEAD, "processed_at": AHEAD}
    await ingest.deliver(order_body(1, **wrong))
    await release(ingest)
    await ingest.deliver(order_body(1, **wrong, updated_at="2026-03-10T12:30:00Z"))
    assert ingest.quarantined() == [REASON]
    await ingest.deliver(order_body(1, **wrong, updated_at="2036-01-01T00:00:00Z"))
    assert ingest.quarantined() == [REASON] * 2


@pytest.mark.rule("SHOP-31")
async def test_a_released_refund_and_a_released_order_hold_no_later_snapshot_with_both(ingest: Ingest) -> None:
    refund = refund_body(created_at=AHEAD, processed_at=AHEAD)
    for body, topic in ((refund, "refunds/create"), (order_body(created_at="1999-01-01T00:00:00Z"), "orders/create")):
        await ingest.deliver(body, topic)
        await release(ingest)
    await ingest.deliver(order_body(refunds=[refund], updated_at="2026-03-10T12:30:00Z"), "orders/updated")
    assert ingest.quarantined() == [REASON] * 2


@pytest.mark.rule("SHOP-31")
async def test_who_lets_an_amount_count_has_not_seen_a_date(ingest: Ingest) -> None:
    lines = [line_body(price="1000000000000.00")]
    await ingest.deliver(order_body(1, lines=lines, processed_at=AHEAD))
    await release(ingest)
    assert ingest.quarantined() == ["amount_above_bound", REASON]
    assert await days(ingest) == {}
    await release(ingest)
    assert await days(ingest) == {"1": "2031-05-01"}


@pytest.mark.rule("SHOP-31")
@pytest.mark.parametrize(
    ("body", "topic"),
    [
        (refund_body(created_at=AHEAD, processed_at=AHEAD), "refunds/create"),
        (product_body(updated_at=AHEAD), "products/update"),
        (level_body(updated_at=AHEAD), "inventory_levels/update"),
        ({"order_edit": {"id": 1, "order_id": 2, "created_at": AHEAD, "line_items": {}}}, "orders/edited"),
    ],
)
async def test_nothing_else_of_a_later_year_outranks_what_comes(ingest: Ingest, body: object, topic: str) -> None:
    await ingest.deliver(body, topic)
    assert ingest.quarantined() == [REASON]
    tables = ("refunds_current", "products_current", "inventory_levels_current", "order_edits_current")
    assert [await ingest.rows(table) for table in tables] == [[]] * 4
    await release(ingest)
    assert ingest.quarantined() == [REASON]
    assert sum([len(await ingest.rows(table)) for table in tables]) == 1
