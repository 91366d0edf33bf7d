"""The dashboard in a real browser, against the gateway on embedded PostgreSQL and DuckDB."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from playwright.async_api import Browser, Page, Route, expect

from pulsepoint.events.envelope import new_event
from pulsepoint.tenancy import TenantContext
from tests.builders.browser import (
    CHROMIUM,
    axe_findings,
    build_page,
    chromium,
    fits_the_width,
    log_in,
    served,
    shoot,
    visit,
)
from tests.builders.identity_store import ADMIN, RunningGateway, brand_body, identity_store_server, running_gateway
from tests.builders.orders import order, version_at
from tests.builders.runtime import deliver
from tests.builders.storefront import order_facts, shop_facts

pytestmark = pytest.mark.browser
expect.set_options(timeout=20_000)
Site = tuple[str, RunningGateway]
EXPORT = (
    "Name,Email,Financial Status,Paid at,Currency,Subtotal,Shipping,Taxes,Total,Created at,"
    "Lineitem quantity,Lineitem name,Lineitem price,Lineitem sku\n"
    "#1001,a@shop.example,paid,2026-03-02 10:00:00 +0000,GBP,25.00,0.00,0.00,25.00,2026-03-02 10:00:00 +0000,"
    "1,Mug,25.00,MUG\n"
    "#1002,b@shop.example,paid,2026-03-03 10:00:00 +0000,GBP,40.00,0.00,0.00,40.00,2026-03-03 10:00:00 +0000,"
    "2,Cup,20.00,CUP\n"
    "#1003,c@shop.example,paid,,EUR,40.00,0.00,0.00,40.00,2026-03-03 10:00:00 +0000,2,Cup,20.00,CUP\n"
)


@pytest.fixture(scope="module")
async def site() -> AsyncIterator[Site]:
    """An address and the gateway behind it, without brands."""
    if CHROMIUM is None:
        pytest.skip("no Chromium is installed (apt-get install chromium)")
    build_page()
    with identity_store_server() as dsn:
        async with running_gateway(dsn, feed_poll_seconds=0.05) as gateway, served(gateway) as address:
            yield address, gateway


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    """Headless Chromium."""
    async with chromium() as opened:
        yield opened


async def a_shop(gateway: RunningGateway, name: str = "Northwind") -> tuple[str, TenantContext]:
    """An admin's address, and the scope of their brand with sixty days of facts until yesterday."""
    email, scope = await an_empty_shop(gateway, name)
    await gateway.ports.warehouse.append(shop_facts(scope, (datetime.now(UTC) - timedelta(days=1)).date()))
    return email, scope


async def an_empty_shop(gateway: RunningGateway, name: str = "Northwind") -> tuple[str, TenantContext]:
    email = f"{uuid4().hex[:12]}@page.example"
    tenant = await gateway.person(email, "admin")
    async with await gateway.login(email) as client:
        brand_id = (await client.post("/api/brands", json=brand_body(name=name))).json()["brand_id"]
    return email, TenantContext(tenant, UUID(brand_id))


async def tell_order(gateway: RunningGateway, scope: TenantContext, order_id: str, **fields: int) -> None:
    """Deliver an order placed now to the gateway, as the bus would."""
    now = datetime.now(UTC)
    body = order(order_id, name=f"#{order_id}", processed_at=now, currency="GBP", **fields)
    event = new_event(body, source="ingest-shopify", entity=order_id, version=version_at(now), scope=scope)
    assert await deliver(gateway.runtime, "orders", event) == 204


async def board(page: Page, email: str) -> None:
    """Log in and wait until the figures are there."""
    await log_in(page, email)
    await expect(page.get_by_role("heading", name="Revenue and ad spend by day")).to_be_visible()
    await expect(page.get_by_text("Live", exact=True)).to_be_visible()


async def test_a_wrong_password_is_told_and_the_right_one_lets_in(site: Site, browser: Browser) -> None:
    address, _ = site
    async with visit(browser, address, refused=1) as page:
        await page.get_by_label("E-mail").fill(ADMIN)
        await page.get_by_label("Password").fill("wrong")
        await page.get_by_role("button", name="Log in").click()
        await expect(page.get_by_role("alert")).to_contain_text("wrong")
        assert await axe_findings(page) == []
        await shoot(page, "login")
        await log_in(page)
        await expect(page.get_by_role("heading", name="Make your first brand")).to_be_visible()


async def test_without_a_brand_the_page_says_how_to_make_one_and_makes_it(site: Site, browser: Browser) -> None:
    address, gateway = site
    email = f"{uuid4().hex[:12]}@page.example"
    await gateway.person(email, "admin")
    async with visit(browser, address) as page:
        await log_in(page, email)
        await page.get_by_label("Name").fill("Northwind")
        await page.get_by_label("Shop").fill(f"page-{uuid4().hex[:8]}.myshopify.com")
        await page.get_by_label("Currency").fill("gbp")
        await page.get_by_label("Timezone").fill("Europe/London")
        assert await axe_findings(page) == []
        await page.get_by_role("button", name="Make the brand").click()
        await expect(page.get_by_role("heading", name="No orders yet")).to_be_visible()
        await expect(page.get_by_text(re.compile(r"/webhooks/shopify/\S{20,}"))).to_be_visible()
        assert await axe_findings(page) == []
        await shoot(page, "no-orders")


async def test_while_a_demo_opens_nobody_is_asked_for_a_brand_or_for_orders(site: Site, browser: Browser) -> None:
    address, gateway = site
    email = f"{uuid4().hex[:12]}@page.example"
    tenant = await gateway.person(email, "admin")
    opening: dict[str, Any] = {"state": "starting", "brand_id": None, "days_told": 0, "days": 0}
    gateway.app.api.state.demo = lambda: opening
    try:
        async with visit(browser, address) as page:
            await log_in(page, email)
            await expect(page.get_by_role("heading", name="The shop is opening")).to_be_visible()
            await expect(page.get_by_label("Name")).to_have_count(0)
            async with await gateway.login(email) as client:
                brand_id = (await client.post("/api/brands", json=brand_body(name="Fjell"))).json()["brand_id"]
            opening |= {"state": "filling", "brand_id": brand_id, "days_told": 11, "days": 731}
            await expect(page.get_by_role("heading", level=1)).to_have_text("Fjell")
            await expect(page.get_by_role("heading", name="The shop is opening")).to_be_visible()
            await expect(page.get_by_text("No orders yet")).to_have_count(0)
            yesterday = (datetime.now(UTC) - timedelta(days=1)).date()
            await gateway.ports.warehouse.append(shop_facts(TenantContext(tenant, UUID(brand_id)), yesterday))
            await page.reload()
            await expect(page.get_by_text("11 of 731 days so far")).to_be_visible()
            assert await axe_findings(page) == []
            opening["days_told"] = 61
            await page.reload()
            await expect(page.get_by_role("region", name="Key figures")).to_be_visible()
            await expect(page.get_by_text("of 731 days so far")).to_have_count(0)
            opening["oldest_day"] = str(yesterday - timedelta(days=45))
            await page.reload()
            await expect(
                page.get_by_text(f"What lies before {day_words(yesterday - timedelta(days=45))}")
            ).to_be_visible()
    finally:
        gateway.app.api.state.demo = lambda: None


def day_words(day: date) -> str:
    """A day as the page writes it."""
    return f"{day.day} {day:%b %Y}".replace("Sep", "Sept")


async def test_the_channels_add_up_to_all_orders_and_what_waits_is_told(site: Site, browser: Browser) -> None:
    address, gateway = site
    email, scope = await a_shop(gateway)
    async with await gateway.login(email) as client:
        path = f"/api/brands/{scope.brand_id}/dashboard"
        before = (await client.get(path)).json()["performance_snapshot"]
        at = datetime.now(UTC) - timedelta(days=2)
        waiting = order_facts(scope, "late", at, 77_000_000, "email", "GBP")[:1]
        await gateway.ports.warehouse.append(waiting)
    assert sum(each["orders"] for each in before["by_channel"].values()) == before["orders"]
    async with visit(browser, address, viewport={"width": 1280, "height": 900}) as page:
        await board(page, email)
        table = page.get_by_role("region", name="Table of channels")
        row = table.get_by_role("row", name="Not attributed yet")
        await expect(row).to_contain_text("£77.00")
        await expect(row.get_by_role("cell").nth(1)).to_have_text("1")
        await expect(table.get_by_role("row", name="All channels")).to_contain_text(f"{before['orders'] + 1}")


@pytest.mark.parametrize(("theme", "width"), [("light", 1440), ("dark", 1440), ("light", 390), ("dark", 390)])
async def test_the_board_shows_what_the_api_says(site: Site, browser: Browser, theme: str, width: int) -> None:
    address, gateway = site
    email, scope = await a_shop(gateway, "Paper & Glow Ltd <b>")
    async with await gateway.login(email) as client:
        snapshot = (await client.get(f"/api/brands/{scope.brand_id}/dashboard")).json()["performance_snapshot"]
    async with visit(browser, address, color_scheme=theme, viewport={"width": width, "height": 900}) as page:
        await board(page, email)
        await expect(page.get_by_role("heading", level=1)).to_have_text("Paper & Glow Ltd <b>")
        figures = page.get_by_role("region", name="Key figures")
        revenue = snapshot["total_revenue"]
        await expect(figures).to_contain_text(f"£{revenue:,.0f}" if revenue >= 10_000 else f"£{revenue:,.2f}")
        await expect(figures).to_contain_text(str(snapshot["orders"]))
        await expect(figures).to_contain_text(f"£{snapshot['average_order_value']:,.2f}")
        await expect(page.get_by_role("region", name="Alerts").get_by_role("listitem")).to_have_count(1)
        await expect(page.get_by_role("region", name="Recommendations").get_by_role("heading", level=3)).to_have_count(
            2
        )
        await expect(page.get_by_role("contentinfo")).to_contain_text("Books balance")
        await expect(page.get_by_role("contentinfo")).to_contain_text("difference £0.00")
        await expect(page.get_by_role("contentinfo")).to_contain_text("Quarantine is empty")
        assert await fits_the_width(page)
        assert await axe_findings(page) == []
        await shoot(page, f"board-{theme}-{width}")


async def test_a_figure_opens_its_formula_and_the_rows_behind_it(site: Site, browser: Browser) -> None:
    address, gateway = site
    email, _ = await a_shop(gateway)
    async with visit(browser, address, viewport={"width": 1280, "height": 900}) as page:
        await board(page, email)
        await page.get_by_role("button", name="Net revenue: how this is computed").click()
        drawer = page.get_by_role("dialog")
        await expect(drawer).to_contain_text("gross sales − discounts − returns")
        await expect(drawer.get_by_role("table")).to_be_visible()
        assert await axe_findings(page) == []
        await shoot(page, "fact", whole=False)
        await page.keyboard.press("Escape")
        await expect(drawer).to_have_count(0)


async def test_an_order_appears_the_moment_it_is_told(site: Site, browser: Browser) -> None:
    address, gateway = site
    email, scope = await a_shop(gateway)
    async with visit(browser, address, viewport={"width": 1280, "height": 900}) as page:
        await board(page, email)
        orders = page.get_by_role("region", name="Newest orders")
        await expect(orders.get_by_text("#90001")).to_have_count(0)
        async with page.expect_response(lambda answer: "/orders?limit" in answer.url):
            await tell_order(gateway, scope, "90001", gross_micros=123_450_000)
            await expect(orders.get_by_role("listitem").first).to_contain_text("#90001")
        # The list is asked for again soon after, and does not know an order before it is attributed.
        await expect(page.get_by_text("New order #90001: £123.45")).to_be_attached()
        await expect(orders.get_by_role("listitem").first).to_contain_text("#90001")
        await expect(orders.get_by_role("listitem").first).to_contain_text("£123.45")


async def test_another_tenants_orders_do_not_appear(site: Site, browser: Browser) -> None:
    address, gateway = site
    email, own = await a_shop(gateway)
    _, other = await a_shop(gateway)
    async with visit(browser, address) as page:
        await board(page, email)
        await tell_order(gateway, other, "66666")
        await tell_order(gateway, own, "77777")
        orders = page.get_by_role("region", name="Newest orders")
        await expect(orders.get_by_text("#77777")).to_be_visible()
        await expect(orders.get_by_text("#66666")).to_have_count(0)


async def test_a_dropped_export_becomes_orders_and_what_was_left_out_is_told(
    site: Site, browser: Browser, tmp_path: Path
) -> None:
    address, gateway = site
    email, scope = await an_empty_shop(gateway)
    async with visit(browser, address) as page:
        await log_in(page, email)
        await expect(page.get_by_role("heading", name="No orders yet")).to_be_visible()
        await drop(page, EXPORT)
        dialog = page.get_by_role("dialog")
        await expect(dialog).to_contain_text("orders_export.csv")
        assert await axe_findings(page) == []
        await dialog.get_by_role("button", name="Import", exact=True).click()
        await expect(dialog).to_contain_text("Shopify orders export: 2 orders")
        await expect(dialog).to_contain_text("£65.00")
        await expect(dialog).to_contain_text("currency EUR is not the brand's GBP")
        assert await axe_findings(page) == []
        await shoot(page, "imported", whole=False)
    async with await gateway.login(email) as client:
        shop = (await client.get(f"/api/brands/{scope.brand_id}/settings")).json()["shopify_store"]
    raw = [message for message in gateway.ports.bus.published if message.attributes.get("shop") == shop]
    assert [message.attributes["shopify-topic"] for message in raw] == ["orders/create"] * 2


async def drop(page: Page, text: str) -> None:
    """Let a file of that text fall on the page."""
    await page.evaluate(
        """text => {
            const data = new DataTransfer();
            data.items.add(new File([text], 'orders_export.csv', { type: 'text/csv' }));
            const told = { dataTransfer: data, bubbles: true, cancelable: true };
            for (const kind of ['dragenter', 'dragover', 'drop'])
                document.body.dispatchEvent(new DragEvent(kind, told));
        }""",
        text,
    )


async def test_an_export_dropped_where_no_brand_is_yet_makes_its_own(site: Site, browser: Browser) -> None:
    address, gateway = site
    email = f"{uuid4().hex[:12]}@page.example"
    await gateway.person(email, "admin")
    async with visit(browser, address) as page:
        await log_in(page, email)
        await expect(page.get_by_role("heading", name="Or begin with past orders")).to_be_visible()
        await drop(page, EXPORT)
        dialog = page.get_by_role("dialog")
        await expect(dialog.get_by_label("Into")).to_have_count(0)
        await dialog.get_by_label("Name").fill("Southwind")
        await dialog.get_by_label("Shop").fill(f"page-{uuid4().hex[:8]}.myshopify.com")
        await dialog.get_by_label("Currency").fill("GBP")
        assert await axe_findings(page) == []
        await dialog.get_by_role("button", name="Make the brand and import").click()
        await expect(dialog).to_contain_text("Shopify orders export: 2 orders")
        await dialog.get_by_role("button", name="Show the shop").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("Southwind")


async def test_an_export_dropped_on_the_demo_is_not_meant_for_the_demos_shop(site: Site, browser: Browser) -> None:
    address, gateway = site
    email, scope = await a_shop(gateway, "Fjell")
    progress = {
        "state": "live",
        "brand_id": str(scope.brand_id),
        "days_told": 731,
        "days": 731,
        "oldest_day": "2024-09-01",
    }
    gateway.app.api.state.demo = lambda: progress
    try:
        async with visit(browser, address) as page:
            await board(page, email)
            await drop(page, EXPORT)
            into = page.get_by_role("dialog").get_by_label("Into")
            await expect(into.locator("option:checked")).to_have_text("A new brand…")
    finally:
        gateway.app.api.state.demo = lambda: None


async def test_while_other_days_are_on_their_way_the_page_says_that_it_is_busy(site: Site, browser: Browser) -> None:
    address, gateway = site
    email, _ = await a_shop(gateway)
    async with visit(browser, address) as page:
        await board(page, email)
        requested, answered = asyncio.Event(), asyncio.Event()

        async def delayed(route: Route) -> None:
            requested.set()
            await answered.wait()
            await route.continue_()

        await page.route("**/dashboard?**", delayed)
        await page.get_by_role("button", name="90 days").click()
        await requested.wait()
        busy = page.locator("main [aria-busy=true]")
        await expect(busy).to_have_count(1)
        answered.set()
        await expect(busy).to_have_count(0)


async def test_an_alert_has_a_page_of_its_own_that_slack_links_to(site: Site, browser: Browser) -> None:
    address, gateway = site
    email, scope = await a_shop(gateway)
    async with visit(browser, f"{address}/#/brands/{scope.brand_id}/alerts/a1") as page:
        await log_in(page, email)
        await expect(page.get_by_role("heading", level=1)).to_have_text(
            "White hanging heart T-light holder sells out in 1.3 days"
        )
        assert await axe_findings(page) == []
        await page.goto(f"{address}/#/brands/{scope.brand_id}/alerts/gone")
        await expect(page.get_by_role("heading", level=1)).to_have_text("There is no such alert")


async def test_an_old_shop_shows_its_last_days_and_not_an_empty_month(site: Site, browser: Browser) -> None:
    address, gateway = site
    email, scope = await an_empty_shop(gateway)
    await gateway.ports.warehouse.append(shop_facts(scope, datetime(2011, 8, 31, tzinfo=UTC).date()))
    async with visit(browser, address) as page:
        await board(page, email)
        await expect(page.get_by_text("2 Aug 2011 to 31 Aug 2011, Europe/London")).to_be_visible()
        await page.get_by_role("button", name="7 days").click()
        await expect(page.get_by_text("25 Aug 2011 to 31 Aug 2011, Europe/London")).to_be_visible()


async def test_the_theme_can_be_chosen_and_stays(site: Site, browser: Browser) -> None:
    address, _ = site
    async with visit(browser, address, color_scheme="light") as page:
        light = await page.evaluate("getComputedStyle(document.body).backgroundColor")
        await page.get_by_role("button", name="Use dark colours").click()
        dark = await page.evaluate("getComputedStyle(document.body).backgroundColor")
        await page.reload()
        await expect(page.get_by_role("button", name="Use light colours")).to_be_visible()
        assert await page.evaluate("getComputedStyle(document.body).backgroundColor") == dark != light
