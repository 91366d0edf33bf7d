"""A privacy request or a suspension in ingest-shopify, where several brands name a shop and orders lack ids."""

from __future__ import annotations

from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path
from uuid import uuid4
from zoneinfo import ZoneInfo

import orjson
import pytest

from file_import.plan import open_plan
from file_import.webhooks import first_delivery
from gateway.use_cases.uploads import as_delivered
from ingest_shopify.handlers import EFFECTS, HANDLERS
from pulsepoint.adapters.memory.clock import FixedClock
from pulsepoint.events.observability import MessageQuarantined
from pulsepoint.events.privacy import ShopErasureRequested, SubjectDataRequested, SubjectErased
from pulsepoint.runtime.quarantine import PAGE
from pulsepoint.tenancy import SYSTEM, TenantContext
from tests.builders.exports import head, write_export
from tests.builders.ingest import BRAND, Ingest
from tests.builders.runtime import deliver, run_effects, running
from tests.builders.shopify import RECEIVED_AT, SHOP, order_body, privacy_body

NAMER, OWNER = TenantContext(uuid4(), uuid4()), TenantContext(uuid4(), uuid4())
TOKENS = {NAMER: "the-address-of-who-names-it", OWNER: "the-owners-own-address"}
LEAVES = {"shop_id": 1, "shop_domain": SHOP}


@pytest.fixture
async def ingest() -> AsyncIterator[Ingest]:
    async with running("ingest-shopify", FixedClock(RECEIVED_AT), HANDLERS, EFFECTS) as runtime:
        yield Ingest(runtime)


async def names(ingest: Ingest, brand: TenantContext, version: int = 1) -> None:
    digest = sha256(TOKENS[brand].encode()).hexdigest()
    assert await ingest.configure(brand, endpoint_digest=digest, version=version) == 204


def forgotten(ingest: Ingest) -> list[TenantContext]:
    return [brand for brand in (NAMER, OWNER) if ingest.payloads(ShopErasureRequested, brand)]


@pytest.mark.rule("SEC-27")
async def test_a_shop_that_left_is_forgotten_of_the_brand_its_deliveries_came_for(ingest: Ingest) -> None:
    await names(ingest, OWNER)
    await ingest.deliver(order_body(1), routing="header")
    await names(ingest, NAMER)
    await ingest.deliver(LEAVES, "shop/redact", routing="token")
    assert (ingest.quarantined(), forgotten(ingest)) == ([], [OWNER])
    assert await ingest.document("shops", SHOP) is None
    assert await ingest.document("brands", str(OWNER.brand_id)) is None
    assert await ingest.document("brands", str(NAMER.brand_id)) is not None


@pytest.mark.rule("SEC-27")
async def test_where_several_name_a_shop_and_none_has_its_deliveries_nobody_is_forgotten(ingest: Ingest) -> None:
    await names(ingest, NAMER)
    await names(ingest, OWNER)
    await ingest.deliver(LEAVES, "shop/redact", routing="token")
    assert (ingest.quarantined(), forgotten(ingest)) == (["unknown_shop"], [])


@pytest.mark.rule("SEC-27")
async def test_over_a_brands_own_address_the_shop_leaves_that_brand_alone(ingest: Ingest) -> None:
    await names(ingest, OWNER)
    await ingest.deliver(order_body(1), routing="header")
    await names(ingest, NAMER)
    await ingest.deliver(order_body(7), routing="token", endpoint_token=TOKENS[NAMER])
    await ingest.deliver(LEAVES, "shop/redact", routing="token", endpoint_token=TOKENS[NAMER])
    assert forgotten(ingest) == [NAMER]
    await ingest.deliver(order_body(2), routing="header")
    assert {row["order_id"] for row in await ingest.rows("orders_current", OWNER)} == {"1", "2"}
    shop = await ingest.document("shops", SHOP)
    assert shop is not None
    assert shop.data["others"] == []


@pytest.mark.rule("SEC-27")
async def test_a_copy_of_the_request_forgets_no_shop_that_came_back(ingest: Ingest) -> None:
    await names(ingest, OWNER)
    await ingest.deliver(order_body(1), routing="header")
    for version, triggered_at in enumerate(("2026-03-10T11:00:04.123456Z", "2026-03-10T11:00:05.000000Z"), 2):
        headers = {"shopify_webhook_id": "b54557e4", "shopify_triggered_at": triggered_at}
        await ingest.deliver(LEAVES, "shop/redact", routing="token", **headers)
        assert len(forgotten(ingest)) == 1
        await names(ingest, OWNER, version)
        await ingest.deliver(order_body(version), routing="header")
        assert await ingest.document("brands", str(OWNER.brand_id)) is not None
    again = {"shopify_webhook_id": "c65668f5", "shopify_triggered_at": "2026-03-10T11:00:06.000000Z"}
    await ingest.deliver(LEAVES, "shop/redact", routing="token", **again)
    assert await ingest.document("brands", str(OWNER.brand_id)) is None


@pytest.mark.rule("SEC-26")
async def test_a_suspended_brands_deliveries_are_kept_and_privacy_requests_go_on(ingest: Ingest) -> None:
    assert await ingest.configure(suspended=True) == 204
    await ingest.deliver(order_body(1))
    await ingest.deliver(privacy_body(customer={"id": 5}, orders_to_redact=[9]), "customers/redact")
    assert [each.reason for each in ingest.payloads(MessageQuarantined, SYSTEM)] == ["tenant_suspended"]
    assert len(ingest.payloads(SubjectErased, BRAND)) == 1
    assert await ingest.rows("orders_current") == []
    assert await ingest.configure(version=2) == 204
    before = len(ingest.runtime.ports.bus.published)
    await run_effects(ingest.runtime)
    for message in ingest.runtime.ports.bus.published[before:]:
        if message.topic == "shopify-deliveries":
            assert await deliver(ingest.runtime, "shopify-deliveries", message) == 204
    assert [row["order_id"] for row in await ingest.rows("orders_current")] == ["1"]


@pytest.mark.rule("SEC-25")
async def test_what_was_told_of_an_order_without_an_id_says_nothing_of_its_erased_buyer(
    ingest: Ingest, tmp_path: Path
) -> None:
    await ingest.configure()
    order = {"Created at": "2026-03-10 12:00:00 +0100", "Email": "ada@example.com", "Lineitem price": "50.00"}
    made = write_export(tmp_path / "o.csv", [{**head("#7", "50.00"), **order, "Discount Code": "QUILL10"}])
    with open_plan(made, shop=SHOP, currency="EUR", zone=ZoneInfo("UTC")) as plan:
        for webhook in plan.webhooks():
            message = as_delivered(first_delivery(webhook, SHOP), SHOP, RECEIVED_AT)
            assert await deliver(ingest.runtime, "shopify-deliveries", message) == 204
    name = sha256(b"#7").hexdigest()
    kept = await ingest.document("order_names", name, BRAND)
    [row] = await ingest.rows("orders_current")
    assert kept is not None
    assert row["subject"].encode() in orjson.dumps(kept.data)
    await ingest.deliver(privacy_body(), "customers/redact")
    for _ in range(4):
        ingest.runtime.ports.clock.advance(seconds=60)
        await ingest.runtime.pipeline.mark_dispatched()
        await run_effects(ingest.runtime)
    kept = await ingest.document("order_names", name, BRAND)
    assert kept is not None
    assert b"QUILL10" not in orjson.dumps(kept.data)
    assert row["subject"].encode() not in orjson.dumps(kept.data)


@pytest.mark.parametrize(
    ("suspended", "reason"),
    [
        pytest.param(False, "unknown_shop", marks=pytest.mark.rule("SHOP-27")),
        pytest.param(True, "tenant_suspended", marks=pytest.mark.rule("SEC-26")),
    ],
)
async def test_what_goes_on_waiting_is_tried_once_and_not_for_ever(
    ingest: Ingest, suspended: bool, reason: str
) -> None:
    """More than a page of it, when settings of another brand that names the shop arrive."""
    await names(ingest, NAMER)
    if suspended:
        await ingest.deliver(order_body(99), routing="header")
        await ingest.configure(NAMER, suspended=True, version=2)
    await names(ingest, OWNER)
    for number in range(PAGE + 1):
        await ingest.deliver(order_body(number + 1), routing="header")
    assert set(ingest.quarantined()) == {reason}
    before = len(ingest.runtime.ports.bus.published)
    await names(ingest, OWNER, 2)
    tried = 0
    while await ingest.runtime.effects.start_due() and tried <= 2 * PAGE:
        await ingest.runtime.effects.finish()
        published = ingest.runtime.ports.bus.published[before:]
        before += len(published)
        for message in published:
            if message.topic == "shopify-deliveries":
                tried += 1
                assert await deliver(ingest.runtime, "shopify-deliveries", message) == 204
    assert tried == PAGE + 1


@pytest.mark.rule("SEC-29")
async def test_a_customer_named_by_an_order_alone_is_erased_with_all_their_orders(ingest: Ingest) -> None:
    await ingest.configure()
    for number in (1, 2):
        await ingest.deliver(order_body(number))
    [subject] = {row["subject"] for row in await ingest.rows("orders_current")}
    await ingest.deliver({"shop_domain": SHOP, "customer": {}, "orders_to_redact": [1]}, "customers/redact")
    for _ in range(4):
        ingest.runtime.ports.clock.advance(seconds=60)
        await ingest.runtime.pipeline.mark_dispatched()
        await run_effects(ingest.runtime)
    erased = ingest.payloads(SubjectErased, BRAND)
    assert [(each.subject, each.order_ids) for each in erased] == [(None, ("1",)), (subject, ("2",))]
    assert await ingest.document("subjects", subject, BRAND) is None
    await ingest.deliver(order_body(3))
    assert {row["order_id"]: row["subject"] for row in await ingest.rows("orders_current")}["3"] is None


@pytest.mark.rule("SEC-29")
async def test_a_request_for_data_asks_for_all_that_a_customer_bought_as_whoever_they_were(ingest: Ingest) -> None:
    await ingest.configure()
    await ingest.deliver(order_body(1, customer=None, email="ada@example.com"))
    await ingest.deliver(order_body(2, customer={"id": 5}, email=None))
    requested = {"shop_domain": SHOP, "customer": {"id": 5, "email": "ada@example.com"}, "orders_requested": []}
    await ingest.deliver(requested, "customers/data_request")
    subjects = {row["order_id"]: row["subject"] for row in await ingest.rows("orders_current")}
    [request] = ingest.payloads(SubjectDataRequested, BRAND)
    assert (request.subject, set(request.subjects)) == (subjects["2"], set(subjects.values()))
    assert len(request.subjects) == 2
