"""ai-advisor as an app: `uvicorn --factory ai_advisor.main:app`."""

from __future__ import annotations

from starlette.types import ASGIApp

from ai_advisor.bootstrap import build
from ai_advisor.handlers import EFFECTS, HANDLERS
from ai_advisor.settings import Settings
from pulsepoint.runtime.app import create_app
from pulsepoint.runtime.service import Service

SERVICE = Service(name="ai-advisor", handlers=HANDLERS, effects=EFFECTS)


def app() -> ASGIApp:
    """The service alone, on the engines its settings name."""
    return create_app(SERVICE, Settings(), build)


__all__ = ["SERVICE", "Settings", "app", "build"]
