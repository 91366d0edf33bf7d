"""`/api/admin`: what waits in the engines of this machine, the rebuild of its warehouse, and proxies not trusted."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel

from gateway.endpoints.access import OperatorOf, SettingsOf
from gateway.endpoints.callers import Disbelief, UnbelievedCallers
from gateway.endpoints.problems import PROBLEMS

router = APIRouter(prefix="/api/admin", tags=["operation"], responses=PROBLEMS)

Depth = Callable[[], Awaitable[Mapping[str, Mapping[str, float]]]]
"""What whoever runs the bus puts on the app's state as `depth`: its numbers by subscription."""
Backlog = Callable[[], Awaitable[Mapping[str, Any]]]
"""What whoever runs the stores puts on the app's state as `backlog`: `effects` and `unfinished`, as below."""


class QueueView(BaseModel):
    """Messages of a subscription; the age is that of the oldest since it was due."""

    subscription: str
    waiting: int
    in_flight: int
    oldest_age_seconds: float


class EffectsView(BaseModel):
    """Work on the outside, and ticks, of one kind: how many wait, how many of them are due and for how long the
    oldest, how many failed before and are tried again."""

    service: str
    kind: str
    waiting: int
    due: int
    overdue_seconds: float
    failing: int


class UnfinishedView(BaseModel):
    """Commits whose facts and messages are not yet known to be appended and published."""

    commits: int
    oldest_age_seconds: float


class Queues(BaseModel):
    """Everything that waits; a subscription or kind with nothing is left out."""

    queues: list[QueueView]
    effects: list[EffectsView]
    unfinished: UnfinishedView


class UnbelievedView(BaseModel):
    """Requests since the start whose header names a caller and does not count; `peer` sent the last of them."""

    reason: Disbelief
    requests: int
    peer: str


class Proxies(BaseModel):
    """The number of proxies in front that are trusted to name callers, and what others wrote."""

    trusted_proxies: int
    unbelieved: list[UnbelievedView]


@router.get("/proxies")
async def read_proxies(request: Request, person: OperatorOf, settings: SettingsOf) -> Proxies:
    """Proxies that name callers and are not trusted: behind one of them everybody is one address to limits."""
    callers: UnbelievedCallers = request.app.state.unbelieved_callers
    unbelieved = [
        UnbelievedView(reason=reason, requests=each.requests, peer=each.peer)
        for reason, each in sorted(callers.by_reason.items())
    ]
    return Proxies(trusted_proxies=settings.trusted_proxies, unbelieved=unbelieved)


@router.post("/rebuild", status_code=202)
async def rebuild_warehouse(request: Request, person: OperatorOf) -> Response:
    """Make the warehouse anew from its archive, soon; `/readyz` tells how far it is. 204 where it is the cloud's."""
    rebuild: Callable[[], None] | None = getattr(request.app.state, "rebuild", None)
    if rebuild is None:
        return Response(status_code=204)
    rebuild()
    return Response(status_code=202)


@router.get(
    "/queues",
    response_model=Queues,
    responses={204: {"description": "The engines are the cloud's: ask its monitoring."}},
)
async def read_queues(request: Request, person: OperatorOf) -> Queues | Response:
    """The depth of the queues and what is due; 204 where this machine does not run them."""
    depth: Depth | None = getattr(request.app.state, "depth", None)
    backlog: Backlog | None = getattr(request.app.state, "backlog", None)
    if depth is None:
        return Response(status_code=204)
    queues = [QueueView.model_validate({"subscription": name, **numbers}) for name, numbers in (await depth()).items()]
    numbers = await backlog() if backlog is not None else {}
    return Queues(
        queues=sorted(queues, key=lambda queue: queue.subscription),
        effects=[EffectsView.model_validate(each) for each in numbers.get("effects", ())],
        unfinished=UnfinishedView.model_validate(numbers.get("unfinished", {"commits": 0, "oldest_age_seconds": 0.0})),
    )
