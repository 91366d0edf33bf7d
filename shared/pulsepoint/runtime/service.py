"""A service as declared: its name, handlers, effects and routes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from fastapi import APIRouter, FastAPI

from pulsepoint.ports.cache import Cache
from pulsepoint.ports.clock import Clock
from pulsepoint.ports.document_store import DocumentStore
from pulsepoint.ports.message_bus import MessageBus
from pulsepoint.ports.secret_store import SecretStore
from pulsepoint.ports.warehouse import Warehouse
from pulsepoint.runtime.outcome import EffectDefinition
from pulsepoint.runtime.routes import Routes


class Ports(Protocol):
    """The ports every service has; a service's own frozen dataclass adds more."""

    @property
    def bus(self) -> MessageBus:
        """The bus it publishes to."""
        ...

    @property
    def store(self) -> DocumentStore:
        """The store of its live state, dedup keys and outbox."""
        ...

    @property
    def warehouse(self) -> Warehouse:
        """The store of its facts."""
        ...

    @property
    def secrets(self) -> SecretStore:
        """Keys and tokens."""
        ...

    @property
    def cache(self) -> Cache:
        """Short-lived values."""
        ...

    @property
    def clock(self) -> Clock:
        """Wall time."""
        ...


Build = Callable[[], AbstractAsyncContextManager[Any]]
"""Opens a service's ports; closed when the app shuts down."""

ASGIApp = Callable[[Any, Any, Any], Awaitable[None]]

Task = Callable[[Any, datetime], Awaitable[None]]
"""`async (runtime, at)`: what a clock asks for, and the moment (UTC) it was scheduled for.

Raises a `PulsepointError` to be asked again; whatever it did before must then do no harm.
"""


@dataclass(frozen=True, slots=True)
class Service:
    """One service as the runtime sees it.

    `raw` maps path prefixes to functions `ports -> ASGI app` served in front of FastAPI. `configure` is given the
    FastAPI app and the settings once, before it starts: for error pages and middleware. `documents` says whether it
    keeps its state as documents; else its `build` opens a store of its own. `tasks` are those of its own below
    `/tasks/`, beside the `sweep` that the runtime gives every service.
    """

    name: str
    handlers: Routes
    effects: Mapping[str, EffectDefinition] = field(default_factory=dict)
    routers: Sequence[APIRouter] = ()
    raw: Mapping[str, Callable[[Any], ASGIApp]] = field(default_factory=dict)
    configure: Callable[[FastAPI, Any], None] | None = None
    documents: bool = True
    tasks: Mapping[str, Task] = field(default_factory=dict)
