"""Verification chooses the touch of each credit by a formula of its own, and holds credits to their own day."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest

from attribution.domain.credits import Credit, credits_of
from attribution.domain.models import Model
from gateway.verification.checks import CHECKS, run_check
from gateway.verification.queries import QUERIES
from ingest_shopify.facts import facts_of
from pulsepoint.adapters.duckdb.warehouse import DuckDBWarehouse, open_duckdb
from pulsepoint.brand.settings import BrandChoices
from pulsepoint.brand.vocabulary import AttributionModel, CancelledOrders
from pulsepoint.events.attributions import Touch
from pulsepoint.events.envelope import Event
from pulsepoint.metrics.revenue import SoldOrder, sales_entries
from pulsepoint.ports.document_store import FactRow
from pulsepoint.tenancy import TenantContext
from tests.builders.orders import CREATED_AT, SCOPE, evidence, order, order_event, refund, timestamp
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
        ((9, PAID), (6, "/?utm_source=newsletter&utm_medium=email"), (4, PAID), (1, "/")),
        (),
    ],
    ids=["direct last", "direct alone", "outside the window", "nothing within", "two at once", "four", "none"],
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
        elif fact.table == "credits" and fact.row["model"] == "last_non_direct":
            fact.row["campaign"] = "summer"
    assert await wrong(warehouse, "chosen_touches", facts) == [
        "o1 under last_non_direct: credited to no touch of the order",
        "o1 under last_touch: credited to no touch of the order",
    ]


async def test_a_shorter_window_chooses_others(warehouse: DuckDBWarehouse) -> None:
    facts = await facts_after(an_order((3, PAID), (1, "/")))
    details = await wrong(warehouse, "chosen_touches", facts, lookback_days=2)
    assert "o1 under last_non_direct: credited to another touch" in details
    assert not any("last_touch" in detail for detail in details)


async def test_a_credit_booked_at_another_moment_is_seen(warehouse: DuckDBWarehouse) -> None:
    facts = await facts_after(an_order((3, PAID)))
    assert await wrong(warehouse, "entry_dates", facts) == []
    moved = [fact for fact in facts if fact.table == "orders"]
    for fact in moved:
        fact.row.update(fact_id="later", version=fact.row["version"] + 1)
        fact.row["processed_at"] += timedelta(days=31)
    assert len(await wrong(warehouse, "entry_dates", moved)) == len(AttributionModel)


def position_based(touches: Sequence[Touch], ordered_at: datetime, settings: BrandChoices) -> tuple[int, ...]:
    """Two fifths to the first touch and to the last, the rest to those between; a model that is not shipped."""
    between = len(touches) - 2
    if between < 1:
        return (1,) * len(touches)
    return (2 * between, *(1,) * between, 2 * between)


SHIPPED = "WHEN 'last_touch' THEN IF(place = touches, 1, 0)"
SECOND_FORMULA = "WHEN 'last_touch' THEN IF(touches > 2 AND place IN (1, touches), 2 * (touches - 2), 1)"


async def wrong_of_several(warehouse: DuckDBWarehouse, visits: int, weigh: Model) -> list[str]:
    """What the check finds in credits of `weigh`, where its second formula is that of position-based."""
    pages = ["/?utm_source=newsletter&utm_medium=email", PAID]
    facts = await facts_after(an_order(*((day, pages[day % 2]) for day in range(visits, 0, -1))))
    moments = [touch_of(each.row) for each in facts if each.table == "touches"]
    sold = SoldOrder("o1", CREATED_AT, 90_010_000, False, None, test=False, deleted=False)
    entries = sales_entries(sold, [refund("r1", amount=40)], cancelled_orders=CancelledOrders.RETURN)
    credits = credits_of(entries, moments, CREATED_AT, BrandChoices(), {AttributionModel.LAST_TOUCH: weigh})
    shipped = [each for each in facts if each.table == "credits"]
    await warehouse.append([each for each in facts if each.table != "credits"])
    await warehouse.append([credited(shipped[0], number, credit) for number, credit in enumerate(credits)])
    sql = QUERIES.get("chosen_touches").sql
    assert SHIPPED in sql
    rows = await warehouse.query(BRAND, sql.replace(SHIPPED, SECOND_FORMULA), {"lookback_days": 30})
    return [str(row["detail"]) for row in rows]


def touch_of(row: Mapping[str, Any]) -> Touch:
    """The touch that a row tells of."""
    return Touch.model_validate({name: row[name] for name in ("occurred_at", "channel", "paid", "campaign")})


def credited(like: FactRow, number: int, credit: Credit) -> FactRow:
    """The row of a credit, in the snapshot of another."""
    touch = credit.touch
    assert touch is not None
    columns = {
        "fact_id": f"credit-{number}",
        "model": credit.model,
        "entry_id": credit.entry.entry_id,
        "channel": str(credit.channel),
        "paid": touch.paid,
        "campaign": touch.campaign,
        "touch_at": touch.occurred_at,
        "credit_micros": credit.credit_micros,
    }
    return FactRow(BRAND, "credits", {**like.row, **columns})


@pytest.mark.parametrize("visits", [1, 2, 3, 5])
async def test_a_model_of_several_touches_can_be_said_a_second_time(warehouse: DuckDBWarehouse, visits: int) -> None:
    assert await wrong_of_several(warehouse, visits, position_based) == []


async def test_a_weight_that_moved_to_another_touch_is_seen(warehouse: DuckDBWarehouse) -> None:
    """20/40/40 instead of 40/20/40: the same touches, the same sums, another share."""

    def moved(touches: Sequence[Touch], ordered_at: datetime, settings: BrandChoices) -> tuple[int, ...]:
        return 1, 2, 2

    assert await wrong_of_several(warehouse, 3, moved) == [
        "o1 under last_touch: credited in other shares",
        "r1 under last_touch: credited in other shares",
    ]


async def test_a_touch_that_got_nothing_is_seen(warehouse: DuckDBWarehouse) -> None:
    def without_middle(touches: Sequence[Touch], ordered_at: datetime, settings: BrandChoices) -> tuple[int, ...]:
        return 1, 0, 1

    assert await wrong_of_several(warehouse, 3, without_middle) == [
        "o1 under last_touch: credited to another touch",
        "r1 under last_touch: credited to another touch",
    ]


def test_every_model_has_a_second_formula() -> None:
    for model in AttributionModel:
        assert f"WHEN '{model}' THEN" in QUERIES.get("chosen_touches").sql, model
