"""Composition root: the only file that picks adapters."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from inventory_intel.settings import Settings
from pulsepoint.ports.cache import Cache
from pulsepoint.ports.clock import Clock
from pulsepoint.ports.document_store import DocumentStore
from pulsepoint.ports.message_bus import MessageBus
from pulsepoint.ports.secret_store import SecretStore
from pulsepoint.ports.warehouse import Warehouse
from pulsepoint.runtime.engines import Engines


@dataclass(frozen=True, slots=True)
class Ports:
    """The open ports of inventory-intel."""

    bus: MessageBus
    store: DocumentStore
    warehouse: Warehouse
    secrets: SecretStore
    cache: Cache
    clock: Clock


@asynccontextmanager
async def build(settings: Settings, engines: Engines) -> AsyncIterator[Ports]:
    """The service's ports on the open engines."""
    yield Ports(
        bus=engines.bus,
        store=engines.store("inventory-intel"),
        warehouse=engines.warehouse,
        secrets=engines.secrets,
        cache=engines.cache,
        clock=engines.clock,
    )
