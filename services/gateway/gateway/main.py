"""The gateway as a service; `uvicorn --factory gateway.main:app` runs it alone."""

from __future__ import annotations

from gateway.bootstrap import build
from gateway.endpoints import ROUTERS, configure
from gateway.forgetting import EFFECTS as FORGETTING
from gateway.handlers import HANDLERS
from gateway.scrubbing import EFFECTS as SCRUBBING
from gateway.settings import Settings
from gateway.tasks import EFFECTS, TASKS
from pulsepoint.runtime.app import ServiceApp, create_app
from pulsepoint.runtime.service import Service

SERVICE = Service(
    name="gateway",
    handlers=HANDLERS,
    effects={**EFFECTS, **SCRUBBING, **FORGETTING},
    routers=ROUTERS,
    configure=configure,
    documents=False,
    tasks=TASKS,
)


def app() -> ServiceApp:
    """The ASGI app with the settings of the environment."""
    return create_app(SERVICE, Settings(), build)


__all__ = ["SERVICE", "Settings", "app", "build"]
