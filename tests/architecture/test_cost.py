"""The costs page says what the code does now, at the prices it names."""

from __future__ import annotations

import math
import shutil

import pytest

from deploy import cost
from tests.builders.terraform import evaluate
from tests.load import operations


async def test_the_committed_counts_are_what_an_order_costs_now() -> None:
    committed, counted = cost.read_counts(), await operations.count()
    assert committed.keys() == counted.keys()
    for kind, told in counted.items():
        assert told.keys() == committed[kind].keys()
        for name, amount in told.items():
            # Bytes hold durations and ids of each run; operations do not.
            near = 0.05 if "bytes" in name else 1e-9
            assert math.isclose(amount, committed[kind][name], rel_tol=near), (
                f"{name} of a {kind}: {amount}, not {committed[kind][name]}; run python -m tests.load.operations"
            )


async def test_an_order_costs_no_more_when_there_are_more_orders() -> None:
    few, many = await operations.count(3), await operations.count(9)
    for name in ("document_reads", "document_writes", "pushes", "publish_requests", "fact_rows"):
        assert 0 < many["order"][name] <= few["order"][name]


def test_the_page_shows_what_the_script_computes() -> None:
    page = cost.PAGE.read_text(encoding="utf-8")
    shown = page.partition(cost.BEGIN)[2].partition(cost.END)[0]
    assert shown == cost.report(cost.read_counts()), "run python -m deploy.cost --write"


def test_every_price_names_its_page_and_is_used() -> None:
    source = (cost.ROOT / "deploy" / "cost.py").read_text(encoding="utf-8")
    for name, price in cost.PRICES.items():
        assert price.source.startswith("https://") and price.usd > 0
        assert f'usd("{name}"' in source or name.startswith("firestore_")


def test_costs_grow_with_orders_and_never_without() -> None:
    counts = cost.read_counts()
    sums = [sum(cost.month(counts, orders).values()) for orders in (0, *cost.VOLUMES)]
    assert sums == sorted(sums) and sums[0] > 100
    fixed = [cost.month(counts, orders)["Cloud SQL, with a standby"] for orders in cost.VOLUMES]
    assert len(set(fixed)) == 1


def test_a_free_part_is_taken_off_once() -> None:
    assert cost.usd("scheduler", 3, free=3) == 0
    assert cost.usd("scheduler", 9, free=3) == pytest.approx(0.6)


def test_many_orders_share_an_assessment() -> None:
    most = cost.SECONDS / cost.ASSESSMENT_SECONDS
    assert cost.ticks(1) == pytest.approx(cost.DELIVERIES_PER_ORDER, rel=0.01)
    assert cost.ticks(10_000_000) == pytest.approx(most)


@pytest.mark.skipif(shutil.which("terraform") is None, reason="terraform is not installed")
def test_the_sizes_are_those_of_production() -> None:
    told = evaluate(
        {
            "seconds": "var.assessment_seconds",
            "tier": "var.database_tier",
            "regional": "var.database_regional",
            "cache": "[var.cache_tier, var.cache_memory_gb]",
            "warm": "[for name, size in var.services : name if size.min_instances > 0]",
        }
    )
    assert told == {
        "seconds": cost.ASSESSMENT_SECONDS,
        "tier": "db-custom-2-7680",
        "regional": True,
        "cache": ["STANDARD_HA", 1],
        "warm": ["gateway", "ingest-shopify"],
    }
