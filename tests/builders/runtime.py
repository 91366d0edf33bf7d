"""A running service on memory engines, with pushes delivered by hand or by the bus."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import orjson

from pulsepoint.adapters.duckdb.warehouse import open_duckdb
from pulsepoint.adapters.memory.cache import MemoryCache
from pulsepoint.adapters.memory.clock import FixedClock
from pulsepoint.adapters.memory.document_store import MemoryDocumentStore
from pulsepoint.adapters.memory.message_bus import MemoryMessageBus
from pulsepoint.adapters.memory.secret_store import MemorySecretStore
from pulsepoint.adapters.system_clock import SystemClock
from pulsepoint.events.envelope import Event, Message, P, decode, encode
from pulsepoint.faults import Faults
from pulsepoint.ports.object_store import ObjectStore
from pulsepoint.runtime.app import Runtime, start_runtime
from pulsepoint.runtime.engines import Engines
from pulsepoint.runtime.outcome import EffectDefinition
from pulsepoint.runtime.ports import ServicePorts
from pulsepoint.runtime.redaction import WithoutPerson, without_person
from pulsepoint.runtime.routes import Routes
from pulsepoint.runtime.service import Service
from pulsepoint.runtime.settings import ServiceSettings
from pulsepoint.tenancy import TenantContext


@dataclass(frozen=True, slots=True)
class MemoryPorts(ServicePorts):
    """The ports of a service, all in memory."""

    bus: MemoryMessageBus
    store: MemoryDocumentStore
    warehouse: Any
    secrets: MemorySecretStore
    cache: MemoryCache
    clock: FixedClock


@asynccontextmanager
async def memory_ports(
    service: str, clock: FixedClock, payloads: ObjectStore | None = None
) -> AsyncIterator[MemoryPorts]:
    """Fresh memory engines for one service, with a DuckDB warehouse in memory."""
    async with open_duckdb(":memory:") as warehouse:
        yield MemoryPorts(
            MemoryMessageBus(clock),
            MemoryDocumentStore(service, clock),
            warehouse,
            MemorySecretStore(),
            MemoryCache(clock),
            clock,
            payloads=payloads,
        )


@asynccontextmanager
async def running(
    name: str,
    clock: FixedClock,
    handlers: Routes,
    effects: Mapping[str, EffectDefinition] | None = None,
    payloads: ObjectStore | None = None,
    without_person: WithoutPerson = without_person,
) -> AsyncIterator[Runtime]:
    """A runtime of service `name` with these handlers and effects; no loops run: tests call what they need."""
    async with memory_ports(name, clock, payloads) as ports:
        service = Service(name, handlers, effects or {}, without_person=without_person)
        yield await start_runtime(service, ports, ServiceSettings())


def push_of(message: Message, *, attempt: int = 1) -> bytes:
    """The push body of a message."""
    return orjson.dumps(
        {
            "deliveryAttempt": attempt,
            "message": {
                "messageId": "1",
                "publishTime": "2026-01-01T00:00:00+00:00",
                "attributes": message.attributes,
                "data": b64encode(message.data).decode(),
            },
        }
    )


async def deliver(runtime: Runtime, topic: str, event: Event | Message, *, attempt: int = 1) -> int:
    """Push one event to the service's subscription of `topic`; the HTTP status."""
    message = event if isinstance(event, Message) else encode(event, topic)
    return await runtime.receiver.receive(f"{runtime.service.name}.{topic}", push_of(message, attempt=attempt))


async def run_effects(runtime: Runtime) -> int:
    """Run everything due now to its end; how many effects ran."""
    ran = 0
    while started := await runtime.effects.start_due():
        ran += started
        await runtime.effects.finish()
        await asyncio.sleep(0)
    return ran


def published(runtime: Runtime, payload_type: type[P], scope: TenantContext | None = None) -> list[Event[P]]:
    """The events of one payload type that the service published, in order."""
    messages = runtime.ports.bus.published
    events = [decode(m, payload_type) for m in messages if m.attributes.get("ce-type") == payload_type.TYPE]
    return [event for event in events if scope is None or event.scope == scope]


def no_engines() -> Engines:
    """Engines for a service whose `build` opens none: only faults can be asked for."""
    engines = object.__new__(Engines)
    object.__setattr__(engines, "faults", Faults(SystemClock()))
    return engines
