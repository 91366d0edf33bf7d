"""The ports every service has; a service that needs more extends `ServicePorts` in its own bootstrap."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypedDict

from pulsepoint.ports.cache import Cache
from pulsepoint.ports.checksums import ChecksumStore
from pulsepoint.ports.clock import Clock
from pulsepoint.ports.document_store import DocumentStore
from pulsepoint.ports.erasure_log import ErasureLog
from pulsepoint.ports.message_bus import MessageBus
from pulsepoint.ports.object_store import ObjectStore
from pulsepoint.ports.secret_store import SecretStore
from pulsepoint.ports.warehouse import Warehouse
from pulsepoint.runtime.engines import Engines


@dataclass(frozen=True, slots=True)
class ServicePorts:
    """A service's open ports: its bus, its live state, its facts, secrets, short-lived values and wall time.

    `payloads` has what is too large for a message; None where messages must be within the limit.
    `checksums` is None where no engine keeps checksums of its facts, `erasure_log` where backups are not ours to put
    back.
    """

    bus: MessageBus
    store: DocumentStore
    warehouse: Warehouse
    secrets: SecretStore
    cache: Cache
    clock: Clock
    payloads: ObjectStore | None = field(default=None, kw_only=True)
    checksums: ChecksumStore | None = field(default=None, kw_only=True)
    erasure_log: ErasureLog | None = field(default=None, kw_only=True)


class EnginePorts(TypedDict):
    """The fields of `ServicePorts`, for the constructor of a class that extends it."""

    bus: MessageBus
    store: DocumentStore
    warehouse: Warehouse
    secrets: SecretStore
    cache: Cache
    clock: Clock
    payloads: ObjectStore | None
    checksums: ChecksumStore | None
    erasure_log: ErasureLog | None


def engine_ports(engines: Engines, store: DocumentStore) -> EnginePorts:
    """The ports on open engines; `store` holds the service's live state."""
    return EnginePorts(
        bus=engines.bus,
        store=store,
        warehouse=engines.warehouse,
        secrets=engines.secrets,
        cache=engines.cache,
        clock=engines.clock,
        payloads=engines.payloads,
        checksums=engines.checksums,
        erasure_log=engines.erasure_log,
    )
