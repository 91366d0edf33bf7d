"""New customers go by what the shop says of an order's place among its customer's orders, in any order of arrival."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest

from ingest_shopify.domain import read_delivery
from pulsepoint.adapters.duckdb.warehouse import DuckDBWarehouse, open_duckdb
from pulsepoint.brand.sentences import note_text
from pulsepoint.brand.texts import texts
from pulsepoint.events.orders import OrderRecorded
from tests.builders.metrics import measured, recomputed, under, values
from tests.builders.shopify import as_bytes, order_body
from tests.builders.warehouse import NOON, ad_fact, order_fact

pytestmark = [pytest.mark.rule("REV-11"), pytest.mark.slow]


@pytest.fixture
async def warehouse() -> AsyncIterator[DuckDBWarehouse]:
    async with open_duckdb() as opened:
        yield opened


def read(**fields: Any) -> OrderRecorded:
    """What is read of an order's body."""
    received = datetime(2026, 3, 10, 11, 0, 5, tzinfo=UTC)
    payload = read_delivery("orders/create", "2026-04", as_bytes(order_body(**fields)), shop="s", received_at=received)
    assert isinstance(payload.payload, OrderRecorded)
    return payload.payload


@pytest.mark.parametrize(
    ("fields", "index", "count"),
    [
        ({}, None, None),
        ({"customer": {"id": 1, "orders_count": 3}}, None, 3),
        ({"customer": {"id": 1, "ordersCount": "1"}}, None, 1),
        ({"customerJourneySummary": {"customerOrderIndex": 1}, "customer": {"id": 1, "orders_count": 9}}, 1, 9),
        ({"customer": {"numberOfOrders": "3"}}, None, 3),
        ({"customer_journey_summary": {"customer_order_index": 2}}, 2, None),
        ({"customerJourneySummary": {"customerOrderIndex": None}}, None, None),
        ({"customer": {"id": 1, "orders_count": "many"}, "customerJourneySummary": []}, None, None),
        ({"customer": {"id": 1, "orders_count": -4}}, None, None),
    ],
)
def test_the_place_is_read_where_it_is_said_and_never_refuses_an_order(
    fields: dict[str, Any], index: int | None, count: int | None
) -> None:
    order = read(**fields)
    assert (order.customer_order_index, order.customer_orders_count) == (index, count)


class Said:
    """A telling of one order: when it was told, and what it said of the customer's orders."""

    def __init__(self, order: str, version: int, *, count: int | None = None, index: int | None = None) -> None:
        self.order, self.version, self.count, self.index = order, version, count, index

    def fact(self, subject: str, placed: datetime) -> Any:
        return order_fact(
            self.order, self.version, subject=subject, processed_at=placed, customer_order_index=self.index,
            customer_orders_count=self.count, financial_status=f"v{self.version}",
        )  # fmt: skip


def new_by_hand(tellings: Sequence[Said]) -> set[str]:
    """The orders that are somebody's first, from what was told, in plain Python; every order is its own customer's."""
    news = set()
    for order in {each.order for each in tellings}:
        mine = sorted((each for each in tellings if each.order == order), key=lambda each: each.version)
        indexes = [each.index for each in mine if each.index is not None]
        counts = [each.count for each in mine if each.count is not None]
        place = indexes[-1] if indexes else counts[0] if counts else 1
        if place <= 1:
            news.add(order)
    return news


TELLINGS = [
    Said("new", 1, count=1), Said("new", 2, count=4), Said("new", 3),
    Said("old", 1, count=3), Said("old", 2, count=3),
    Said("said-late", 1), Said("said-late", 2, count=2, index=1),
    Said("silent", 1),
]  # fmt: skip


@pytest.mark.parametrize("seed", range(6))
async def test_the_order_of_arrival_changes_nothing(warehouse: DuckDBWarehouse, seed: int) -> None:
    ways = list(permutations(range(len(TELLINGS))))
    arrival = [TELLINGS[place] for place in ways[seed * 6_700 % len(ways)]]
    for each in [*arrival, *arrival[::3]]:
        await warehouse.append([each.fact(f"of-{each.order}", NOON)])
    measurement = await measured(warehouse, ["new_customers"])
    explained = await recomputed(warehouse, measurement.total.numbers["new_customers"].fact_id)
    assert {row["order_id"] for row in explained.behind[0].rows} == new_by_hand(TELLINGS) == {
        "new", "said-late", "silent",
    }  # fmt: skip
    assert measurement.total.values == {"new_customers": 3}
    assert (measurement.guessed_customers, measurement.partial) == (1, ("new_customers",))


async def test_a_returning_customer_is_not_new_because_we_see_them_first(warehouse: DuckDBWarehouse) -> None:
    """The first order that is known here is the shop's fifth of this customer; the second says nothing."""
    await warehouse.append([Said("o1", 1, count=5).fact("anna", NOON), Said("o2", 1).fact("anna", NOON)])
    measurement = await measured(warehouse, ["new_customers", "cac"])
    assert measurement.total.values == {"new_customers": 0, "cac": None}
    assert (measurement.partial, measurement.notes) == ((), ())


async def test_what_the_shop_says_outranks_the_first_order_that_is_known(warehouse: DuckDBWarehouse) -> None:
    before = NOON - timedelta(days=40)
    await warehouse.append([Said("o1", 1).fact("anna", before), Said("o2", 1, index=1).fact("anna", NOON)])
    assert await values(warehouse, "new_customers") == {"new_customers": 1}


async def test_a_cancelled_first_order_counts_for_none_where_the_brand_says_so(warehouse: DuckDBWarehouse) -> None:
    first = order_fact("o1", subject="anna", customer_orders_count=1, cancelled_at=NOON, processed_at=NOON)
    second = order_fact("o2", subject="anna", customer_orders_count=2, processed_at=NOON + timedelta(days=1))
    await warehouse.append([first, second])
    for policy, order in (("return", "o1"), ("keep", "o1"), ("exclude", "o2")):
        number = (await measured(warehouse, ["new_customers"], settings=under(cancelled_orders=policy))).total
        explained = await recomputed(warehouse, number.numbers["new_customers"].fact_id)
        assert [row["order_id"] for row in explained.behind[0].rows] == [order], policy


async def test_a_guess_is_told_beside_the_number_and_its_citation(warehouse: DuckDBWarehouse) -> None:
    await warehouse.append([Said("o1", 1).fact("anna", NOON), Said("o2", 1, count=1).fact("ben", NOON), ad_fact()])
    measurement = await measured(warehouse, ["cac", "new_customers", "orders"])
    assert measurement.partial == ("cac", "new_customers")
    (note,) = measurement.notes
    assert note_text(note, texts()).startswith("New customers are partly a guess: of 1 the shop did not say")
    for name, partial in (("new_customers", True), ("orders", False)):
        assert (await recomputed(warehouse, measurement.total.numbers[name].fact_id)).partial is partial
    whole = await measured(warehouse, ["orders", "net_revenue"])
    assert (whole.partial, whole.notes) == ((), ())
