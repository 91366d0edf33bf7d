"""`GET /api/demo`: how far the demo's history is filled in."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel

from gateway.endpoints.access import PersonOf
from gateway.endpoints.problems import PROBLEMS

router = APIRouter(prefix="/api/demo", tags=["demo"], responses=PROBLEMS)


class DemoView(BaseModel):
    """The demo brand, and how much of its past is delivered: `days_told` of `days`, newest first, back to `oldest_day`.

    `speed` is in seconds of the shop's clock a second.
    """

    state: Literal["starting", "filling", "live"]
    brand_id: UUID | None
    days_told: int
    days: int
    oldest_day: date | None = None
    speed: float | None = None


Demo = Callable[[], dict[str, object] | None]
"""What whoever runs a demo in this process puts on the app's state as `demo`."""


def running_demo(request: Request) -> DemoView | None:
    """The demo's progress, where there is one."""
    demo: Demo | None = getattr(request.app.state, "demo", None)
    progress = demo() if demo is not None else None
    return None if progress is None else DemoView.model_validate(progress)


@router.get("", response_model=DemoView, responses={204: {"description": "There is no demo here."}})
async def read_demo(person: PersonOf, demo: Annotated[DemoView | None, Depends(running_demo)]) -> DemoView | Response:
    """The demo's progress; 204 where none is running."""
    return Response(status_code=204) if demo is None else demo
