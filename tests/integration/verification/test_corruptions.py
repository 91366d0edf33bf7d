"""Twenty-four ways to corrupt a store, each noticed by verification; an untouched copy is clean."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio

from tests.builders.whole_store import WholeStore, whole_store

pytestmark = pytest.mark.slow

ROWS_OF_AN_ORDER = ("orders", "order_lines", "attributions", "touches", "credits")
FIRST_CREDIT = "SELECT min(fact_id) FROM credits WHERE credit_micros > 0 AND order_id = '902'"
"""Of an order told once: what a later version outranks counts in nothing, and checksums alone see it."""
WAYS: dict[str, tuple[str, ...]] = {
    "a credit moved to another channel": (
        f"UPDATE credits_keyed SET channel = 'email' WHERE fact_id = ({FIRST_CREDIT})",
    ),
    "a credit one higher": (
        f"UPDATE credits_keyed SET credit_micros = credit_micros + 1000000 WHERE fact_id = ({FIRST_CREDIT})",
    ),
    "one more and one less in two orders of a channel": (
        "UPDATE credits_keyed SET credit_micros = credit_micros + IF(order_id = '902', 1000000, -1000000)"
        " WHERE order_id IN ('902', '903') AND model = 'last_touch' AND entry_kind = 'sale'",
    ),
    "a refund deleted, head and lines": ("DELETE FROM refunds_keyed", "DELETE FROM refund_lines_keyed"),
    "an order ten higher, head only": (
        "UPDATE orders_keyed SET gross_micros = gross_micros + 10000000 WHERE order_id = '902'",
    ),
    "ten higher in head and a line": (
        "UPDATE orders_keyed SET gross_micros = gross_micros + 10000000 WHERE order_id = '902'",
        "UPDATE order_lines_keyed SET gross_micros = gross_micros + 10000000 WHERE order_id = '902' AND line_id = '1'",
    ),
    "ten higher in head, line, attribution and credits": (
        "UPDATE orders_keyed SET gross_micros = gross_micros + 10000000 WHERE order_id = '902'",
        "UPDATE order_lines_keyed SET gross_micros = gross_micros + 10000000 WHERE order_id = '902' AND line_id = '1'",
        "UPDATE attributions_keyed SET net_micros = net_micros + 10000000 WHERE order_id = '902'",
        "UPDATE credits_keyed SET credit_micros = credit_micros + 10000000 WHERE order_id = '902'",
    ),
    "an order deleted everywhere": tuple(
        f"DELETE FROM {table}_keyed WHERE order_id = '902'" for table in ROWS_OF_AN_ORDER
    ),
    "ad spend doubled on a day": (
        "UPDATE ad_performance_keyed SET spend_micros = 2 * spend_micros WHERE day = '2026-03-09'",
    ),
    "an ad-day deleted": ("DELETE FROM ad_performance_keyed WHERE day = '2026-03-09' AND campaign_id = 'c1'",),
    "all claimed values ten times": (
        "UPDATE ad_performance_keyed SET conversion_value_micros = 10 * conversion_value_micros",
    ),
    "an order's currency changed": ("UPDATE orders_keyed SET currency = 'USD' WHERE order_id = '902'",),
    "an order moved a month": (
        "UPDATE orders_keyed SET processed_at = processed_at + INTERVAL 1 MONTH,"
        " created_at = created_at + INTERVAL 1 MONTH WHERE order_id = '902'",
    ),
    "an order marked as a test": ("UPDATE orders_keyed SET test = true WHERE order_id = '902'",),
    "a touch deleted": ("DELETE FROM touches_keyed WHERE order_id = '902' AND channel = 'google'",),
    "a touch's channel changed": (
        "UPDATE touches_keyed SET channel = 'email' WHERE order_id = '902' AND channel = 'google'",
    ),
    "a refund dated a month later": ("UPDATE refunds_keyed SET issued_at = issued_at + INTERVAL 1 MONTH",),
    "three times the velocity": ("UPDATE stock_statuses_keyed SET velocity_micros = 3 * velocity_micros",),
    "a hundred more in stock": ("UPDATE inventory_levels_keyed SET available = available + 100",),
    "all quantities doubled": ("UPDATE order_lines_keyed SET quantity = 2 * quantity",),
    "ten times the amount of a recommendation": (
        "UPDATE ai_insights_keyed SET recommended_change_micros = 10 * recommended_change_micros",
    ),
    "alerts removed": ("DELETE FROM alerts_keyed",),
    "a stale pointer to an older snapshot": (
        "UPDATE attributions_newest SET version = before.version, digest = before.digest, snapshot = before.snapshot"
        " FROM attributions_keyed AS before WHERE before.order_id = '901' AND before.version = 1"
        " AND attributions_newest.entity_key = (SELECT md5_number(concat_ws('|', before.brand_id, before.entity)))",
    ),
    "an order's credits missing under one model": (
        "DELETE FROM credits_keyed WHERE order_id = '902' AND model = 'last_touch'",
    ),
}


BY_CHECKSUMS_ALONE = {
    "ten higher in head, line, attribution and credits",
    "an order deleted everywhere",
    "ad spend doubled on a day",
    "an ad-day deleted",
    "all claimed values ten times",
    "three times the velocity",
    "a hundred more in stock",
    "all quantities doubled",
    "ten times the amount of a recommendation",
    "alerts removed",
}
"""Rows that agree with each other, or that nothing else repeats: not noticed where no checksums are kept."""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def store(postgres_pool: asyncpg.Pool, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[WholeStore]:
    async with whole_store(postgres_pool, tmp_path_factory.mktemp("whole") / "warehouse.duckdb") as made:
        yield made


async def test_an_untouched_copy_is_clean(store: WholeStore, tmp_path: Path) -> None:
    assert await store.corrupted(tmp_path / "copy.duckdb").noticed_by() == set()


def test_every_way_of_the_list_is_tried() -> None:
    assert len(WAYS) == 24


@pytest.mark.parametrize("way", WAYS)
async def test_a_corruption_is_noticed(way: str, store: WholeStore, tmp_path: Path) -> None:
    copy = store.corrupted(tmp_path / "copy.duckdb", *WAYS[way])
    noticed = await copy.noticed_by()
    assert noticed
    assert bool(noticed - {"recorded"}) == (way not in BY_CHECKSUMS_ALONE)
