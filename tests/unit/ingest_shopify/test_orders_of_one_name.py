"""Two orders of one name in exports without Id: what can be told apart is two, what cannot is one and is said."""

from __future__ import annotations

from collections.abc import AsyncIterator
from itertools import permutations
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from file_import.plan import open_plan
from file_import.tally import Tally
from file_import.webhooks import Webhook
from ingest_shopify.handlers import EFFECTS, HANDLERS
from pulsepoint.adapters.memory.clock import FixedClock
from pulsepoint.brand.sentences import note_text
from pulsepoint.brand.texts import texts
from pulsepoint.brand.vocabulary import NoteKind
from tests.builders.exports import head, write_export
from tests.builders.ingest import Ingest
from tests.builders.runtime import running
from tests.builders.shopify import RECEIVED_AT, SHOP, order_body
from tests.unit.ingest_shopify.test_orders_without_id import LIVE, REFUNDED, Delivery, Shops, webhooks

pytestmark = pytest.mark.slow
OTHER = {"Lineitem price": "30.00", "Subtotal": "30.00", "Lineitem sku": "S8", "Lineitem name": "Item 8"}
BARE = {"Created at": "2026-03-10 12:00"}


@pytest.fixture
async def shops() -> AsyncIterator[Shops]:
    async with running("ingest-shopify", FixedClock(RECEIVED_AT), HANDLERS, EFFECTS) as runtime:
        yield Shops(Ingest(runtime))


@pytest.mark.rule("SHOP-32")
@pytest.mark.parametrize(
    ("first", "other"),
    [
        ({}, {"Created at": "2026-03-10 18:30:12 +0100"}),
        ({}, {"Created at": "2026-03-10 15:00:00 +0100"}),
        ({"Created at": "2026-03-10 12:00:07"}, {"Created at": "2026-03-10 18:30:12"}),
        (BARE, {"Created at": "2026-03-10 15:00", "Email": "bob@example.com"}),
        (BARE, OTHER | {"Created at": "2026-03-10 15:00"}),
        ({}, OTHER | {"Created at": "2026-03-10 15:00"}),
        ({"Email": ""}, OTHER | {"Created at": "2026-03-10 15:00", "Email": ""}),
    ],
    ids=["second", "zone", "second without zone", "buyer", "lines", "lines, one zone", "lines without buyer"],
)
async def test_two_orders_of_a_name_within_a_day_in_two_exports_are_two(
    shops: Shops, tmp_path: Path, first: dict[str, str], other: dict[str, str]
) -> None:
    files = [webhooks(tmp_path, first | REFUNDED)[:2], webhooks(tmp_path, other)[:1]]
    price = int(float(other.get("Subtotal", "50.00")))
    for arrival in permutations([*files[0], *files[1]]):
        arrived = await shops.after(list(arrival))
        assert (sum(arrived.net.values()), len(arrived.orders)) == (30 + price, 2)


@pytest.mark.rule("SHOP-32")
@pytest.mark.parametrize(
    "later",
    [
        REFUNDED,
        REFUNDED | BARE,
        REFUNDED | {"Created at": "2026-03-10T11:00:00Z"},
        REFUNDED | {"Created at": "3/10/2026 6:00"},
        REFUNDED | {"Email": "", "Created at": "2026-03-10 12:00"},
        {"Financial Status": "voided", "Cancelled at": "2026-03-12 12:00:00 +0100", "Refunded Amount": "20.00"},
    ],
)
async def test_the_same_order_exported_again_is_one_in_every_order_of_arrival(
    shops: Shops, tmp_path: Path, later: dict[str, str]
) -> None:
    deliveries: list[Delivery] = [*webhooks(tmp_path, {}), *webhooks(tmp_path, later)]
    arrivals = list(permutations(deliveries))
    for arrival in arrivals[:: max(len(arrivals) // 6, 1)]:
        assert len((await shops.after(list(arrival))).orders) == 1


@pytest.mark.rule("SHOP-32")
async def test_of_two_orders_of_a_name_the_live_one_is_that_of_its_second(shops: Shops, tmp_path: Path) -> None:
    other = webhooks(tmp_path, OTHER | {"Created at": "2026-03-10 15:00:00 +0100"})
    deliveries: list[Delivery] = [LIVE, *webhooks(tmp_path, {}), *other]
    for arrival in permutations(deliveries):
        arrived = await shops.after(list(arrival))
        assert (arrived.net, len(arrived.orders)) == ({"2026-03-10": 80}, 2)
        assert str(LIVE[1]["id"]) in {order["order_id"] for order in arrived.orders}


@pytest.mark.rule("SHOP-32")
async def test_a_writing_without_offset_is_the_order_it_is_most_like(shops: Shops, tmp_path: Path) -> None:
    """Two sure orders and a spreadsheet's copy of one: it joins that one, and does not make the two one."""
    sure = [*webhooks(tmp_path, {}), *webhooks(tmp_path, OTHER | {"Created at": "2026-03-10 15:00:00 +0100"})]
    copy = webhooks(tmp_path, OTHER | {"Created at": "2026-03-10 15:00"})
    for arrival in permutations([*sure, *copy]):
        arrived = await shops.after(list(arrival))
        assert (arrived.net, len(arrived.orders)) == ({"2026-03-10": 80}, 2)


def read(path: Path, row: dict[str, str], recorded: list[tuple[int, str]]) -> tuple[list[Webhook], Tally]:
    """The webhooks of an export of one order, read where orders of its name are recorded, and their tally."""
    tally = Tally()
    file = write_export(path / "orders.csv", [{**head("#7", "50.00"), **row}])
    with open_plan(file, shop=SHOP, currency="EUR", zone=ZoneInfo("UTC")) as plan:
        assert plan.without_id is not None
        day = plan.without_id[0]
        moments = [
            (number, day.replace(hour=int(at[:2]), minute=int(at[3:5]), second=int(at[6:]))) for number, at in recorded
        ]
        plan.match({"#7": moments})
        sent = list(plan.webhooks())
    for each in sent:
        tally.count(each)
    return sent, tally


@pytest.mark.rule("SHOP-32")
@pytest.mark.parametrize(
    ("recorded", "doubtful"),
    [
        ([], 0),
        ([(1, "12:00:00")], 0),
        ([(1, "11:00:00")], 1),
        ([(1, "11:00:44")], 1),
        ([(1, "11:07:00")], 0),
        ([(1, "11:00:00"), (2, "12:00:00")], 0),
    ],
)
def test_the_answer_of_an_import_counts_the_orders_that_may_be_others(
    tmp_path: Path, recorded: list[tuple[int, str]], doubtful: int
) -> None:
    _, tally = read(tmp_path, BARE | REFUNDED, recorded)
    notes = [note for note in tally.notes() if note.kind is NoteKind.DOUBTFUL_ORDERS]
    assert [note.figures["orders"].value for note in notes] == [doubtful] * bool(doubtful)
    for note in notes:
        assert note_text(note, texts("en")).startswith("1 order without Id has the name of an order that is known")


@pytest.mark.rule("SHOP-32")
def test_what_tells_orders_apart_names_no_buyer(tmp_path: Path) -> None:
    said = [each.body["pulsepoint"] for each in webhooks(tmp_path, REFUNDED)]
    marks = [each["without_id"]["marks"] for each in said if isinstance(each, dict)]
    assert len(marks) == 2 and marks[0] == marks[1]
    assert len(marks[0]["buyer"]) == 4 and order_body()["customer"]["email"] not in str(said)
