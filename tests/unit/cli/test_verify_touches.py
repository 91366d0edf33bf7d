"""Verification chooses the touch of each credit by a formula of its own, and holds credits to their own day."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import Any

import pytest

from gateway.verification.checks import CHECKS, run_check
from gateway.verification.queries import QUERIES
from ingest_shopify.facts import facts_of
from pulsepoint.adapters.duckdb.warehouse import DuckDBWarehouse, open_duckdb
from pulsepoint.brand.vocabulary import AttributionModel
from pulsepoint.events.envelope import Event
from pulsepoint.ports.document_store import FactRow
from pulsepoint.tenancy import TenantContext
from tests.builders.orders import CREATED_AT, SCOPE, evidence, order, order_event, timestamp
from tests.unit.attribution.harness import Harness

pytestmark = pytest.mark.slow

BRAND: TenantContext = SCOPE
PAID = "/?utm_source=facebook&utm_medium=paid_social&utm_campaign=spring"


@pytest.fixture
async def warehouse() -> AsyncIterator[DuckDBWarehouse]:
    async with open_duckdb() as opened:
        yield opened


def an_order(*visits: tuple[float, str]) -> Event:
    """An order after visits: days before it and the landing page."""
    moments = tuple(timestamp(CREATED_AT - timedelta(days=days), page) for days, page in visits)
    return order_event(order("o1", net=90, evidence=evidence(moments=moments)))


async def facts_after(event: Event) -> list[FactRow]:
    """The order's rows and its attribution's, as the services make them."""
    harness = Harness()
    await harness.handle(event)
    return [*facts_of(harness.reader(), event), *harness.ports.facts]


async def wrong(warehouse: DuckDBWarehouse, name: str, facts: Sequence[FactRow], **settings: Any) -> list[str]:
    """What one check finds in these facts."""
    await warehouse.append(facts)
    check = next(each for each in CHECKS if each.name == name)
    given = {"cancelled_orders": "return", "lookback_days": 30, "settled_before": CREATED_AT, **settings}
    return [each.detail for each in (await run_check(warehouse, BRAND, check, **given)).violations]


@pytest.mark.parametrize(
    "visits",
    [
        ((3, PAID), (1, "/")),
        ((1, "/"),),
        ((40, PAID), (2, "/")),
        ((40, PAID),),
        ((2, PAID), (2, "/?utm_source=newsletter&utm_medium=email"), (1, "/")),
        (),
    ],
    ids=["direct last", "direct alone", "outside the window", "nothing within", "two at once", "none"],
)
async def test_what_attribution_credits_is_what_the_second_formula_chooses(
    warehouse: DuckDBWarehouse, visits: tuple[tuple[float, str], ...]
) -> None:
    assert await wrong(warehouse, "chosen_touches", await facts_after(an_order(*visits))) == []


async def test_a_credit_of_another_touch_or_of_none_is_seen(warehouse: DuckDBWarehouse) -> None:
    facts = await facts_after(an_order((3, PAID), (1, "/")))
    for fact in facts:
        if fact.table == "credits" and fact.row["model"] == "last_touch":
            fact.row["touch_at"] = CREATED_AT - timedelta(days=3)
        elif fact.table == "credits":
            fact.row["campaign"] = "summer"
    assert await wrong(warehouse, "chosen_touches", facts) == [
        "o1 under last_non_direct: credited to no touch of the order",
        "o1 under last_touch: credited to no touch of the order",
    ]


async def test_a_shorter_window_chooses_others(warehouse: DuckDBWarehouse) -> None:
    facts = await facts_after(an_order((3, PAID), (1, "/")))
    assert await wrong(warehouse, "chosen_touches", facts, lookback_days=2) == [
        "o1 under last_non_direct: credited to another touch"
    ]


async def test_a_credit_booked_at_another_moment_is_seen(warehouse: DuckDBWarehouse) -> None:
    facts = await facts_after(an_order((3, PAID)))
    assert await wrong(warehouse, "entry_dates", facts) == []
    moved = [fact for fact in facts if fact.table == "orders"]
    for fact in moved:
        fact.row.update(fact_id="later", version=fact.row["version"] + 1)
        fact.row["processed_at"] += timedelta(days=31)
    assert len(await wrong(warehouse, "entry_dates", moved)) == len(AttributionModel)


def test_every_model_has_a_second_formula() -> None:
    for model in AttributionModel:
        assert f"WHEN '{model}' THEN" in QUERIES.get("chosen_touches").sql, model
