"""The guard that every request passes first: security headers, limits of callers and bodies, a 500 without detail.

Pure ASGI: Starlette's BaseHTTPMiddleware breaks context variables.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

import structlog
from fastapi import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.endpoints.callers import UnbelievedCallers, client_address
from gateway.endpoints.problems import MEDIA_TYPE, problem_body
from gateway.identity.tokens import BadToken, Tokens
from gateway.settings import Settings

log = structlog.get_logger(__name__)
LIMITED = ("/api", "/mcp")

CONTENT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
HEADERS = (
    (b"content-security-policy", CONTENT_POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=()"),
)
PRIVATE = (b"cache-control", b"no-store")
KEEPS_ITS_OWN_LIMIT = "/uploads"
"""Where a path ends so, its endpoint takes a file, onto disk and up to a limit of its own."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """The requests a minute that a caller has, the key they are counted by, and the caller in words."""

    key: str
    requests: int
    caller: str


class Guard:
    """Wraps the app; the cache that counts is found on the app's state once it has started."""

    def __init__(self, app: ASGIApp, *, settings: Settings, unbelieved: UnbelievedCallers) -> None:
        self._app = app
        self._settings = settings
        self._unbelieved = unbelieved

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI event."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answered = False
        self._unbelieved.note(scope)

        async def send_guarded(message: Message) -> None:
            nonlocal answered
            if message["type"] == "http.response.start":
                answered = True
                headers = (*HEADERS, PRIVATE) if scope["path"].startswith(LIMITED) else HEADERS
                message["headers"] = [*message.get("headers", []), *headers]
            await send(message)

        try:
            if refusal := await self._over_the_limit(scope):
                await _send(send_guarded, 429, *refusal)
            elif (limit := self._body_limit(scope)) is None:
                await self._app(scope, receive, send_guarded)
            elif _declared_length(scope) > limit:
                await _send(send_guarded, 413, _too_large(limit), [(b"connection", b"close")])
            else:
                await self._app(scope, _limited(receive, limit), send_guarded)
        except Exception:
            log.exception("request.failed", method=scope["method"], path=scope["path"])
            if answered:
                raise
            await _send(send_guarded, 500, "Something went wrong in Pulsepoint; its log says what.", [])

    async def _over_the_limit(self, scope: Scope) -> tuple[str, list[tuple[bytes, bytes]]] | None:
        """The detail and headers of a refusal to whoever asked too often; None for all others."""
        if not scope["path"].startswith(LIMITED) or scope["method"] == "OPTIONS":
            return None
        ports = scope["app"].state.ports
        allowance = self._allowance(scope, ports.tokens)
        wait = await ports.cache.allow(allowance.key, limit=allowance.requests, period_seconds=60)
        if not wait:
            return None
        detail = f"More than {allowance.requests} requests a minute {allowance.caller}. Try again in {ceil(wait)} s."
        return detail, [(b"retry-after", str(ceil(wait)).encode())]

    def _allowance(self, scope: Scope, tokens: Tokens) -> Allowance:
        """By person where a token of ours says who asks, else by address: a token that fails buys nothing."""
        kind, _, token = dict(scope["headers"]).get(b"authorization", b"").decode("latin-1").partition(" ")
        if kind.lower() == "bearer":
            try:
                person = tokens.read(token.strip()).user_id
            except BadToken:
                pass
            else:
                limit = self._settings.requests_per_minute_per_person
                return Allowance(f"requests:person:{person}", limit, "with your log-in")
        address = client_address(scope, self._settings.trusted_proxies)
        return Allowance(f"requests:{address}", self._settings.requests_per_minute, "from your address")

    def _body_limit(self, scope: Scope) -> int | None:
        """Bytes a body may have: endpoints read it whole, and before they ask who sends it."""
        return None if scope["path"].endswith(KEEPS_ITS_OWN_LIMIT) else self._settings.body_limit_bytes


def _declared_length(scope: Scope) -> int:
    length: bytes = dict(scope["headers"]).get(b"content-length", b"")
    return int(length) if length.isdigit() else 0


def _too_large(limit: int) -> str:
    return f"A body may have {limit:,} bytes."


def _limited(receive: Receive, limit: int) -> Receive:
    """`receive` for a body whose sender declared no length, or less."""
    size = 0

    async def counted() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > limit:
            raise HTTPException(413, _too_large(limit), {"Connection": "close"})
        return message

    return counted


async def _send(send: Send, status: int, detail: str, headers: list[tuple[bytes, bytes]]) -> None:
    body = problem_body(status, detail)
    lines = [(b"content-type", MEDIA_TYPE.encode()), (b"content-length", str(len(body)).encode()), *headers]
    await send({"type": "http.response.start", "status": status, "headers": lines})
    await send({"type": "http.response.body", "body": body})
