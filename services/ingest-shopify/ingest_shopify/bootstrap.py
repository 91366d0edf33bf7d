"""Composition root: which engines this service runs on."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from ingest_shopify.settings import Settings
from pulsepoint.ports.cache import Cache
from pulsepoint.ports.clock import Clock
from pulsepoint.ports.document_store import DocumentStore
from pulsepoint.ports.message_bus import MessageBus
from pulsepoint.ports.secret_store import SecretStore
from pulsepoint.ports.warehouse import Warehouse
from pulsepoint.runtime.engines import Engines

NAME = "ingest-shopify"


@dataclass(frozen=True, slots=True)
class Ports:
    """The open ports of this service, and the settings its webhook address needs."""

    bus: MessageBus
    store: DocumentStore
    warehouse: Warehouse
    secrets: SecretStore
    cache: Cache
    clock: Clock
    settings: Settings


@asynccontextmanager
async def build(settings: Settings, engines: Engines) -> AsyncIterator[Ports]:
    """The ports of this service on the given engines."""
    yield Ports(
        bus=engines.bus,
        store=engines.store(NAME),
        warehouse=engines.warehouse,
        secrets=engines.secrets,
        cache=engines.cache,
        clock=engines.clock,
        settings=settings,
    )
