"""`/healthz` and `/readyz` of every service."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Literal, Protocol

from fastapi import APIRouter, Header, Response
from pydantic import BaseModel

from pulsepoint.brand.texts import Texts, accepted, texts
from pulsepoint.faults import Fault, Faults, Reason
from pulsepoint.runtime.service import Service


class FaultView(BaseModel):
    """One thing that is wrong, in the reader's language; `stops` says that nothing goes on until it is over.

    `done` of `total` is how far its repair is; `work` and the count of `brands` are those of effects that fail,
    `work` also is the damaged file's name.
    """

    reason: Reason
    detail: str
    since: datetime
    stops: bool
    done: int
    total: int
    work: str
    brands: int


class ReadyView(BaseModel):
    """The state of the service, and its faults."""

    status: Literal["starting", "ready", "not_ready"]
    service: str
    faults: list[FaultView]


class HasRuntime(Protocol):
    """An app that may or may not be open yet."""

    service: Service

    @property
    def runtime(self) -> object:
        """None until it is open."""
        ...

    @property
    def faults(self) -> Faults | None:
        """The faults under it; None until it is open."""
        ...


def fault_views(faults: Iterable[Fault], words: Texts) -> list[FaultView]:
    """Faults as they are told to anybody: of brands only their number."""
    faults = list(faults)
    brands = Counter((fault.reason, fault.work) for fault in {(f.reason, f.work, f.scope): f for f in faults}.values())
    first = {(fault.reason, fault.work): fault for fault in reversed(faults)}
    return [
        FaultView(
            reason=fault.reason,
            detail=words.say(f"fault.{fault.reason}", work=fault.work, done=_share(fault, words)),
            since=fault.since,
            stops=fault.stops,
            done=fault.done,
            total=fault.total,
            work=fault.work,
            brands=brands[kind] if fault.scope else 0,
        )
        for kind, fault in reversed(first.items())
    ]


def _share(fault: Fault, words: Texts) -> str:
    return words.wording.number(fault.done * 100 // fault.total if fault.total else 0)


def health_router(app: HasRuntime) -> APIRouter:
    """Liveness (the process answers) and readiness: its ports are open and the engines under them work."""
    router = APIRouter(include_in_schema=False)

    @router.get("/healthz")
    async def healthz() -> dict[str, str]:
        return {"status": "ok", "service": app.service.name}

    @router.get("/readyz")
    async def readyz(response: Response, accept_language: Annotated[str, Header(max_length=500)] = "") -> ReadyView:
        faults = app.faults.current() if app.faults is not None else ()
        status: Literal["starting", "ready", "not_ready"] = "ready"
        if app.runtime is None:
            status = "starting"
        elif any(fault.stops for fault in faults):
            status = "not_ready"
        if status != "ready":
            response.status_code = 503
            response.headers["Retry-After"] = "5"
        views = fault_views(faults, texts(accepted(accept_language))) if faults else []
        return ReadyView(status=status, service=app.service.name, faults=views)

    return router
