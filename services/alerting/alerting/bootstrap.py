"""Composition root: the only file that picks adapters."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from alerting.adapters.slack import SlackWebhook
from alerting.ports import Messenger
from alerting.settings import Settings
from pulsepoint.runtime.engines import Engines
from pulsepoint.runtime.ports import ServicePorts, engine_ports


@dataclass(frozen=True, slots=True)
class Ports(ServicePorts):
    """The ports of alerting; `public_url` is where people open Pulsepoint."""

    messenger: Messenger
    public_url: str


@asynccontextmanager
async def build(settings: Settings, engines: Engines) -> AsyncIterator[Ports]:
    """The service's ports on the open engines."""
    yield Ports(
        **engine_ports(engines, engines.store("alerting")),
        messenger=SlackWebhook(allow_private=settings.allow_local_urls),
        public_url=settings.public_url.rstrip("/"),
    )
