"""Whoever names a shop keeps its real owner out of nothing, and gets nothing of it: a brand's own address decides."""

from __future__ import annotations

from collections.abc import AsyncIterator
from hashlib import sha256
from uuid import uuid4

import pytest

from file_import.webhooks import Delivery
from gateway.use_cases.uploads import as_delivered
from ingest_shopify.handlers import EFFECTS, HANDLERS
from pulsepoint.adapters.memory.clock import FixedClock
from pulsepoint.events.observability import MessageQuarantined
from pulsepoint.events.privacy import SubjectErased
from pulsepoint.tenancy import SYSTEM, TenantContext
from tests.builders.identity_store import brand_body, identity_store_server, running_gateway
from tests.builders.ingest import Ingest
from tests.builders.runtime import deliver, run_effects, running
from tests.builders.shopify import RECEIVED_AT, SHOP, as_bytes, order_body, privacy_body

SQUATTER, OWNER = TenantContext(uuid4(), uuid4()), TenantContext(uuid4(), uuid4())
TOKENS = {SQUATTER: "the-squatters-own-address", OWNER: "the-owners-own-address"}


@pytest.fixture
async def ingest() -> AsyncIterator[Ingest]:
    async with running("ingest-shopify", FixedClock(RECEIVED_AT), HANDLERS, EFFECTS) as runtime:
        yield Ingest(runtime)


async def names(ingest: Ingest, brand: TenantContext) -> None:
    assert await ingest.configure(brand, endpoint_digest=sha256(TOKENS[brand].encode()).hexdigest()) == 204


async def orders(ingest: Ingest, brand: TenantContext) -> set[str]:
    return {row["order_id"] for row in await ingest.rows("orders_current", brand)}


async def drained(ingest: Ingest) -> None:
    """Deliver what was replayed, as the bus would."""
    published = ingest.runtime.ports.bus.published
    before = len(published)
    await run_effects(ingest.runtime)
    for message in [each for each in published[before:] if each.topic == "shopify-deliveries"]:
        assert await deliver(ingest.runtime, "shopify-deliveries", message) == 204


@pytest.mark.rule("SHOP-27")
@pytest.mark.parametrize("routing", ["token", "header"])
async def test_who_names_a_shop_first_does_not_block_its_owner(ingest: Ingest, routing: str) -> None:
    await names(ingest, SQUATTER)
    await names(ingest, OWNER)
    await ingest.deliver(order_body(1), routing=routing, endpoint_token=TOKENS[OWNER])
    await ingest.deliver(order_body(2), routing=routing, endpoint_token=TOKENS[OWNER])
    assert ingest.quarantined() == []
    assert (await orders(ingest, OWNER), await orders(ingest, SQUATTER)) == ({"1", "2"}, set())


@pytest.mark.rule("SHOP-27")
@pytest.mark.parametrize("order", [(SQUATTER, OWNER), (OWNER, SQUATTER)])
async def test_without_an_address_what_comes_for_a_shop_of_two_brands_waits_until_one_is_left(
    ingest: Ingest, order: tuple[TenantContext, TenantContext]
) -> None:
    for brand in order:
        await names(ingest, brand)
    await ingest.deliver(order_body(1), routing="header")
    # Any signed body: of a shop of their own, under the header of another's.
    await ingest.deliver(order_body(7), routing="header", endpoint_token=TOKENS[SQUATTER])
    await ingest.deliver(order_body(2), routing="header", endpoint_token=TOKENS[OWNER])
    await drained(ingest)
    await ingest.deliver(order_body(3), routing="header")
    assert set(ingest.quarantined()) == {"unknown_shop"}
    assert (await orders(ingest, OWNER), await orders(ingest, SQUATTER)) == ({"2"}, {"7"})
    ingest.runtime.ports.clock.advance(seconds=1)
    assert await ingest.configure(SQUATTER, version=2, shop="else.myshopify.com") == 204
    await drained(ingest)
    assert (await orders(ingest, OWNER), await orders(ingest, SQUATTER)) == ({"1", "2", "3"}, {"7"})


@pytest.mark.rule("SHOP-27")
async def test_a_shop_in_use_is_not_taken_by_naming_it_or_by_an_own_address(ingest: Ingest) -> None:
    await names(ingest, OWNER)
    await ingest.deliver(order_body(1), routing="header")
    await names(ingest, SQUATTER)
    # A body of a shop of their own, under the header of another's.
    await ingest.deliver(order_body(7), routing="header", endpoint_token=TOKENS[SQUATTER])
    await ingest.deliver(order_body(2), routing="header")
    await ingest.deliver(order_body(3), routing="header", endpoint_token=TOKENS[OWNER])
    assert ingest.quarantined() == []
    assert (await orders(ingest, OWNER), await orders(ingest, SQUATTER)) == ({"1", "2", "3"}, {"7"})


@pytest.mark.rule("SHOP-27")
async def test_an_address_is_of_its_own_shop_alone_and_ends_when_it_is_renewed(ingest: Ingest) -> None:
    await names(ingest, OWNER)
    await ingest.deliver(order_body(1), shop="else.myshopify.com", endpoint_token=TOKENS[OWNER])
    await ingest.configure(OWNER, version=2, endpoint_digest=sha256(b"another").hexdigest())
    await ingest.deliver(order_body(2), routing="token", endpoint_token=TOKENS[OWNER])
    await ingest.deliver(order_body(3), routing="token", endpoint_token="another")
    assert ingest.quarantined() == ["unknown_shop", "endpoint_token"]
    assert await orders(ingest, OWNER) == {"3"}


@pytest.mark.rule("SHOP-27")
async def test_a_file_is_of_the_brand_whose_people_uploaded_it(ingest: Ingest) -> None:
    await names(ingest, SQUATTER)
    await names(ingest, OWNER)
    for brand, order in ((OWNER, 1), (SQUATTER, 2)):
        file = Delivery("orders/create", as_bytes(order_body(order)), "w", "e", RECEIVED_AT.isoformat())
        message = as_delivered(file, SHOP, RECEIVED_AT, brand)
        assert await deliver(ingest.runtime, "shopify-deliveries", message) == 204
    assert (await orders(ingest, OWNER), await orders(ingest, SQUATTER)) == ({"1"}, {"2"})


@pytest.mark.rule("SHOP-27")
async def test_a_persons_erasure_reaches_every_brand_that_has_the_shops_deliveries(ingest: Ingest) -> None:
    for brand, order in ((SQUATTER, 1), (OWNER, 2)):
        await names(ingest, brand)
        await ingest.deliver(order_body(order), routing="token", endpoint_token=TOKENS[brand])
    await ingest.deliver(privacy_body(orders_to_redact=[2]), "customers/redact", routing="token")
    assert ingest.quarantined() == []
    assert [len(ingest.payloads(SubjectErased, brand)) for brand in (SQUATTER, OWNER)] == [1, 1]


@pytest.mark.rule("SEC-22")
async def test_what_is_held_of_a_brand_is_its_own_peoples_to_see(ingest: Ingest) -> None:
    await names(ingest, OWNER)
    await ingest.deliver(b"{", routing="token", endpoint_token=TOKENS[OWNER])
    await ingest.deliver(order_body(1), routing="token")
    await ingest.deliver(order_body(2), shop="nobodys.myshopify.com")
    of_owner = [each.reason for each in ingest.payloads(MessageQuarantined, OWNER)]
    of_nobody = [each.reason for each in ingest.payloads(MessageQuarantined, SYSTEM)]
    assert (len(of_owner), of_nobody) == (1, ["endpoint_token", "unknown_shop"])


@pytest.mark.rule("SHOP-27")
async def test_brands_of_two_tenants_may_name_one_shop() -> None:
    with identity_store_server() as dsn:
        async with running_gateway(dsn) as gateway:
            await gateway.person("owner@two.example", "admin")
            body = brand_body()
            async with await gateway.login() as first, await gateway.login("owner@two.example") as second:
                assert (await first.post("/api/brands", json=body)).status_code == 201
                assert (await second.post("/api/brands", json=body)).status_code == 201
                assert (await second.post("/api/brands", json=body)).status_code == 409
