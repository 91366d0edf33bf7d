"""What the warehouse shows: credits add up to the view of sales entries that ingest's own facts make."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from attribution.domain.models import MODELS
from ingest_shopify.facts import facts_of
from pulsepoint.adapters.duckdb.warehouse import DuckDBWarehouse, open_duckdb
from pulsepoint.events.envelope import Event
from pulsepoint.ports.document_store import FactRow
from tests.builders.orders import (
    CREATED_AT,
    SCOPE,
    evidence,
    order_deleted_event,
    order_event,
    refund,
    refund_event,
)
from tests.builders.shopify import shop_configured
from tests.unit.attribution.harness import Harness

pytestmark = pytest.mark.slow

META = "/?utm_source=facebook&utm_medium=cpc&utm_campaign=Spring"
LATER = CREATED_AT + timedelta(days=20)

# Tellings that contradict each other: whichever the warehouse believes, credits must believe too.
STORY = [
    order_event(order_id="1", evidence=evidence(META), version=10, refunds=(refund("11", amount=10),)),
    order_event(order_id="1", evidence=evidence(META), net=90, version=20, refunds=(refund("11", amount=12),)),
    order_event(order_id="1", evidence=evidence(META), net=95, version=20),
    refund_event(refund("11", amount=15, issued_at=LATER), "1", version=1),
    refund_event(refund("12", amount=7, tax_micros=1_000_000), "1"),
    order_event(order_id="2", taxes_included=True, cancelled_at=LATER, evidence=evidence("/"), version=10),
    refund_event(refund("21", amount=12, tax_micros=2_000_000, adjustment_micros=333_333), "2"),
    order_event(order_id="3", evidence=evidence(META), version=10),
    refund_event(refund("31", amount=5), "3"),
    order_deleted_event("3", version=11),
    refund_event(refund("41", amount=5), "4"),
    order_event(order_id="5", test=True, version=10),
    order_deleted_event("6", version=9),
    order_event(order_id="6", evidence=evidence("/?gclid=A"), version=10),
    # Enough pairs that neither the version nor the digest is guessed right by luck.
    *(refund_event(refund(f"7{n}", amount=3, issued_at=LATER), "7") for n in range(8)),
    *(refund_event(refund(f"7{n}", amount=4), "7") for n in range(8)),
    *(refund_event(refund(f"8{n}", amount=5), "8") for n in range(8)),
    *(refund_event(refund(f"8{n}", amount=6), "8") for n in range(8)),
]


def _ingested(harness: Harness, event: Event) -> list[FactRow]:
    return facts_of(harness.reader(), event)


async def _rows(warehouse: DuckDBWarehouse, sql: str) -> Sequence[dict[str, Any]]:
    return await warehouse.query(SCOPE, sql)


@pytest.mark.rule("ATTR-02")
@pytest.mark.parametrize("seed", range(4))
async def test_credits_of_every_model_add_up_to_every_sales_entry_the_warehouse_shows(seed: int) -> None:
    harness = Harness()
    deliveries = random.Random(seed).sample(STORY * 2, 2 * len(STORY))
    await harness.handle(shop_configured(SCOPE, cancelled_orders="return"), *deliveries)
    async with open_duckdb() as warehouse:
        await warehouse.append([row for event in deliveries for row in _ingested(harness, event)])
        await warehouse.append(harness.ports.facts)
        entries = await _rows(
            warehouse, "SELECT order_id, kind, entry_id, net_micros FROM sales_entries WHERE brand_id = @brand_id"
        )
        sums = await _rows(
            warehouse,
            "SELECT model, order_id, entry_kind, entry_id, SUM(credit_micros) AS net_micros FROM credits_current"
            " WHERE brand_id = @brand_id GROUP BY model, order_id, entry_kind, entry_id",
        )
    expected = {(row["order_id"], row["kind"], row["entry_id"]): int(row["net_micros"]) for row in entries}
    assert len(expected) == 8 + 16
    for model in MODELS:
        assert {
            (row["order_id"], row["entry_kind"], row["entry_id"]): int(row["net_micros"])
            for row in sums
            if row["model"] == model
        } == expected
