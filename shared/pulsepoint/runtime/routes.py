"""The routing table of a service, typed: a handler under another event than its own does not pass the type checker."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from typing_extensions import TypeVar

from pulsepoint.events.envelope import AnyPayload, Event, Payload
from pulsepoint.runtime.outcome import Outcome, Reader

Routed = TypeVar("Routed", bound=AnyPayload, default=Payload)
Handler = Callable[[Reader, Event[Routed]], Awaitable[Outcome]]
"""One function per event type; one that takes several types names their union."""


@dataclass(frozen=True, slots=True)
class Route:
    """One event type, by its wire type, and the handler it goes to; made by `on`."""

    type: str
    handler: Handler[Any]


def on(payload_type: type[Routed], handler: Handler[Routed]) -> Route:
    """The route of events with this payload to `handler`."""
    return Route(payload_type.TYPE, handler)


class Routes(Mapping[str, Handler[Any]]):
    """The handlers of a service by wire type; raises `ValueError` when one type is routed twice."""

    def __init__(self, *routes: Route) -> None:
        self._handlers: dict[str, Handler[Any]] = {route.type: route.handler for route in routes}
        if len(self._handlers) < len(routes):
            types = [route.type for route in routes]
            raise ValueError(f"routed twice: {sorted({type for type in types if types.count(type) > 1})}")

    def with_routes(self, *routes: Route) -> Routes:
        """These routes and further ones; raises `ValueError` when one type is routed twice."""
        return Routes(*(Route(type, handler) for type, handler in self.items()), *routes)

    def __getitem__(self, type: str) -> Handler[Any]:
        return self._handlers[type]

    def __iter__(self) -> Iterator[str]:
        return iter(self._handlers)

    def __len__(self) -> int:
        return len(self._handlers)
