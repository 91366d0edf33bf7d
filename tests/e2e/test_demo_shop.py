"""The demo shop as a person meets it: it lives, its page tells the truth, and what goes wrong comes through."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from typing import Any

import pytest
from playwright.async_api import Page, expect

from deploy.local.instance_process import ROOT
from tests.builders.browser import CHROMIUM, build_page, chromium, log_in, visit
from tests.builders.demo_instance import DemoInstance, demo_instance, until
from tests.builders.length import by_length

pytestmark = [pytest.mark.instance, pytest.mark.browser]
expect.set_options(timeout=20_000)
SECONDS = by_length(30, 120)
MOST_GROWTH = 0.15
"""By how much memory may grow while the shop lives, once it is warm."""


@pytest.fixture(scope="module")
async def demo(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[DemoInstance]:
    """An instance with a demo whose history is told."""
    if CHROMIUM is None:
        pytest.skip("no Chromium is installed (apt-get install chromium)")
    build_page()
    async with demo_instance(tmp_path_factory.mktemp("demo") / "var", PULSEPOINT_DEMO_SPEED="60") as running:
        yield running


async def test_the_shop_lives_with_the_page_open_without_an_error_and_in_even_memory(demo: DemoInstance) -> None:
    access = demo.instance.access
    async with chromium() as browser, visit(browser, access.address, viewport={"width": 1280, "height": 900}) as page:
        await log_in(page, access.email, access.password)
        await expect(page.get_by_text("Live", exact=True)).to_be_visible()
        orders = page.get_by_role("region", name="Newest orders").get_by_role("listitem").first
        first = await orders.inner_text()
        await asyncio.sleep(SECONDS / 2)
        warm = demo.memory()
        await asyncio.sleep(SECONDS)
        assert demo.memory() <= warm * (1 + MOST_GROWTH)
        assert await orders.inner_text() != first, "orders arrive"
        await demo.at_rest()
        await the_page_tells_what_the_api_tells(page, demo)
        report = await demo.api.get(f"{demo.brand}/verify")
        assert [check for check in report["checks"] if not check["ok"]] == []
    assert demo.complaints() == []


async def the_page_tells_what_the_api_tells(page: Page, demo: DemoInstance) -> None:
    dashboard = await demo.api.get(f"{demo.brand}/dashboard", compare=True)
    books = await demo.api.get(f"{demo.brand}/books")
    snapshot = dashboard["performance_snapshot"]
    channels = [{"channel": name, **numbers} for name, numbers in snapshot["by_channel"].items()]
    assert sum(each["orders"] for each in channels) == snapshot["orders"] > 0
    assert round(sum(each["revenue"] for each in channels), 2) == snapshot["total_revenue"]
    assert round(sum(each["spend"] or 0 for each in channels), 2) == snapshot["total_spend"]
    figures = page.get_by_role("region", name="Key figures")
    # The page asks again by itself: news a moment after they come, everything every half minute.
    slow = 60_000
    await expect(figures).to_contain_text(f"{snapshot['orders']:,}", timeout=slow)
    await expect(figures).to_contain_text(tidy(snapshot["total_revenue"]), timeout=slow)
    await expect(figures).to_contain_text(tidy(snapshot["total_spend"]), timeout=slow)
    table = page.get_by_role("region", name="Table of channels")
    await expect(table.get_by_role("row", name="All channels")).to_contain_text(f"{snapshot['orders']:,}")
    for each in channels:
        if each["channel"] == "unattributed":
            row = table.get_by_role("row", name="Unattributed")
            await expect(row).to_contain_text(f"{each['orders']:,}")
            await expect(row).to_contain_text(tidy(each["revenue"]))
    [book] = [entry for entry in books["books"] if entry["model"] == dashboard["period"]["model"]]
    footer = page.get_by_role("contentinfo")
    for words in ("Books balance", f"{book['orders']:,} orders", f"€{book['sales']:,.2f}", "difference €0.00"):
        await expect(footer).to_contain_text(words, timeout=slow)


def tidy(amount: float) -> str:
    """Money as the page shows it."""
    return f"€{amount:,.0f}" if abs(amount) >= 10_000 else f"€{amount:,.2f}"


@pytest.mark.parametrize(
    ("trouble", "stations"),
    [
        ("stock-out", ["available 0", "out of stock", "critical: ", "inventory-intel → ai-advisor → alerting → Slack"]),
        ("broken-pixel", ["without click or campaign", "ROAS of ", "orders/create → ingest-shopify", "→ Slack"]),
    ],
)
async def test_an_incident_is_followed_from_its_cause_to_its_trace(
    demo: DemoInstance, trouble: str, stations: list[str]
) -> None:
    await demo.sandbox.post("/sandbox/speed", {"speed": 60})
    printed = await asyncio.to_thread(make_incident, demo, trouble)
    assert printed.returncode == 0, printed.stdout + printed.stderr
    for station in stations:
        assert station in printed.stdout, printed.stdout
    messages: list[dict[str, Any]] = (await demo.sandbox.get("/slack/messages"))["messages"]
    assert any(message["trace_id"] and message["trace_id"] in printed.stdout for message in messages)
    await until(lambda: alert_of(demo, trouble), "the alert on the page", 30)
    assert demo.complaints() == []


def make_incident(demo: DemoInstance, trouble: str) -> subprocess.CompletedProcess[str]:
    """What `make incident WHAT=…` prints."""
    return subprocess.run(
        [sys.executable, "-m", "deploy.local.incident", trouble],
        cwd=ROOT,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
            "PULSEPOINT_HOME": str(demo.instance.home),
            "COLUMNS": "240",
        },
        capture_output=True,
        text=True,
    )


async def alert_of(demo: DemoInstance, trouble: str) -> bool:
    """Whether the alert has the trace that the page draws."""
    kind = {"stock-out": "stockout_risk", "broken-pixel": "roas_drop"}[trouble]
    payload = await demo.api.get(f"{demo.brand}/alerts", status="all")
    return any(alert["type"] == kind and alert["trace_id"] for alert in payload["alerts"])
