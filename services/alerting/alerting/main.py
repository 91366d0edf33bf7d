"""alerting as an app: `uvicorn --factory alerting.main:app`."""

from __future__ import annotations

from starlette.types import ASGIApp

from alerting.bootstrap import build
from alerting.conditions import Rules
from alerting.domain import roas
from alerting.handlers import EFFECTS, handlers
from alerting.settings import Settings
from pulsepoint.money import MICROS
from pulsepoint.runtime.app import create_app
from pulsepoint.runtime.service import Service


def service(settings: Settings) -> Service:
    """The service with the rules its settings ask for."""
    rules = Rules(roas=roas.Rules(spend_floor_micros=settings.roas_spend_floor * MICROS))
    return Service(name="alerting", handlers=handlers(rules), effects=EFFECTS)


SERVICE = service(Settings())


def app() -> ASGIApp:
    """The service alone, on the engines its settings name."""
    return create_app(SERVICE, Settings(), build)


__all__ = ["SERVICE", "Settings", "app", "build", "service"]
