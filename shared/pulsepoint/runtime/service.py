"""A service as declared: its name, handlers, effects and routes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, FastAPI
from starlette.types import ASGIApp

from pulsepoint.runtime.outcome import EffectDefinition
from pulsepoint.runtime.redaction import WithoutPerson, without_person
from pulsepoint.runtime.routes import Routes

if TYPE_CHECKING:
    from pulsepoint.runtime.app import Runtime


Task = Callable[["Runtime", datetime], Awaitable[None]]
"""`async (runtime, at)`: what a clock asks for, and the moment (UTC) it was scheduled for.

Raises a `PulsepointError` to be asked again; whatever it did before must then do no harm.
"""


@dataclass(frozen=True, slots=True)
class Service:
    """One service as the runtime sees it.

    `raw` maps path prefixes to functions `ports -> ASGI app` served in front of FastAPI. `configure` is given the
    FastAPI app and the settings once, before it starts: for error pages and middleware. `documents` says whether it
    keeps its state as documents; else its `build` opens a store of its own. `tasks` are those of its own below
    `/tasks/`, beside the `sweep` that the runtime gives every service. `without_person` takes an erased buyer out
    of what it holds in quarantine.
    """

    name: str
    handlers: Routes
    effects: Mapping[str, EffectDefinition] = field(default_factory=dict)
    routers: Sequence[APIRouter] = ()
    raw: Mapping[str, Callable[[Any], ASGIApp]] = field(default_factory=dict)
    configure: Callable[[FastAPI, object], None] | None = None
    documents: bool = True
    tasks: Mapping[str, Task] = field(default_factory=dict)
    without_person: WithoutPerson = without_person
