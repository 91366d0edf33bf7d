"""The service and its app: `uvicorn --factory ingest_ads.main:app`."""

from __future__ import annotations

from starlette.types import ASGIApp

from ingest_ads.bootstrap import SERVICE_NAME, build
from ingest_ads.handlers import EFFECTS, HANDLERS
from ingest_ads.settings import Settings
from pulsepoint.runtime.app import create_app
from pulsepoint.runtime.service import Service

SERVICE = Service(name=SERVICE_NAME, handlers=HANDLERS, effects=EFFECTS)


def app() -> ASGIApp:
    """The ASGI app; opens nothing before its lifespan starts."""
    return create_app(SERVICE, Settings(), build)
