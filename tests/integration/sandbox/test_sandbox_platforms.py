"""The world told over HTTP: our own readers read every body, and its sums are the world's."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar

import httpx
import pytest

from ingest_ads.bootstrap import ad_platforms
from ingest_ads.ports import AdsPlatform, Connection
from ingest_ads.settings import Settings as AdsSettings
from pulsepoint.brand.vocabulary import Platform
from pulsepoint.errors import VendorError, VendorRefused
from pulsepoint.events.inventory import StockLevelRecorded
from pulsepoint.events.orders import OrderRecorded, RefundRecorded
from pulsepoint.events.products import ProductRecorded
from pulsepoint.metrics.revenue import refund_net
from sandbox.platforms.control import strike_from, strike_json
from sandbox.platforms.past import happened_at
from sandbox.records import Order, StockChange
from tests.builders.sandbox import DAYS, LAST_DAY, OPENED, TOKENS, Sandbox, sandbox, small_world

Payload = TypeVar("Payload")
CENT = 10_000
CONTROL = {"x-sandbox-token": TOKENS.control}


def days() -> Iterator[date]:
    return (LAST_DAY - timedelta(days=number) for number in range(DAYS))


async def test_every_body_of_the_past_is_read_and_sums_to_the_worlds_records() -> None:
    async with sandbox() as shop:
        for day in days():
            answer = await shop.http.post(f"/sandbox/days/{day}", headers=CONTROL)
            assert answer.status_code == 200, answer.text
        readings = shop.inbox.readings()
        orders = {payload.order_id: payload for _, payload in payloads(shop, OrderRecorded, "orders/create")}
        refunds = {payload.refund.refund_id: payload for _, payload in payloads(shop, RefundRecorded, "refunds/create")}
        lived = [shop.world.day(day) for day in days()]
        assert len(orders) == sum(len(d.orders) for d in lived)
        assert sum(order.net_micros for order in orders.values()) == CENT * sum(
            order.net_cents for d in lived for order in d.orders
        )
        assert sum(order.total_micros for order in orders.values()) == CENT * sum(
            order.total_cents for d in lived for order in d.orders
        )
        included = {order_id: order.taxes_included for order_id, order in orders.items()}
        assert refunds and sum(
            refund_net(payload.refund, taxes_included=included[payload.order_id]) for payload in refunds.values()
        ) == CENT * sum(refund.net_cents for d in lived for refund in d.refunds)
        assert Counter(topic for topic, _ in readings)["orders/updated"] > 0
        assert not shop.platforms.shop.sender.refused
        assert shop.platforms.shop.sender.repeated > 0, "deliveries come twice now and then"


async def test_the_catalogue_tells_every_product_and_the_stock_of_the_moment() -> None:
    async with sandbox() as shop:
        await shop.http.post("/sandbox/catalog", headers=CONTROL)
        recorded = [reading.payload for _, reading in shop.inbox.readings()]
        products = {payload.product_id: payload for payload in recorded if isinstance(payload, ProductRecorded)}
        levels = {
            (payload.inventory_item_id, payload.location_id): payload.available
            for payload in recorded
            if isinstance(payload, StockLevelRecorded)
        }
        assert set(products) == {str(product.product_id) for product in shop.world.catalog()}
        expected: dict[tuple[str, str], int] = {}
        for day in reversed(list(days())):
            for change in shop.world.day(day).stock_changes:
                expected[str(change.inventory_item_id), str(change.location_id)] = change.available
        start = datetime(2026, 3, 9, 23, tzinfo=UTC)
        for item in shop.world.live(start):
            if happened_at(item) > OPENED:
                break
            if isinstance(item, StockChange):
                expected[str(item.inventory_item_id), str(item.location_id)] = item.available
        assert levels == expected
        stock = sum(variant.available or 0 for payload in products.values() for variant in payload.variants)
        assert stock == sum(expected.values())


async def test_a_wrong_secret_signs_nothing_that_is_taken() -> None:
    async with sandbox(secret="another-secret-another-secret-another") as shop:
        await shop.http.post(f"/sandbox/days/{LAST_DAY}", headers=CONTROL)
        assert shop.inbox.messages == []
        assert any(refusal.endswith("401") for refusal in shop.platforms.shop.sender.refused)


async def test_ad_adapters_read_each_face_and_its_sums_are_the_worlds() -> None:
    async with sandbox() as shop:
        platforms = adapters(shop)
        start, end = LAST_DAY - timedelta(days=29), LAST_DAY
        for platform in advertised(shop):
            account_id = next(
                campaign.account_id for campaign in shop.world.campaigns() if campaign.platform == platform
            )
            account = await platforms[platform].account(Connection(account_id, TOKENS.ads[platform]))
            assert (account.facts.currency, account.facts.timezone) == ("EUR", "Europe/Berlin")
            rows = (await platforms[platform].campaign_days(account, start, end)).rows
            totals = await platforms[platform].account_days(account, start, end)
            expected = [
                row
                for number in range(30)
                for row in shop.world.ad_days(start + timedelta(days=number), OPENED)
                if row.platform == platform
            ]
            assert sum(row.spend_micros for row in rows) == CENT * sum(row.spend_cents for row in expected) > 0
            assert sum(totals.values()) == sum(row.spend_micros for row in rows)
            assert sum(row.clicks or 0 for row in rows) == sum(row.clicks for row in expected)
            claimed = sum(row.claimed_conversions_micros for row in expected)
            assert sum(row.conversions_micros or 0 for row in rows) == claimed
            assert sum(row.conversion_value_micros or 0 for row in rows) == CENT * sum(
                row.claimed_value_cents for row in expected
            )


async def test_todays_spend_grows_with_the_business_clock_and_tomorrow_is_not_told() -> None:
    async with sandbox() as shop:
        meta = adapters(shop)[Platform.META]
        account_id = next(campaign.account_id for campaign in shop.world.campaigns() if campaign.platform == "meta")
        account = await meta.account(Connection(account_id, TOKENS.ads[Platform.META]))
        today = OPENED.date()
        before = await meta.account_days(account, today, today + timedelta(days=1))
        shop.wall.advance(minutes=3)
        after = await meta.account_days(account, today, today + timedelta(days=1))
        assert set(before) == set(after) == {today}
        assert after[today] > before[today]


async def test_a_wrong_token_opens_no_account() -> None:
    async with sandbox() as shop:
        platforms = adapters(shop)
        for platform in advertised(shop):
            account_id = next(
                campaign.account_id for campaign in shop.world.campaigns() if campaign.platform == platform
            )
            with pytest.raises(VendorRefused):
                await platforms[platform].account(Connection(account_id, "guessed"))


async def test_an_account_that_the_token_does_not_open_is_refused() -> None:
    async with sandbox() as shop:
        platforms = adapters(shop)
        for platform in advertised(shop):
            with pytest.raises(VendorRefused):
                await platforms[platform].account(Connection("1", TOKENS.ads[platform]))


META, TIKTOK = "/meta/v25.0/{}/insights?time_increment=1", "/tiktok/open_api/v1.3/report/integrated/get/?"
SPAN = '&time_range={"since":"2026-03-01","until":"2026-03-02"}'


@pytest.mark.parametrize(
    ("platform", "address", "status", "words"),
    [
        ("meta", META, 400, "(#100) Invalid parameter: time_range"),
        ("meta", META + "&time_range=[]", 400, "(#100) Invalid parameter: time_range"),
        ("meta", META + SPAN + "&limit=many", 400, "(#100) Invalid parameter: limit"),
        ("meta", META + SPAN + "&after=here", 400, "(#100) Invalid parameter: after"),
        ("tiktok", TIKTOK, 200, "advertiser_id: "),
        ("tiktok", TIKTOK + "advertiser_id={}&start_date=today", 200, "start_date: "),
        (
            "tiktok",
            TIKTOK
            + 'advertiser_id={}&start_date=2026-03-01&end_date=2026-03-01&data_level=AUCTION_CAMPAIGN&metrics=["x"]',
            200,
            "Invalid metric fields: ['x']",
        ),
    ],
)
async def test_a_parameter_that_cannot_be_read_is_told_by_name_as_the_platform_does(
    platform: Platform, address: str, status: int, words: str
) -> None:
    async with sandbox() as shop:
        account_id = next(campaign.account_id for campaign in shop.world.campaigns() if campaign.platform == platform)
        token = TOKENS.ads[platform]
        # Not str.format: the address has braces of its own.
        response = await shop.http.get(
            address.replace("{}", account_id), headers={"authorization": f"Bearer {token}", "access-token": token}
        )
        assert response.status_code == status
        assert words in response.text
        assert response.json().get("code", 40002) == 40002


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({}, "EXPECTED_FROM"),
        ({"query": "SELECT campaign.id"}, "EXPECTED_FROM"),
        ({"query": "SELECT campaign.id FROM campaign WHERE segments.date BETWEEN '2026-99-01' AND '1'"}, "BAD_VALUE"),
    ],
)
async def test_a_query_that_google_cannot_read_is_an_invalid_argument(body: dict[str, str], reason: str) -> None:
    async with sandbox() as shop:
        account_id = next(campaign.account_id for campaign in shop.world.campaigns() if campaign.platform == "google")
        response = await shop.http.post(
            f"/google/v25/customers/{account_id}/googleAds:searchStream",
            headers={"authorization": f"Bearer {TOKENS.ads[Platform.GOOGLE]}"},
            json=body,
        )
        assert response.status_code == 400
        [error] = response.json()
        assert error["error"]["status"] == "INVALID_ARGUMENT"
        assert error["error"]["details"][0]["errors"][0]["errorCode"] == {"queryError": reason}


async def test_ads_are_not_told_before_the_past_is_lived_through() -> None:
    async with sandbox() as shop:
        shop.platforms.shop._turns.ready.clear()
        meta = adapters(shop)[Platform.META]
        account_id = next(campaign.account_id for campaign in shop.world.campaigns() if campaign.platform == "meta")
        account = await meta.account(Connection(account_id, TOKENS.ads[Platform.META]))
        with pytest.raises(VendorError):
            await meta.campaign_days(account, LAST_DAY, LAST_DAY)


async def test_what_is_live_is_told_as_the_clock_passes_it_and_no_sooner() -> None:
    async with sandbox() as shop:
        await shop.http.post("/sandbox/live", headers=CONTROL)
        shop.wall.advance(hours=1)
        until = shop.clock.now()
        await wait_until_played(shop, until)
        delivered = {payload.order_id for _, payload in payloads(shop, OrderRecorded, "orders/create")}
        expected = set()
        for item in shop.world.live(OPENED):
            if happened_at(item) > until:
                break
            if isinstance(item, Order) and item.created_at > OPENED:
                expected.add(str(item.order_id))
        assert delivered == expected
        assert len(delivered) > 20


async def test_a_stock_out_is_told_as_a_level_of_nothing_and_happens_again_after_a_restart() -> None:
    async with sandbox() as shop:
        await shop.http.post("/sandbox/live", headers=CONTROL)
        shop.wall.advance(minutes=2)
        answer = await shop.http.post("/sandbox/strikes", headers=CONTROL, json={"trouble": "stock-out"})
        cause = answer.json()
        shop.wall.advance(minutes=30)
        await wait_until_played(shop, shop.clock.now())
        gone = levels_of(shop, cause["items"])
        assert {available for _, _, available in gone} >= {0}
        first = shop.platforms.shop
        kept = [strike_from(strike_json(strike)) for strike in first.strikes]
        stopped_at = first.played_until
        orders = set(first.past.orders)
    async with sandbox(played_until=stopped_at, strikes=kept) as again:
        assert set(again.platforms.shop.past.orders) == orders
        assert again.platforms.shop.past.levels == first.past.levels


async def test_nobody_steers_the_sandbox_without_its_token() -> None:
    async with sandbox() as shop:
        for method, path in (("GET", "/sandbox/state"), ("POST", "/sandbox/live"), ("POST", "/sandbox/strikes")):
            answer = await shop.http.request(method, path, headers={"x-sandbox-token": "guessed"})
            assert answer.status_code == 403
        assert (await shop.http.get("/sandbox/state", headers=CONTROL)).json()["live"] is False


async def test_graphql_pages_through_orders_by_cursor() -> None:
    async with sandbox(small_world(3)) as shop:
        query = (
            "query Orders($after: String) { shop { name currencyCode ianaTimezone } orders(first: 40, after: $after) {"
            " edges { cursor node { id name totalPriceSet { shopMoney { amount currencyCode } }"
            " lineItems(first: 5) { nodes { sku quantity } } } } pageInfo { hasNextPage endCursor } } }"
        )
        seen: list[str] = []
        after = None
        while True:
            answer = await shop.http.post(
                "/shopify/admin/api/2026-04/graphql.json",
                headers={"x-shopify-access-token": TOKENS.shopify},
                json={"query": query, "variables": {"after": after}},
            )
            data = answer.json()["data"]
            assert data["shop"] == {"name": "Fjell & Fjord", "currencyCode": "EUR", "ianaTimezone": "Europe/Berlin"}
            seen += [edge["node"]["id"] for edge in data["orders"]["edges"]]
            if not data["orders"]["pageInfo"]["hasNextPage"]:
                break
            after = data["orders"]["pageInfo"]["endCursor"]
        assert len(seen) == len(set(seen)) == len(shop.platforms.shop.past.orders) > 40


@pytest.mark.rule("STOCK-11")
async def test_graphql_tells_what_is_on_its_way_to_each_location() -> None:
    async with sandbox(small_world(3)) as shop:
        query = (
            "{ products(first: 250) { nodes { variants(first: 250) { nodes { inventoryItem { id "
            "inventoryLevels(first: 9) { nodes { location { id } "
            'quantities(names: ["available", "incoming"]) { name quantity } } } } } } } } }'
        )
        answer = await shop.http.post(
            "/shopify/admin/api/2026-04/graphql.json",
            headers={"x-shopify-access-token": TOKENS.shopify},
            json={"query": query},
        )
        counted = {}
        for product in answer.json()["data"]["products"]["nodes"]:
            for item in (variant["inventoryItem"] for variant in product["variants"]["nodes"]):
                for level in item["inventoryLevels"]["nodes"]:
                    ids = (int(each["id"].rpartition("/")[2]) for each in (item, level["location"]))
                    counted[tuple(ids)] = tuple(each["quantity"] for each in level["quantities"])
        levels = shop.platforms.shop.past.levels
        assert counted == {key: (level.available, level.incoming) for key, level in levels.items()}
        assert any(incoming for _, incoming in counted.values())


async def test_graphql_refuses_a_filter_rather_than_tell_too_much() -> None:
    async with sandbox(small_world(3)) as shop:
        answer = await shop.http.post(
            "/shopify/admin/api/2026-04/graphql.json",
            headers={"x-shopify-access-token": TOKENS.shopify},
            json={"query": '{ orders(first: 1, query: "updated_at:>2026-03-01") { nodes { id } } }'},
        )
        assert "data" not in answer.json()
        assert answer.json()["errors"] == [{"message": "Field 'orders' doesn't accept argument 'query'"}]


def payloads(shop: Sandbox, kind: type[Payload], topic: str) -> list[tuple[str, Payload]]:
    readings = [(sent_topic, reading.payload) for sent_topic, reading in shop.inbox.readings() if sent_topic == topic]
    assert all(isinstance(payload, kind) for _, payload in readings)
    return [(sent_topic, payload) for sent_topic, payload in readings if isinstance(payload, kind)]


async def wait_until_played(shop: Sandbox, timestamp: datetime) -> None:
    """Wait until the shop has told everything up to a moment."""
    async with asyncio.timeout(30):
        while shop.platforms.shop.played_until < timestamp:  # noqa: ASYNC110 - a condition of another task
            await asyncio.sleep(0.02)


def levels_of(shop: Sandbox, items: list[int]) -> list[tuple[str, str, int | None]]:
    ids = {str(item) for item in items}
    return [
        (level.inventory_item_id, level.location_id, level.available)
        for _, reading in shop.inbox.readings()
        if isinstance(level := reading.payload, StockLevelRecorded) and level.inventory_item_id in ids
    ]


def advertised(shop: Sandbox) -> list[Platform]:
    """The platforms that the shop of the world advertises on."""
    return list(dict.fromkeys(campaign.platform for campaign in shop.world.campaigns()))


def adapters(shop: Sandbox) -> dict[Platform, AdsPlatform]:
    addresses: dict[str, Any] = {f"ads_{platform}_base_url": f"http://sandbox/{platform}" for platform in Platform}
    return ad_platforms(AdsSettings(**addresses), httpx.AsyncClient(transport=httpx.ASGITransport(shop.platforms.app)))
