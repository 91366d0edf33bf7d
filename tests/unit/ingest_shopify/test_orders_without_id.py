"""Orders of exports without Id and the live orders they are: the same figures in every order of arrival."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import permutations
from pathlib import Path
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest

from attribution.domain.orders import OrderState
from file_import.plan import open_plan
from file_import.webhooks import Webhook, first_delivery
from gateway.use_cases.uploads import as_delivered
from ingest_shopify.handlers import EFFECTS, HANDLERS
from pulsepoint.adapters.memory.clock import FixedClock
from pulsepoint.brand.settings import BrandChoices
from pulsepoint.brand.vocabulary import CancelledOrders
from pulsepoint.events.envelope import Message
from pulsepoint.events.orders import OrderDeleted, OrderRecorded, RefundRecorded
from pulsepoint.tenancy import TenantContext
from tests.builders.exports import head, write_export
from tests.builders.ingest import Ingest
from tests.builders.runtime import deliver, published, running
from tests.builders.shopify import (
    RECEIVED_AT,
    SHOP,
    as_bytes,
    delivered_message,
    line_body,
    order_body,
    privacy_body,
    refund_body,
    refund_line_body,
)

pytestmark = [pytest.mark.slow, pytest.mark.rule("SHOP-22", "SHOP-23")]
ARRIVED = RECEIVED_AT + timedelta(days=30)
WRITTEN = "2026-03-10 12:00:00 +0100"
FILE = {"Created at": WRITTEN, "Email": "ada@example.com", "Lineitem price": "50.00", "Subtotal": "50.00"}
LIVE = ("orders/create", order_body(name="#7"))
GIVEN_BACK = ("refunds/create", refund_body(lines=[refund_line_body(subtotal="20.00")]))
REFUNDED = {"Refunded Amount": "20.00", "Financial Status": "partially_refunded"}
CANCELLED = {"Refunded Amount": "50.00", "Financial Status": "refunded", "Cancelled at": "2026-03-12 12:00:00 +0100"}
EDITED = (
    "orders/updated",
    order_body(name="#7", updated_at="2026-03-11T15:00:00Z", lines=[line_body(1), line_body(2, price="30.00")]),
)
END: dict[str, Any] = {
    "updated_at": "2026-03-12T11:00:00Z",
    "cancelled_at": "2026-03-12T11:00:00Z",
    "financial_status": "voided",
}
CALLED_OFF = ("orders/cancelled", order_body(name="#7", **END))
Delivery = tuple[str, dict[str, Any]] | Webhook


def webhooks(path: Path, *rows: Mapping[str, str]) -> list[Webhook]:
    """The webhooks of an export of these rows, as an upload reads them."""
    named = [{**head("#7", "50.00"), **FILE, **row} for row in rows]
    with open_plan(write_export(path / "orders.csv", named), shop=SHOP, currency="EUR", zone=ZoneInfo("UTC")) as plan:
        return list(plan.webhooks())


@dataclass(frozen=True, slots=True)
class Arrived:
    """What a brand's rows and events say once its deliveries came."""

    net: dict[str, int]
    orders: list[dict[str, Any]]


class Shops:
    """A running service with a brand of its own for each order of arrival."""

    def __init__(self, service: Ingest) -> None:
        self.service = service
        self.number = 0

    async def after(self, deliveries: Sequence[Delivery]) -> Arrived:
        """What is known after these; asserts that attribution counts what the warehouse does."""
        self.number += 1
        scope, shop = TenantContext(uuid4(), uuid4()), f"s{self.number}.myshopify.com"
        await self.service.configure(scope, shop)
        for each in deliveries:
            # A body is one shop's: spaces at its end make it another's.
            message = message_of(each, shop, b" " * self.number)
            assert await deliver(self.service.runtime, "shopify-deliveries", message) == 204
        assert not self.service.quarantined()
        net: dict[str, int] = defaultdict(int)
        for row in await self.service.rows("sales_entries", scope):
            net[row["occurred_at"].date().isoformat()] += row["net_micros"]
        assert sum(net.values()) == credited(self.service, scope)
        orders = [row for row in await self.service.rows("orders_current", scope) if not row["deleted"]]
        return Arrived({day: micros // 1_000_000 for day, micros in net.items() if micros}, orders)


def message_of(delivery: Delivery, shop: str, ending: bytes) -> Message:
    """A delivery as the first subscriber gets it."""
    if isinstance(delivery, Webhook):
        first = first_delivery(delivery, SHOP)
        return as_delivered(replace(first, body=first.body + ending), shop, ARRIVED)
    topic, body = delivery
    return delivered_message(as_bytes(body) + ending, topic, shop, received_at=ARRIVED)


def credited(service: Ingest, scope: TenantContext) -> int:
    """What attribution counts of the events of a brand."""
    states: dict[str, OrderState] = defaultdict(OrderState)
    for recorded in published(service.runtime, OrderRecorded, scope):
        order_id = recorded.payload.order_id
        states[order_id] = states[order_id].with_order(recorded, BrandChoices())
    for refund in published(service.runtime, RefundRecorded, scope):
        states[refund.payload.order_id] = states[refund.payload.order_id].with_refund(refund)
    for deleted in published(service.runtime, OrderDeleted, scope):
        states[deleted.payload.order_id] = states[deleted.payload.order_id].with_deletion(deleted)
    entries = [state.entries(order_id, CancelledOrders.RETURN) for order_id, state in states.items()]
    return sum(entry.net_micros for each in entries for entry in each)


@pytest.fixture
async def shops() -> AsyncIterator[Shops]:
    async with running("ingest-shopify", FixedClock(RECEIVED_AT), HANDLERS, EFFECTS) as runtime:
        yield Shops(Ingest(runtime))


@pytest.mark.parametrize(
    ("live", "row", "net"),
    [
        ([LIVE], {}, {"2026-03-10": 50}),
        ([LIVE], REFUNDED, {"2026-03-10": 30}),
        ([LIVE, GIVEN_BACK], REFUNDED, {"2026-03-10": 50, "2026-03-11": -20}),
        ([LIVE, GIVEN_BACK], {}, {"2026-03-10": 50, "2026-03-11": -20}),
        ([LIVE], CANCELLED, {"2026-03-10": 50, "2026-03-12": -50}),
        ([LIVE, CALLED_OFF], CANCELLED, {"2026-03-10": 50, "2026-03-12": -50}),
        ([LIVE, EDITED], REFUNDED, {"2026-03-10": 60}),
        ([LIVE, GIVEN_BACK, EDITED], REFUNDED, {"2026-03-10": 80, "2026-03-11": -20}),
    ],
)
async def test_an_order_of_an_export_without_id_is_its_live_order_in_every_order_of_arrival(
    shops: Shops, tmp_path: Path, live: list[Delivery], row: dict[str, str], net: dict[str, int]
) -> None:
    deliveries: list[Delivery] = [*live, *webhooks(tmp_path, row)]
    arrivals = list(permutations(deliveries))
    for arrival in arrivals[:: max(len(arrivals) // 6, 1)]:
        assert (await shops.after(arrival)).net == net


async def test_two_exports_that_write_the_moment_differently_are_one_order_with_the_live_one(
    shops: Shops, tmp_path: Path
) -> None:
    files = [webhooks(tmp_path, REFUNDED)[:2], webhooks(tmp_path, REFUNDED | {"Created at": "2026-03-10 12:00"})[:2]]
    assert files[0][0].resource_id != files[1][0].resource_id
    deliveries: list[Delivery] = [LIVE, *files[0], *files[1]]
    for arrival in list(permutations(deliveries))[::17]:
        arrived = await shops.after(arrival)
        assert [order["order_id"] for order in arrived.orders] == [str(LIVE[1]["id"])]
        assert arrived.net == {"2026-03-10": 30}


async def test_orders_of_one_name_in_one_file_are_the_live_orders_of_their_seconds(
    shops: Shops, tmp_path: Path
) -> None:
    later = {"Created at": "2026-03-10 18:00:00 +0100", "Lineitem price": "30.00", "Subtotal": "30.00"}
    deliveries: list[Delivery] = [LIVE, *webhooks(tmp_path, {}, later)]
    for arrival in permutations(deliveries):
        arrived = await shops.after(arrival)
        assert (arrived.net, len(arrived.orders)) == ({"2026-03-10": 80}, 2)


async def test_an_order_that_was_known_when_the_file_was_read_is_found_without_its_webhook(
    shops: Shops, tmp_path: Path
) -> None:
    path = write_export(tmp_path / "orders.csv", [head("#7", "50.00") | FILE | REFUNDED])
    with open_plan(path, shop=SHOP, currency="EUR", zone=ZoneInfo("UTC")) as plan:
        assert plan.without_id is not None
        plan.match({"#7": [(4711, plan.without_id[0])]})
        arrived = await shops.after(list(plan.webhooks()))
    assert arrived.net == {"2026-03-10": 30}
    assert [order["order_id"] for order in arrived.orders] == ["4711"]


async def test_an_export_of_another_day_stays_an_order_of_its_own(shops: Shops, tmp_path: Path) -> None:
    deliveries: list[Delivery] = [LIVE, *webhooks(tmp_path, {"Created at": "2026-03-20 12:00:00 +0100"})]
    for arrival in permutations(deliveries):
        assert (await shops.after(arrival)).net == {"2026-03-10": 50, "2026-03-20": 50}


async def test_a_buyer_erased_in_between_does_not_come_back_with_the_live_order(shops: Shops, tmp_path: Path) -> None:
    shop = f"s{shops.number + 1}.myshopify.com"
    erased = ("customers/redact", privacy_body(shop, orders_to_redact=[LIVE[1]["id"]]))
    arrived = await shops.after([*webhooks(tmp_path, CANCELLED), erased, LIVE])
    assert [(order["order_id"], order["subject"]) for order in arrived.orders] == [(str(LIVE[1]["id"]), None)]
