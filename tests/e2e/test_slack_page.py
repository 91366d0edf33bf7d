"""The demo's fake for Slack in a real browser."""

from __future__ import annotations

import httpx
import pytest
from playwright.async_api import expect
from starlette.applications import Starlette

from sandbox.platforms.slack import SlackFace
from tests.builders.browser import CHROMIUM, axe_findings, build_page, chromium, fits_the_width, visit
from tests.builders.stubs import serving

pytestmark = pytest.mark.browser


async def test_a_message_appears_by_itself_and_the_page_is_accessible() -> None:
    if CHROMIUM is None:
        pytest.skip("no Chromium is installed (apt-get install chromium)")
    build_page()
    async with (
        serving(Starlette(routes=SlackFace().routes())) as address,
        chromium() as browser,
        visit(browser, f"{address}/", viewport={"width": 390, "height": 844}) as page,
    ):
        await expect(page.get_by_text("No message yet")).to_be_visible()
        async with httpx.AsyncClient(base_url=address) as client:
            response = await client.post("/services/T/B/x", json={"text": "Socks are <b>out</b> of stock"})
        assert response.text == "ok"
        await expect(page.get_by_role("article")).to_contain_text("Socks are <b>out</b> of stock", timeout=20_000)
        await expect(page.get_by_text("1 message, newest first.")).to_be_visible()
        assert await fits_the_width(page)
        assert await axe_findings(page) == []
