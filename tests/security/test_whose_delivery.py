"""Whose a delivery is: the token in the address says it; the shop header, which nobody signs, only where allowed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from hashlib import sha256
from typing import Any

import pytest

from ingest_shopify.handlers import EFFECTS, HANDLERS
from ingest_shopify.settings import Settings
from pulsepoint.adapters.memory.clock import FixedClock
from pulsepoint.events.brands import BrandConfigured
from pulsepoint.events.privacy import ShopErasureRequested, SubjectErased
from tests.builders.identity_store import RunningGateway, brand_body, identity_store_server, running_gateway
from tests.builders.ingest import BRAND, Ingest
from tests.builders.runtime import published, running
from tests.builders.shopify import RECEIVED_AT, SECRET, SHOP, order_body, privacy_body

TOKEN = "only-this-brand-was-told"
DIGEST = sha256(TOKEN.encode()).hexdigest()


@pytest.fixture
async def ingest() -> AsyncIterator[Ingest]:
    async with running("ingest-shopify", FixedClock(RECEIVED_AT), HANDLERS, EFFECTS) as runtime:
        service = Ingest(runtime)
        assert await service.configure(endpoint_digest=DIGEST) == 204
        yield service


@pytest.mark.rule("SHOP-21")
@pytest.mark.parametrize("headers", [{}, {"endpoint_token": "guessed"}, {"endpoint_token": DIGEST}])
async def test_in_the_cloud_naming_a_shop_is_not_enough(ingest: Ingest, headers: dict[str, str]) -> None:
    await ingest.deliver(order_body(), routing="token", **headers)
    assert ingest.quarantined() == ["endpoint_token"]
    assert await ingest.rows("orders_current") == []
    await ingest.deliver(order_body(), routing="token", endpoint_token=TOKEN)
    assert len(await ingest.rows("orders_current", BRAND)) == 1


@pytest.mark.rule("SHOP-21")
async def test_a_brand_without_an_address_gets_nothing_by_the_header_either(ingest: Ingest) -> None:
    await ingest.configure(version=2)
    await ingest.deliver(order_body(), routing="token")
    await ingest.deliver(order_body(), routing="token", endpoint_token=TOKEN)
    assert ingest.quarantined() == ["endpoint_token", "endpoint_token"]


async def test_on_one_machine_the_header_counts_and_a_wrong_token_does_not(ingest: Ingest) -> None:
    await ingest.deliver(order_body(1), routing="header")
    await ingest.deliver(order_body(2), routing="header", endpoint_token=TOKEN)
    await ingest.deliver(order_body(3), routing="header", endpoint_token="guessed")
    assert ingest.quarantined() == ["endpoint_token"]
    assert {row["order_id"] for row in await ingest.rows("orders_current")} == {"1", "2"}


async def test_privacy_topics_come_to_the_one_address_of_the_app(ingest: Ingest) -> None:
    await ingest.deliver(privacy_body(orders_to_redact=[1]), "customers/redact", routing="token")
    await ingest.deliver({"shop_id": 1, "shop_domain": SHOP}, "shop/redact", routing="token")
    assert ingest.quarantined() == []
    assert len(ingest.payloads(SubjectErased)) == len(ingest.payloads(ShopErasureRequested)) == 1


async def test_an_uploaded_file_needs_no_token(ingest: Ingest) -> None:
    await ingest.deliver(order_body(), origin="file")
    assert ingest.quarantined() == []


@pytest.mark.parametrize(
    ("profile", "said", "by_header"),
    [("embedded", None, True), ("cloud", None, False), ("cloud", True, True), ("embedded", False, False)],
)
def test_the_header_routes_on_one_machine_and_not_in_the_cloud(
    profile: str, said: bool | None, by_header: bool
) -> None:
    cloud = {"gcp_project_id": "p", "push_audience": "https://a", "push_service_account": "s"}
    values: dict[str, Any] = {**cloud, "profile": profile, "shopify_api_secret": SECRET, "shopify_header_routing": said}
    assert Settings(**values).routes_by_header is by_header


async def test_a_brand_is_made_with_an_address_that_only_those_who_configure_it_see() -> None:
    with identity_store_server() as dsn:
        async with running_gateway(dsn, public_url="https://pulsepoint.example/") as gateway:
            admin = await gateway.login()
            made = (await admin.post("/api/brands", json=brand_body())).json()
            path = f"/api/brands/{made['brand_id']}/webhook-address"
            address = (await admin.get(path)).json()["address"]
            assert address.startswith("https://pulsepoint.example/webhooks/shopify/")
            token = address.rpartition("/")[2]
            assert len(token) == 32
            assert published_digest(gateway) == sha256(token.encode()).hexdigest()

            people = (await admin.get("/api/brands")).text + (await admin.get("/api/audit")).text
            shown = (await admin.get(f"/api/brands/{made['brand_id']}/settings")).text
            assert token not in people + shown

            renewed = (await admin.post(path)).json()["address"]
            assert renewed != address
            assert (await admin.get(path)).json()["address"] == renewed
            assert published_digest(gateway) == sha256(renewed.rpartition("/")[2].encode()).hexdigest()
            await gateway.person("else@two.example", "admin")
            outsider = await gateway.login("else@two.example")
            assert (await outsider.get(path)).status_code == (await outsider.post(path)).status_code == 404


def published_digest(gateway: RunningGateway) -> str:
    """What the last snapshot of settings says of the address."""
    return str(published(gateway.runtime, BrandConfigured)[-1].payload.endpoint_digest)
