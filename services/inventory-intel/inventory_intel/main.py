"""inventory-intel as an app: `uvicorn --factory inventory_intel.main:app`."""

from __future__ import annotations

from starlette.types import ASGIApp

from inventory_intel.bootstrap import build
from inventory_intel.handlers import Pace, effects, handlers
from inventory_intel.settings import Settings
from pulsepoint.runtime.app import create_app
from pulsepoint.runtime.service import Service


def service(settings: Settings) -> Service:
    """The service at the pace its settings ask for."""
    pace = Pace(settings.tick_seconds, settings.stock_rows_per_second)
    return Service(name="inventory-intel", handlers=handlers(pace), effects=effects(pace))


SERVICE = service(Settings())


def app() -> ASGIApp:
    """The service alone, on the engines its settings name."""
    return create_app(SERVICE, Settings(), build)


__all__ = ["SERVICE", "Settings", "app", "build", "service"]
