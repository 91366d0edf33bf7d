"""The service: `uvicorn --factory ingest_shopify.main:app`."""

from __future__ import annotations

from starlette.types import ASGIApp

from ingest_shopify.bootstrap import NAME, Ports, build
from ingest_shopify.endpoints import PREFIX, webhook_app
from ingest_shopify.erasure import without_person
from ingest_shopify.handlers import EFFECTS, HANDLERS
from ingest_shopify.settings import Settings
from pulsepoint.runtime.app import create_app
from pulsepoint.runtime.service import Service


def _webhooks(ports: Ports) -> ASGIApp:
    return webhook_app(ports, ports.settings)


SERVICE = Service(name=NAME, handlers=HANDLERS, effects=EFFECTS, raw={PREFIX: _webhooks}, without_person=without_person)


def app() -> ASGIApp:
    """The ASGI app; raises `ValidationError` when a setting is missing."""
    return create_app(SERVICE, Settings(), build)
