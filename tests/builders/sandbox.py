"""A small sandbox world on its platforms, telling its webhooks to the real webhook address."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx

from ingest_shopify.domain.deliveries import Reading, read_delivery
from ingest_shopify.endpoints import webhook_app
from ingest_shopify.settings import Settings
from pulsepoint.adapters.system_clock import SystemClock
from pulsepoint.brand.vocabulary import Platform
from pulsepoint.events.envelope import Message, decode_raw
from sandbox.platforms.app import Platforms, Resume, Tokens, create_platforms
from sandbox.platforms.clock import BusinessClock
from sandbox.platforms.sending import Address
from sandbox.settings import WorldSettings
from sandbox.settings_file import named_world
from sandbox.world import World

SECRET = "hush-hush-hush-hush-hush-hush-hush"
LAST_DAY = date(2026, 3, 9)
OPENED = datetime(2026, 3, 10, 11, 0, tzinfo=UTC)
TOKENS = Tokens("control", "shpat", {platform: f"{platform}-token" for platform in Platform})
DAYS = 40


def small_world(days: int = DAYS, name: str = "calm") -> WorldSettings:
    """A world with a short past that ends on `LAST_DAY`."""
    settings = named_world(name)
    return replace(settings, shop=replace(settings.shop, history_days=days)).ending(LAST_DAY)


class WallClock:
    """Wall time that moves when told."""

    def __init__(self, now: datetime = OPENED) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **span: float) -> None:
        """Move on."""
        self.now += timedelta(**span)


class WebhookInbox:
    """A bus that keeps the raw deliveries it is given; the next `failures` publishes are refused."""

    def __init__(self) -> None:
        self.messages: list[Message] = []

    async def publish(self, messages: Any) -> None:
        """Keep them."""
        self.messages.extend(messages)

    def readings(self) -> list[tuple[str, Reading]]:
        """The readings of ingest-shopify in each delivery, by topic."""
        results = []
        for message in self.messages:
            event = decode_raw(message)
            headers = event.payload.headers
            reading = read_delivery(
                headers["shopify-topic"],
                headers["shopify-api-version"],
                event.payload.body,
                shop=headers["shop"],
                received_at=event.time,
                triggered_at=headers["shopify-triggered-at"],
            )
            results.append((headers["shopify-topic"], reading))
        return results


@dataclass(frozen=True, slots=True)
class InboxPorts:
    """The ports of the webhook address."""

    bus: Any
    clock: Any


@dataclass(frozen=True, slots=True)
class Sandbox:
    """Running platforms, a world of the same settings to compare with, and what arrived."""

    platforms: Platforms
    world: World
    inbox: WebhookInbox
    wall: WallClock
    clock: BusinessClock
    http: httpx.AsyncClient


@asynccontextmanager
async def sandbox(
    settings: WorldSettings | None = None, *, secret: str = SECRET, **resume: Any
) -> AsyncIterator[Sandbox]:
    """Platforms of a small world, lived through until `OPENED`; the business clock runs at 60."""
    chosen = settings or small_world()
    inbox, wall = WebhookInbox(), WallClock()
    app = webhook_app(InboxPorts(inbox, SystemClock()), Settings(shopify_api_secret=SECRET))
    clock = BusinessClock(resume.get("played_until", OPENED), speed=60, wall=wall)
    async with (
        create_platforms(
            World(chosen),
            clock=clock,
            resume=Resume(OPENED, **resume),
            webhooks=Address("http://instance/webhooks/shopify", chosen.shop.domain, secret),
            tokens=TOKENS,
            trace_url="http://instance/#/traces/",
            transport=httpx.ASGITransport(app),
        ) as platforms,
        httpx.AsyncClient(transport=httpx.ASGITransport(platforms.app), base_url="http://sandbox") as http,
    ):
        await platforms.control.prepare()
        yield Sandbox(platforms, World(chosen), inbox, wall, clock, http)
