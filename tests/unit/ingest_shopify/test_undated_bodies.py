"""A body without a clock of its own, sent again: told once, whenever it comes and whichever of its headers is left."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from hashlib import sha256
from itertools import cycle
from typing import Any
from uuid import uuid4

import pytest

from pulsepoint.adapters.memory.clock import FixedClock
from pulsepoint.events.envelope import digest_of
from pulsepoint.events.observability import MessageQuarantined
from pulsepoint.tenancy import TenantContext
from tests.builders.ingest import BRAND, Ingest, running_ingest
from tests.builders.shopify import (
    RECEIVED_AT,
    SHOP,
    as_bytes,
    level_body,
    order_body,
    privacy_body,
    product_body,
)

UNDATED: dict[str, dict[str, Any]] = {
    "orders/create": order_body(updated_at=None),
    "orders/delete": {"id": 77},
    "products/update": product_body(updated_at=""),
    "products/delete": {"id": 78},
    "inventory_levels/update": level_body(updated_at=None),
    "inventory_levels/disconnect": {"inventory_item_id": 9001, "location_id": 601},
    "app/uninstalled": {"id": 1, "name": "Light Lane", "myshopify_domain": SHOP, "plan_name": "basic"},
    "customers/data_request": privacy_body(orders_requested=[1], data_request={"id": 1}),
    "customers/redact": privacy_body(orders_to_redact=[1]),
}
FIRST = {
    "shopify_webhook_id": "b54557e4",
    "shopify_event_id": "98880550",
    "shopify_triggered_at": "2026-03-10T11:00:04.123456Z",
}
OTHER = {
    "shopify_webhook_id": "c65668f5",
    "shopify_event_id": "09991661",
    "shopify_triggered_at": "2026-03-10T15:00:00.000000Z",
}
AFTERWARDS = [timedelta(hours=5), timedelta(days=40)]
"""While the bus would still know it, and long after."""


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(RECEIVED_AT)


@pytest.fixture
async def ingest(clock: FixedClock) -> AsyncIterator[Ingest]:
    async with running_ingest(clock) as service:
        yield service


def changes(ingest: Ingest) -> set[tuple[str, ...]]:
    """What was told of what, and when that was."""
    attributes = [message.attributes for message in ingest.runtime.ports.bus.published]
    names = ("ce-type", "ce-subject", "version")
    return {tuple(each[name] for name in names) for each in attributes if each["ce-type"] != MessageQuarantined.TYPE}


async def counted(ingest: Ingest, topic: str) -> int:
    """How often the body of a topic counts among those accepted."""
    document = await ingest.document("bodies", digest_of(as_bytes(UNDATED[topic])))
    assert document is not None
    return int(document.data.get("told", 1))


@pytest.mark.rule("SHOP-29")
@pytest.mark.slow
async def test_a_delivery_sent_again_later_changes_nothing(ingest: Ingest, clock: FixedClock) -> None:
    # One header is left of its first sending, the others are other ones, or none is there any more.
    left: dict[str, dict[str, str]] = {}
    for topic, kept in zip(UNDATED, cycle([*FIRST, None]), strict=False):
        assert await ingest.deliver(UNDATED[topic], topic, **FIRST) == 204
        left[topic] = {**OTHER, kept: FIRST[kept]} if kept else {}
    before = changes(ingest)
    assert len(before) == len(UNDATED)
    for after in AFTERWARDS:
        clock.advance(seconds=after.total_seconds())
        for topic, headers in left.items():
            assert await ingest.deliver(UNDATED[topic], topic, received_at=clock.now(), **headers) == 204
            assert await counted(ingest, topic) == 1
    assert changes(ingest) == before
    assert ingest.quarantined() == []


@pytest.mark.rule("SHOP-29")
async def test_a_delivery_that_names_nothing_is_told_once(ingest: Ingest, clock: FixedClock) -> None:
    topic = "inventory_levels/disconnect"
    for after in AFTERWARDS:
        await ingest.deliver(UNDATED[topic], topic, received_at=clock.now())
        clock.advance(seconds=after.total_seconds())
    await ingest.deliver(UNDATED[topic], topic, received_at=clock.now())
    assert len(changes(ingest)) == await counted(ingest, topic) == 1


@pytest.mark.rule("SHOP-29")
@pytest.mark.slow
async def test_the_same_thing_happening_again_is_told_again_and_counts_as_a_body(
    ingest: Ingest, clock: FixedClock
) -> None:
    for headers in (FIRST, OTHER, FIRST):
        for topic, body in UNDATED.items():
            await ingest.deliver(body, topic, received_at=clock.now(), **headers)
        clock.advance(days=40)
    assert len(changes(ingest)) == 2 * len(UNDATED)
    assert {await counted(ingest, topic) for topic in UNDATED} == {2}


@pytest.mark.rule("SHOP-29")
async def test_what_an_earlier_release_remembers_of_a_body_counts_beside_what_it_tells_now(ingest: Ingest) -> None:
    topic = "orders/delete"
    await ingest.put("bodies", digest_of(as_bytes(UNDATED[topic])), {"shop": SHOP, "family": "order_deletion"})
    await ingest.deliver(UNDATED[topic], topic, **FIRST)
    assert await counted(ingest, topic) == 2


@pytest.mark.rule("SHOP-29")
async def test_a_body_told_very_often_is_remembered_by_its_newest_tellings(ingest: Ingest) -> None:
    topic, received = "products/delete", RECEIVED_AT.isoformat()
    tellings = [{"ids": [f"shopify-webhook-id={n}"], "triggered": None, "received": received} for n in range(100)]
    stored = {"shop": SHOP, "family": "product_deletion", "told": 100, "tellings": tellings}
    await ingest.put("bodies", digest_of(as_bytes(UNDATED[topic])), stored)
    await ingest.deliver(UNDATED[topic], topic, shopify_webhook_id="x" * 5_000)
    document = await ingest.document("bodies", digest_of(as_bytes(UNDATED[topic])))
    assert document is not None
    assert document.data["told"] == 101
    assert document.data["tellings"][:-1] == tellings[1:]
    assert len(document.data["tellings"][-1]["ids"][0]) < 300


@pytest.mark.rule("SHOP-29")
async def test_a_body_with_a_clock_is_told_by_it_alone(ingest: Ingest) -> None:
    for headers in (FIRST, OTHER):
        await ingest.deliver(order_body(), **headers)
    assert len(changes(ingest)) == 1
    document = await ingest.document("bodies", digest_of(as_bytes(order_body())))
    assert document is not None
    assert set(document.data) == {"shop", "family"}


@pytest.mark.rule("SHOP-29")
async def test_a_body_that_two_shops_prove_theirs_counts_for_both(ingest: Ingest) -> None:
    topic, other = "inventory_levels/disconnect", "harbor-mugs.myshopify.com"
    tokens = {SHOP: "of-light-lane", other: "of-harbor-mugs"}
    for version, (shop, token) in enumerate(tokens.items(), start=2):
        scope = BRAND if shop == SHOP else TenantContext(uuid4(), uuid4())
        await ingest.configure(scope, shop, version=version, endpoint_digest=sha256(token.encode()).hexdigest())
    for shop, token in tokens.items():
        for _ in range(2):
            await ingest.deliver(UNDATED[topic], topic, shop, endpoint_token=token)
    document = await ingest.document("bodies", digest_of(as_bytes(UNDATED[topic])))
    assert document is not None
    assert (document.data["shop"], document.data["also"]) == (SHOP, [other])
    assert ingest.quarantined() == []
