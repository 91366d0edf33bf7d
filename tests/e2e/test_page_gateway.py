"""The first page in a real browser, against the app on embedded PostgreSQL and DuckDB."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from playwright.async_api import Browser, Page, async_playwright, expect

from pulsepoint.tenancy import TenantContext
from tests.builders.ledger import ADMIN, PASSWORD, RunningGateway, brand_body, ledger_server, running_gateway, served
from tests.builders.storefront import shop_facts

pytestmark = pytest.mark.browser
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SHOTS = os.environ.get("PULSEPOINT_SCREENSHOTS")


@pytest.fixture(scope="module")
async def site() -> AsyncIterator[tuple[str, RunningGateway]]:
    """An address and the gateway behind it, without brands."""
    if CHROMIUM is None:
        pytest.skip("no Chromium is installed (apt-get install chromium)")
    with ledger_server() as dsn:
        async with running_gateway(dsn) as gateway, served(gateway.app) as address:
            yield address, gateway


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    """Headless Chromium."""
    async with async_playwright() as playwright:
        opened = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield opened
        await opened.close()


@asynccontextmanager
async def visit(browser: Browser, address: str, **options: Any) -> AsyncIterator[Page]:
    """A page in a fresh profile; whatever the console complains of fails the test."""
    context = await browser.new_context(**options)
    page = await context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    await page.goto(address)
    yield page
    await context.close()
    assert [told for told in complaints if "401" not in told] == []


async def log_in(page: Page, email: str = ADMIN) -> None:
    """Fill the form."""
    await page.fill("#email", email)
    await page.fill("#password", PASSWORD)
    await page.click("#login-form button")


async def shoot(page: Page, name: str) -> None:
    """Keep a picture where PULSEPOINT_SCREENSHOTS names a folder."""
    if SHOTS:
        await page.screenshot(path=Path(SHOTS) / f"{name}.png", full_page=True)


async def no_sideways_scroll(page: Page) -> bool:
    """Whether everything fits the width."""
    fits = await page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    return bool(fits)


async def test_a_wrong_password_is_told_and_the_right_one_lets_in(
    site: tuple[str, RunningGateway], browser: Browser
) -> None:
    address, _ = site
    async with visit(browser, address) as page:
        await page.fill("#email", ADMIN)
        await page.fill("#password", "wrong")
        await page.click("#login-form button")
        await page.wait_for_selector("#login-error:not([hidden])")
        assert "wrong" in await page.inner_text("#login-error")
        await shoot(page, "login")
        await log_in(page)
        await page.wait_for_selector("#app:not([hidden])")


async def test_without_a_brand_the_page_says_how_to_make_one_and_makes_it(
    site: tuple[str, RunningGateway], browser: Browser
) -> None:
    address, gateway = site
    await gateway.person("empty@two.example", "admin")
    async with visit(browser, address) as page:
        await log_in(page, "empty@two.example")
        await page.wait_for_selector("#no-brand:not([hidden])")
        await shoot(page, "no-brand")
        await page.fill("#brand-name", "Northwind")
        await page.fill("#brand-shop", "northwind-page.myshopify.com")
        await page.fill("#brand-currency", "gbp")
        await page.fill("#brand-timezone", "Europe/London")
        await page.click("#brand-form button")
        await page.wait_for_selector("#no-orders:not([hidden])")
        assert await page.inner_text("#brand-title") == "Northwind"
        assert "northwind-page.myshopify.com" in await page.inner_text("#replay-command")
        await shoot(page, "no-orders")


@pytest.mark.parametrize(("theme", "width"), [("light", 1280), ("dark", 1280), ("light", 390), ("dark", 390)])
async def test_the_board_shows_what_the_api_says(
    site: tuple[str, RunningGateway], browser: Browser, theme: str, width: int
) -> None:
    address, gateway = site
    email = f"{theme}{width}@three.example"
    tenant = await gateway.person(email, "admin")
    async with await gateway.login(email) as client:
        brand_id = (await client.post("/api/brands", json=brand_body(name="Paper & Glow Ltd <b>"))).json()["brand_id"]
        scope = TenantContext(tenant, UUID(brand_id))
        await gateway.ports.warehouse.append(shop_facts(scope, (datetime.now(UTC) - timedelta(days=1)).date()))
        told = (await client.get(f"/api/brands/{brand_id}/dashboard")).json()["performance_snapshot"]
    async with visit(browser, address, color_scheme=theme, viewport={"width": width, "height": 900}) as page:
        await log_in(page, email)
        await page.wait_for_selector("#chart svg rect")
        assert await page.inner_text("#brand-title") == "Paper & Glow Ltd <b>"
        figures = await page.inner_text("#kpis")
        assert f"£{told['total_revenue']:,.0f}" in figures or f"£{told['total_revenue']:,.2f}" in figures
        assert str(told["orders"]) in figures
        assert await page.locator("#chart rect").count() == 30
        assert await page.locator("#alerts li").count() == 1
        assert await page.locator("#recommendations li").count() == 2
        assert "Books balance" in await page.inner_text("#books")
        assert "Quarantine is empty" in await page.inner_text("#held")
        assert await no_sideways_scroll(page)
        await shoot(page, f"board-{theme}-{width}")
        await page.click("[data-days='7']")
        await expect(page.locator("#chart rect")).to_have_count(7)


async def test_an_old_shop_shows_its_last_days_and_not_an_empty_month(
    site: tuple[str, RunningGateway], browser: Browser
) -> None:
    address, gateway = site
    tenant = await gateway.person("old@four.example", "user")
    await gateway.person("old-admin@four.example", "admin", tenant)
    async with await gateway.login("old-admin@four.example") as client:
        brand_id = (await client.post("/api/brands", json=brand_body())).json()["brand_id"]
    scope = TenantContext(tenant, UUID(brand_id))
    await gateway.ports.warehouse.append(shop_facts(scope, datetime(2011, 8, 31, tzinfo=UTC).date()))
    async with visit(browser, address) as page:
        await log_in(page, "old@four.example")
        await page.wait_for_selector("#chart svg rect")
        assert "31 Aug 2011" in await page.inner_text("#period")
