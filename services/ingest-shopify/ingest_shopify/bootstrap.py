"""Composition root: which engines this service runs on."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from ingest_shopify.settings import Settings
from pulsepoint.runtime.engines import Engines
from pulsepoint.runtime.ports import ServicePorts, engine_ports

NAME = "ingest-shopify"


@dataclass(frozen=True, slots=True)
class Ports(ServicePorts):
    """The open ports of this service, and the settings its webhook address needs."""

    settings: Settings


@asynccontextmanager
async def build(settings: Settings, engines: Engines) -> AsyncIterator[Ports]:
    """The ports of this service on the given engines."""
    yield Ports(
        **engine_ports(engines, engines.store(NAME)),
        settings=settings,
    )
