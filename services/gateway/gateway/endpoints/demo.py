"""`GET /api/demo`: how far the demo's history is filled in."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel

from gateway.endpoints.access import PersonOf
from gateway.endpoints.problems import PROBLEMS

router = APIRouter(prefix="/api/demo", tags=["demo"], responses=PROBLEMS)


class DemoView(BaseModel):
    """The demo brand, and how much of its history is there: `done` of `total` days, newest first, back to `since`."""

    brand_id: UUID
    done: int
    total: int
    since: date | None = None
    finished: bool


Demo = Callable[[], DemoView | None]
"""What whoever runs a demo puts on the app's state as `demo`."""


def running_demo(request: Request) -> DemoView | None:
    """The demo's state, where there is one."""
    demo: Demo | None = getattr(request.app.state, "demo", None)
    return demo() if demo is not None else None


@router.get("", response_model=DemoView, responses={204: {"description": "There is no demo here."}})
async def read_demo(person: PersonOf, demo: Annotated[DemoView | None, Depends(running_demo)]) -> DemoView | Response:
    """The demo's progress; 204 where none is running."""
    return Response(status_code=204) if demo is None else demo
