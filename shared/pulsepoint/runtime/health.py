"""`/healthz` and `/readyz` of every service."""

from __future__ import annotations

from typing import Protocol

from fastapi import APIRouter, Response

from pulsepoint.runtime.service import Service


class HasRuntime(Protocol):
    """An app that may or may not be open yet."""

    service: Service

    @property
    def runtime(self) -> object:
        """None until it is open."""
        ...


def health_router(app: HasRuntime) -> APIRouter:
    """Liveness (the process answers) and readiness (its ports are open)."""
    router = APIRouter(include_in_schema=False)

    @router.get("/healthz")
    async def healthz() -> dict[str, str]:
        return {"status": "ok", "service": app.service.name}

    @router.get("/readyz")
    async def readyz(response: Response) -> dict[str, str]:
        if app.runtime is None:
            response.status_code = 503
            return {"status": "starting", "service": app.service.name}
        return {"status": "ready", "service": app.service.name}

    return router
