"""The page in a real browser: the built files, a served gateway, Debian's Chromium, axe."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import uvicorn
from playwright.async_api import Browser, Page, async_playwright

from tests.builders.identity_store import ADMIN, PASSWORD, RunningGateway

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
WEB = Path(__file__).resolve().parents[2] / "services" / "gateway" / "web"
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
AXE_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def build_page() -> None:
    """Build the page where it is not; raises with the builder's words."""
    built = subprocess.run(
        ["sh", str(WEB / "build.sh")], env={**os.environ, "PYTHON": sys.executable}, capture_output=True, text=True
    )
    assert built.returncode == 0, built.stdout + built.stderr


@asynccontextmanager
async def served(gateway: RunningGateway) -> AsyncIterator[str]:
    """The app on a port of its own; its streams are ended before the server is."""
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(gateway.app, lifespan="off", log_config=None))
    # The socket listens already: what connects before the server reads it waits in its queue.
    task = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        gateway.ports.live.close()
        server.should_exit = True
        await task


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """Headless Chromium."""
    async with async_playwright() as playwright:
        opened = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield opened
        await opened.close()


@asynccontextmanager
async def visit(browser: Browser, address: str, *, refused: int = 0, **options: Any) -> AsyncIterator[Page]:
    """A page in a fresh profile; whatever the console complains of fails the test, but for `refused` requests."""
    context = await browser.new_context(reduced_motion="reduce", locale="en-GB", **options)
    page = await context.new_page()
    complaints: list[str] = []
    page.on("console", lambda line: complaints.append(line.text) if line.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    await page.goto(address)
    yield page
    await context.close()
    assert [message for message in complaints if not (refused and "status of 4" in message)] == []


async def log_in(page: Page, email: str = ADMIN, password: str = PASSWORD) -> None:
    """Fill the form."""
    await page.get_by_label("E-mail").fill(email)
    await page.get_by_label("Password").fill(password)
    await page.get_by_role("button", name="Log in").click()


async def shoot(page: Page, name: str, *, whole: bool = True) -> None:
    """Keep a picture where PULSEPOINT_SCREENSHOTS names a folder."""
    if SHOTS:
        await page.screenshot(path=Path(SHOTS) / f"{name}.png", full_page=whole)


async def axe_findings(page: Page) -> list[str]:
    """The findings of axe, as "rule: element"; injected from node_modules, past the page's policy."""
    script = (WEB / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
    await page.evaluate(script)
    findings = await page.evaluate(
        "rules => axe.run(document, { runOnly: { type: 'tag', values: rules } })"
        ".then(result => result.violations.flatMap(v => v.nodes.map(n => `${v.id}: ${n.html} ${n.failureSummary}`)))",
        AXE_RULES,
    )
    return [str(each) for each in findings]


async def fits_the_width(page: Page) -> bool:
    """True when nothing makes the page scroll sideways."""
    fits = await page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    return bool(fits)
