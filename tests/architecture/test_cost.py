"""The costs page says what the code does now, at the prices it names."""

from __future__ import annotations

import math
import shutil
from dataclasses import asdict

import pytest

from deploy.release import costs
from tests.builders.terraform import evaluate
from tests.load import operations

pytestmark = pytest.mark.slow


async def test_the_committed_counts_are_what_an_order_costs_now() -> None:
    committed, counted = costs.read_counts(), await operations.count()
    assert committed.keys() == counted.keys()
    for kind, counts in counted.items():
        assert counts.keys() == committed[kind].keys()
        for name, amount in counts.items():
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
    page = costs.PAGE.read_text(encoding="utf-8")
    shown = page.partition(costs.BEGIN)[2].partition(costs.END)[0]
    assert shown == costs.report(costs.read_counts()), "run python -m deploy.release.costs --write"


def test_every_price_names_its_page_and_is_used() -> None:
    source = (costs.ROOT / "deploy" / "release" / "costs.py").read_text(encoding="utf-8")
    for name, price in costs.PRICES.items():
        assert price.source.startswith("https://") and price.usd > 0
        assert f'usd("{name}"' in source or name.startswith("firestore_")


def test_costs_grow_with_orders_and_never_without() -> None:
    counts = costs.read_counts()
    sums = [sum(costs.month(counts, orders).values()) for orders in (0, *costs.VOLUMES)]
    assert sums == sorted(sums) and sums[0] > 100
    fixed = [costs.month(counts, orders)["Cloud SQL (with a standby)"] for orders in costs.VOLUMES]
    assert len(set(fixed)) == 1


def test_a_free_part_is_taken_off_once() -> None:
    assert costs.usd("scheduler", 3, free=3) == 0
    assert costs.usd("scheduler", 9, free=3) == pytest.approx(0.6)


def test_many_orders_share_an_assessment() -> None:
    most = costs.SECONDS / costs.PROD.assessment_seconds
    assert costs.ticks(1) == pytest.approx(costs.DELIVERIES_PER_ORDER, rel=0.01)
    assert costs.ticks(10_000_000) == pytest.approx(most)


def test_a_starter_costs_what_is_always_there_and_little_more() -> None:
    counts = costs.read_counts()
    starter, prod = (costs.month(counts, 1_000, sizes) for sizes in (costs.STARTER, costs.PROD))
    assert sum(starter.values()) < sum(prod.values()) / 3
    assert all(starter[name] <= prod[name] for name in starter.keys() & prod.keys())
    assert starter["Redis, with a replica"] == 0


@pytest.mark.skipif(shutil.which("terraform") is None, reason="terraform is not installed")
@pytest.mark.parametrize("sizes", costs.PROFILES, ids=lambda sizes: sizes.file)
def test_the_sizes_are_those_of_the_profile(sizes: costs.Sizes) -> None:
    requested = {
        "assessment_seconds": "var.assessment_seconds",
        "database_tier": "var.database_tier",
        "database_regional": "var.database_regional",
        "cache_tier": "var.cache_tier",
        "cpu_between_requests": "var.cpu_between_requests",
        "warm": "[for name, size in var.services : name if size.min_instances > 0]",
        "memory": "var.cache_memory_gb",
    }
    said = {**asdict(sizes), "warm": list(sizes.warm), "memory": 1}
    del said["file"]
    assert evaluate(requested, tfvars=sizes.file) == said
