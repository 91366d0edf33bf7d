"""Composition root: the only file that picks adapters."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ai_advisor.settings import Settings
from pulsepoint.runtime.engines import Engines
from pulsepoint.runtime.ports import ServicePorts, engine_ports


@asynccontextmanager
async def build(settings: Settings, engines: Engines) -> AsyncIterator[ServicePorts]:
    """The service's ports on the open engines."""
    yield ServicePorts(
        **engine_ports(engines, engines.store("ai-advisor")),
    )
