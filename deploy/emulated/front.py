"""The load balancer's place: one public origin, routed by path as the real one is; `/push` and `/tasks` are hidden."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from pydantic_settings import BaseSettings, SettingsConfigDict
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from deploy.emulated.instances import send_when_up
from deploy.local.routes import HIDDEN, INGRESS

# Headers about one connection, not about the message (RFC 9110, 7.6.1).
HOP_BY_HOP = frozenset({b"connection", b"keep-alive", b"proxy-connection", b"te", b"transfer-encoding", b"upgrade"})
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


PATIENCE_SECONDS = 3.0
"""Shorter than the five that Shopify waits: https://shopify.dev/docs/apps/build/webhooks/subscribe/https#timeout"""


class FrontSettings(BaseSettings):
    """`PULSEPOINT_FRONT_INGRESS` and `PULSEPOINT_FRONT_GATEWAY` are the URLs of those two services."""

    model_config = SettingsConfigDict(env_prefix="PULSEPOINT_", frozen=True, extra="ignore")

    front_ingress: str
    front_gateway: str


def create_front(settings: FrontSettings, transport: httpx.AsyncBaseTransport | None = None) -> Starlette:
    """The ASGI app; `transport` replaces the network towards the services."""
    limits = httpx.Limits(max_connections=1_000, max_keepalive_connections=200)
    # Streams stay open between heartbeats; whoever asks gives up by himself.
    timeout = httpx.Timeout(None, connect=2.0)
    http = httpx.AsyncClient(limits=limits, timeout=timeout, trust_env=False, transport=transport)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with http:
            yield

    async def pass_on(request: Request) -> Response:
        path = request.url.path
        if path.startswith(HIDDEN):
            return Response(status_code=404)
        target = settings.front_ingress if path.startswith(INGRESS) else settings.front_gateway
        try:
            return await _forward(http, target, request)
        except httpx.TransportError as error:
            # Senders and pages try again.
            detail = f"The service does not answer ({type(error).__name__}). Try again."
            return PlainTextResponse(detail, status_code=503, headers={"retry-after": "1"})

    return Starlette(routes=[Route("/{path:path}", pass_on, methods=METHODS)], lifespan=lifespan)


async def _forward(http: httpx.AsyncClient, target: str, request: Request) -> Response:
    headers = [(name, value) for name, value in request.headers.raw if name not in HOP_BY_HOP]
    if request.client is not None:
        headers.append((b"x-forwarded-for", request.client.host.encode()))
    query = request.scope["query_string"]
    path = request.scope["raw_path"] + (b"?" + query if query else b"")
    # A body is read whole: a stream would be sent in chunks, without the length that limits are checked by.
    outgoing = http.build_request(request.method, target, headers=headers, content=await request.body())
    outgoing.url = outgoing.url.copy_with(raw_path=path)
    answered = await send_when_up(http, outgoing, seconds=PATIENCE_SECONDS)
    passed = StreamingResponse(
        answered.aiter_raw(), status_code=answered.status_code, background=BackgroundTask(answered.aclose)
    )
    passed.raw_headers = [
        (name.lower(), value) for name, value in answered.headers.raw if name.lower() not in HOP_BY_HOP
    ]
    return passed


def app() -> Starlette:
    """The front by the environment."""
    return create_front(FrontSettings())
