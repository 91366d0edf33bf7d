"""All platforms of one world as one ASGI app, mounted by path."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime

import httpx
from starlette.applications import Starlette
from starlette.routing import BaseRoute, Mount

from pulsepoint.brand.vocabulary import Platform
from sandbox.platforms.ads import ads_routes
from sandbox.platforms.clock import BusinessClock
from sandbox.platforms.control import Control
from sandbox.platforms.sending import Address, Sender
from sandbox.platforms.shop import Shop, Strike
from sandbox.platforms.shopify import ShopifyFace
from sandbox.platforms.slack import SlackFace
from sandbox.platforms.turns import Turns
from sandbox.platforms.world_ads import WorldAds
from sandbox.world import World


@dataclass(frozen=True, slots=True)
class Tokens:
    """The keys of the platforms: access tokens, and the control address's own token."""

    control: str = field(repr=False)
    shopify: str = field(repr=False)
    ads: Mapping[Platform, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Resume:
    """The point where an earlier start of the same world stopped; see `Shop`."""

    opened_at: datetime
    played_until: datetime | None = None
    strikes: Sequence[Strike] = ()


@dataclass(frozen=True, slots=True)
class Platforms:
    """A running world: the app, the shop that plays it, what steers it, and the Slack that listens."""

    app: Starlette
    shop: Shop
    control: Control
    slack: SlackFace


@asynccontextmanager
async def create_platforms(
    world: World,
    *,
    clock: BusinessClock,
    resume: Resume,
    webhooks: Address,
    tokens: Tokens,
    trace_url: str = "",
    transport: httpx.AsyncBaseTransport | None = None,
) -> AsyncIterator[Platforms]:
    """The platforms at `/shopify`, at each ad platform's name (`/meta`), at `/slack`, and `/sandbox` to steer them.

    Webhooks go to `webhooks`, through `transport` where given (an app in this process). Call `control.prepare` to
    live through the past; ads answer 503 and the control address 409 until that is done.
    """
    turns = Turns(world)
    async with httpx.AsyncClient(transport=transport, trust_env=False) as http:
        shop = Shop(
            turns,
            clock,
            Sender(http, webhooks),
            opened_at=resume.opened_at,
            played_until=resume.played_until,
            strikes=resume.strikes,
        )
        control, slack = Control(shop, tokens.control), SlackFace(trace_url=trace_url)
        shopify = ShopifyFace(world.settings.shop, shop.past, world.catalog, tokens.shopify)
        source = WorldAds(turns, clock, tokens.ads)
        mounted: dict[str, list[BaseRoute]] = {
            "/shopify": shopify.routes(),
            **{f"/{platform.value}": ads_routes(source, platforms=(platform,)) for platform in Platform},
            "/slack": slack.routes(),
            "/sandbox": control.routes(),
        }
        app = Starlette(routes=[Mount(path, routes=routes) for path, routes in mounted.items()])
        try:
            yield Platforms(app, shop, control, slack)
        finally:
            await control.close()
