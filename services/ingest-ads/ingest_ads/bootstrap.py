"""Composition root: the only file that picks adapters."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

import httpx

from ingest_ads.adapters.google import GoogleAds
from ingest_ads.adapters.meta import MetaAds
from ingest_ads.adapters.tiktok import TikTokAds, wall_time
from ingest_ads.ports import AdsPlatform
from ingest_ads.settings import Settings
from pulsepoint.brand.vocabulary import Platform
from pulsepoint.runtime.engines import Engines
from pulsepoint.runtime.ports import ServicePorts, engine_ports

SERVICE_NAME = "ingest-ads"


@dataclass(frozen=True, slots=True)
class Ports(ServicePorts):
    """The ports of ingest-ads."""

    http: httpx.AsyncClient
    platforms: Mapping[Platform, AdsPlatform]


@asynccontextmanager
async def build(
    settings: Settings, engines: Engines, *, transport: httpx.AsyncBaseTransport | None = None
) -> AsyncIterator[Ports]:
    """Open ports; `transport` replaces the network (an ASGI app that plays the platforms)."""
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(
            httpx.AsyncClient(
                timeout=settings.ads_http_timeout_seconds,
                limits=httpx.Limits(max_connections=settings.ads_http_connections),
                follow_redirects=False,
                transport=transport,
            )
        )
        yield Ports(
            **engine_ports(engines, engines.store(SERVICE_NAME)),
            http=http,
            platforms=ad_platforms(settings, http, now=engines.clock.now),
        )


def ad_platforms(
    settings: Settings, http: httpx.AsyncClient, *, now: Callable[[], datetime] = wall_time
) -> dict[Platform, AdsPlatform]:
    """An adapter for each platform, as the settings describe it; `now` is wall time, UTC."""
    return {
        Platform.META: MetaAds(
            http,
            base_url=settings.ads_meta_base_url,
            version=settings.ads_meta_version,
            page_size=settings.ads_meta_page_size,
            click_window_days=settings.ads_meta_click_window_days,
            view_window_days=settings.ads_meta_view_window_days,
        ),
        Platform.TIKTOK: TikTokAds(
            http,
            base_url=settings.ads_tiktok_base_url,
            version=settings.ads_tiktok_version,
            page_size=settings.ads_tiktok_page_size,
            click_window_days=settings.ads_tiktok_click_window_days,
            view_window_days=settings.ads_tiktok_view_window_days,
            now=now,
        ),
        Platform.GOOGLE: GoogleAds(
            http,
            base_url=settings.ads_google_base_url,
            version=settings.ads_google_version,
            login_customer_id=settings.ads_google_login_customer_id,
        ),
    }
