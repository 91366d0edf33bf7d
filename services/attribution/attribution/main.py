"""attribution as an app: `uvicorn --factory attribution.main:app`."""

from __future__ import annotations

from starlette.types import ASGIApp

from attribution.bootstrap import build
from attribution.handlers import EFFECTS, HANDLERS
from attribution.settings import Settings
from pulsepoint.runtime.app import create_app
from pulsepoint.runtime.service import Service

SERVICE = Service(name="attribution", handlers=HANDLERS, effects=EFFECTS)


def app() -> ASGIApp:
    """The service alone, on the engines its settings name."""
    return create_app(SERVICE, Settings(), build)


__all__ = ["SERVICE", "Settings", "app", "build"]
