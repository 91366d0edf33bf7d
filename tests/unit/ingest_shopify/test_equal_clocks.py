"""Equal clocks: of tellings with one `updated_at` the right one is current, in whatever order they arrive."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any
from uuid import uuid4

import pytest

from file_import.webhooks import Webhook, first_delivery
from gateway.use_cases.uploads import as_delivered
from ingest_shopify import handlers
from ingest_shopify.handlers import EFFECTS, HANDLERS
from pulsepoint.adapters.memory.clock import FixedClock
from pulsepoint.events.envelope import Message
from pulsepoint.runtime.app import Runtime
from pulsepoint.tenancy import TenantContext
from tests.builders.runtime import deliver, running
from tests.builders.shopify import (
    RECEIVED_AT,
    SHOP,
    delivered_message,
    level_body,
    line_body,
    order_body,
    refund_body,
    shop_configured,
)

pytestmark = pytest.mark.slow

BRAND = TenantContext(uuid4(), uuid4())


def message(topic: str, body: object, triggered_at: str | None, received_at: datetime = RECEIVED_AT) -> Message:
    headers = {"shopify_triggered_at": triggered_at} if triggered_at else {}
    return delivered_message(body, topic, received_at=received_at, **headers)


@asynccontextmanager
async def ingesting(offset: timedelta = timedelta()) -> AsyncIterator[Runtime]:
    async with running("ingest-shopify", FixedClock(RECEIVED_AT), HANDLERS, EFFECTS) as runtime:
        configured = shop_configured(BRAND, SHOP, clock_offset_seconds=int(offset.total_seconds()))
        assert await deliver(runtime, "brands", configured) == 204
        yield runtime


async def current(runtime: Runtime, table: str) -> list[dict[str, Any]]:
    sql = f"SELECT * FROM {table}_current WHERE brand_id = @brand_id"
    rows: list[dict[str, Any]] = await runtime.ports.warehouse.query(BRAND, sql)
    return rows


async def shown(tellings: Callable[[int], list[Message]], table: str, column: str) -> set[Any]:
    """The current values of one column after each order of arrival; `tellings` are about the thing with an id."""
    arrivals = list(permutations(range(len(tellings(0)))))
    async with ingesting() as runtime:
        for id, arrival in enumerate(arrivals, start=1):
            for place in arrival:
                assert await deliver(runtime, "shopify-deliveries", tellings(id)[place]) == 204
        rows = await current(runtime, table)
    assert len(rows) == len(arrivals)
    return {row[column] for row in rows}


def order(id: int, price: str, **fields: Any) -> dict[str, Any]:
    return order_body(id, lines=[line_body(price=price)], **fields)


@pytest.mark.rule("SHOP-06")
async def test_of_bodies_of_one_second_the_latest_trigger_is_current() -> None:
    def tellings(id: int) -> list[Message]:
        return [
            message("orders/create", order(id, "70.00"), "2026-03-10T10:00:00.100Z"),
            message("orders/updated", order(id, "90.00"), "2026-03-10T10:00:00.900Z"),
            message("orders/updated", order(id, "60.00"), None),
        ]

    assert await shown(tellings, "order_lines", "gross_micros") == {90_000_000}


@pytest.mark.rule("SHOP-06")
async def test_a_stock_level_that_returns_within_a_second_is_what_was_told_last() -> None:
    def tellings(id: int) -> list[Message]:
        return [
            message(
                "inventory_levels/update",
                level_body(inventory_item_id=id, available=units),
                f"2026-03-10T10:00:00.{millis}Z",
            )
            for units, millis in ((2, 100), (1, 500), (2, 900))
        ]

    assert await shown(tellings, "inventory_levels", "available") == {2}


@pytest.mark.rule("SHOP-10")
async def test_of_two_tellings_of_a_refund_that_of_the_later_snapshot_is_current() -> None:
    def tellings(id: int) -> list[Message]:
        discrepancy = {"id": 6, "amount": "50.00", "kind": "refund_discrepancy"}
        settled = refund_body(id, order_id=id)
        pending = {**settled, "order_adjustments": [discrepancy]}
        at = RECEIVED_AT + timedelta(days=5)
        first, later = (f"2026-03-{day}T12:00:00Z" for day in (14, 15))
        return [
            message("refunds/create", pending, None, at),
            message("orders/updated", order(id, "50.00", refunds=[pending], updated_at=first), None, at),
            message("orders/updated", order(id, "50.00", refunds=[settled], updated_at=later), None, at),
        ]

    assert await shown(tellings, "refunds", "adjustment_micros") == {0}


@pytest.mark.rule("SHOP-10")
@pytest.mark.parametrize(
    ("kept", "trigger"), [("1.00", None), ("2.00", "2026-03-11T11:00:00.900Z"), ("3.00", None), ("4.00", None)]
)
async def test_a_refund_inside_an_order_outranks_the_same_refund_alone_of_the_same_second(
    kept: str, trigger: str | None
) -> None:
    def tellings(id: int) -> list[Message]:
        settled = refund_body(id, order_id=id)
        alone = {**settled, "order_adjustments": [{"id": 6, "amount": kept, "kind": "refund_discrepancy"}]}
        inside = order(id, "50.00", refunds=[settled], updated_at=settled["created_at"])
        return [message("refunds/create", alone, trigger), message("orders/updated", inside, None)]

    assert await shown(tellings, "refunds", "adjustment_micros") == {0}


@pytest.mark.rule("SHOP-06")
async def test_a_webhook_outranks_a_file() -> None:
    def tellings(id: int) -> list[Message]:
        webhook = Webhook("orders/updated", id, datetime(2026, 3, 10, 11, tzinfo=UTC), 0, order(id, "90.00"))
        uploaded = as_delivered(first_delivery(webhook, SHOP), SHOP, RECEIVED_AT, BRAND)
        assert uploaded.attributes["origin"] == "file"
        return [message("orders/create", order(id, "70.00"), None), uploaded]

    assert await shown(tellings, "orders", "gross_micros") == {70_000_000}


@pytest.mark.rule("SHOP-06")
async def test_a_trigger_in_the_future_counts_for_five_minutes_past_the_receipt() -> None:
    later = RECEIVED_AT + timedelta(minutes=6)

    def tellings(id: int) -> list[Message]:
        forged = message("orders/updated", order(id, "1.00"), "2036-01-01T00:00:00Z")
        return [forged, message("orders/updated", order(id, "90.00"), later.isoformat(), later)]

    assert await shown(tellings, "orders", "gross_micros") == {90_000_000}


async def test_the_receipt_is_on_the_brands_business_clock() -> None:
    async with ingesting(timedelta(days=30)) as runtime:
        for days, price in ((20, "90.00"), (10, "70.00")):
            triggered = (RECEIVED_AT + timedelta(days=days)).isoformat()
            await deliver(runtime, "shopify-deliveries", message("orders/updated", order(1, price), triggered))
        assert [row["gross_micros"] for row in await current(runtime, "orders")] == [90_000_000]


@pytest.mark.rule("SHOP-06")
async def test_a_corrected_reader_wins_over_what_it_read_before(monkeypatch: pytest.MonkeyPatch) -> None:
    body, corrected = order(1, "70.00"), order(1, "90.00")
    for versions in ((1, 2), (2, 1)):
        async with ingesting() as runtime:
            for version in versions:
                # The same delivery, of which another version of the reader makes something else.
                monkeypatch.setattr(handlers, "READER_VERSION", version)
                recorded = message("orders/create", corrected if version == 2 else body, "2026-03-10T10:00:00Z")
                assert await deliver(runtime, "shopify-deliveries", recorded) == 204
            assert [row["gross_micros"] for row in await current(runtime, "orders")] == [90_000_000]
