"""The gateway's HTTP: one file a resource, every error a problem document."""

from __future__ import annotations

from fastapi import APIRouter, FastAPI
from fastapi.middleware.cors import CORSMiddleware

from gateway.endpoints import (
    advice,
    audit,
    auth,
    brands,
    dashboard,
    demo,
    faults,
    feed,
    integrations,
    inventory,
    lead_times,
    orders,
    page,
    performance,
    privacy,
    quarantine,
    queues,
    reconciliation,
    tenants,
    traces,
    unmatched,
    uploads,
    verify,
    version,
    webhook_address,
)
from gateway.endpoints.callers import UnbelievedCallers
from gateway.endpoints.guard import Guard
from gateway.endpoints.problems import install
from gateway.settings import Settings

ROUTERS: tuple[APIRouter, ...] = (
    auth.router,
    brands.router,
    webhook_address.router,
    dashboard.router,
    advice.router,
    inventory.router,
    lead_times.router,
    reconciliation.router,
    orders.router,
    feed.router,
    uploads.router,
    performance.router,
    integrations.router,
    quarantine.quarantine,
    quarantine.dead_letters,
    traces.router,
    audit.router,
    privacy.router,
    demo.router,
    queues.router,
    tenants.router,
    faults.router,
    verify.router,
    unmatched.router,
    version.router,
    page.router,
)
_GENERATED_DOCS = frozenset({"/docs", "/redoc", "/docs/oauth2-redirect"})


def configure(api: FastAPI, settings: object) -> None:
    """Problem documents, limits, headers, CORS; and the description of the API without scripts from elsewhere."""
    assert isinstance(settings, Settings)
    api.title = "Pulsepoint"
    api.description = "Control tower for e-commerce brands."
    api.router.routes = [
        route
        for route in api.router.routes
        if getattr(route, "path", "") not in _GENERATED_DOCS or getattr(route, "name", "") == "docs"
    ]
    install(api)
    api.state.unbelieved_callers = UnbelievedCallers(settings.trusted_proxies)
    api.add_middleware(Guard, settings=settings, unbelieved=api.state.unbelieved_callers)
    if settings.cors_origins:
        # Outermost: a page may read what the guard refuses too, and how long it should wait.
        api.add_middleware(
            CORSMiddleware,
            allow_origins=list(settings.cors_origins),
            allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
            allow_headers=["authorization", "content-type", "last-event-id"],
            expose_headers=["retry-after"],
            max_age=600,
        )
