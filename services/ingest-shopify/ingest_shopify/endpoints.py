"""The webhook address: verify, publish as it came, answer. No parsing, no state, no span.

Raw ASGI, because everything between the socket and the HMAC is paid for by every delivery. The sender learns
only whether its signature was right: whether a body can be read, and whose it is, the first subscriber finds out.
https://shopify.dev/docs/apps/build/webhooks/subscribe/https
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

import structlog
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.types import Message as ASGIMessage

from ingest_shopify.domain.signatures import RunningSignature, WebhookKeys
from ingest_shopify.settings import Settings
from pulsepoint.errors import LimitExceeded, PulsepointError
from pulsepoint.events.catalog import RAW_TOPIC
from pulsepoint.events.envelope import Message, raw_message
from pulsepoint.ports.clock import Clock
from pulsepoint.ports.message_bus import MessageBus
from pulsepoint.runtime.crash import ARMED, crash_point

log = structlog.get_logger(__name__)
PREFIX = "/webhooks/shopify"
LONGEST_HEADER = 250
"""Characters kept of each header where one is too long for the bus: as UTF-8 well below the 1,024 bytes an attribute
may have in Pub/Sub (https://cloud.google.com/pubsub/quotas#resource_limits)."""
LINGER_BYTES = 64 * 1024 * 1024
LINGER_SECONDS = 5.0
"""Bytes of a body over the limit, and seconds, that are still taken off the wire after the answer."""

_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,128}", re.ASCII)
_CARRIED = ("topic", "api-version", "triggered-at", "webhook-id", "event-id")
# Deliveries of the newer Events carry the same headers without the prefix.
_NAMED, _NAMED_BY_EVENTS = (
    (
        f"{prefix}shopify-shop-domain".encode(),
        tuple((f"{prefix}shopify-{name}".encode(), f"shopify-{name}") for name in _CARRIED),
    )
    for prefix in ("x-", "")
)
SIGNATURE, SIGNATURE_OF_EVENTS = b"x-shopify-hmac-sha256", b"shopify-hmac-sha256"
LENGTH = b"content-length"

Response = tuple[ASGIMessage, ASGIMessage]
"""Start and body of an ASGI response."""


class WebhookPorts(Protocol):
    """The ports the webhook address needs."""

    @property
    def bus(self) -> MessageBus:
        """Where deliveries go."""
        ...

    @property
    def clock(self) -> Clock:
        """When they came."""
        ...


def _response(status: int, *more: tuple[bytes, bytes]) -> Response:
    headers = [(b"content-length", b"0"), *more]
    return {"type": "http.response.start", "status": status, "headers": headers}, {"type": "http.response.body"}


_CLOSE = (b"connection", b"close")
_OK = _response(200)
_BAD_REQUEST = _response(400, _CLOSE)
_UNSIGNED = _response(401)
_NOT_FOUND = _response(404)
_NOT_ALLOWED = _response(405, (b"allow", b"POST"))
_TOO_LARGE = _response(413, _CLOSE)
_UNAVAILABLE = _response(503, (b"retry-after", b"5"))


def webhook_app(ports: WebhookPorts, settings: Settings) -> ASGIApp:
    """The ASGI app of `POST /webhooks/shopify` and `/webhooks/shopify/{endpoint_token}`.

    200 once the bus has stored the delivery; 401 for a missing or wrong signature; 413 for a body over the
    limit, before it is read whole; 405, 404; 503 when the bus does not confirm, and Shopify sends it again.
    """
    keys = WebhookKeys(settings.webhook_secrets)
    limit, digits = settings.shopify_body_limit, len(str(settings.shopify_body_limit))
    routing = "header" if settings.routes_by_header else "token"
    publish, now, (started, ended) = ports.bus.publish, ports.clock.now, _OK

    async def deliver(scope: Scope, receive: Receive, send: Send) -> None:
        headers: dict[bytes, bytes] = dict(scope["headers"])
        carried = {"shopify-topic": "", "routing": routing}
        length = headers.get(LENGTH, b"0")
        as_ever = scope["path"] == PREFIX and scope["method"] == "POST" and length.isdigit() and len(length) < digits
        if not as_ever and (refusal := _refusal(scope, headers, carried, limit)) is not None:
            await _answer(send, refusal, unread=receive if refusal is _TOO_LARGE else None)
            return
        given = headers.get(SIGNATURE) or headers.get(SIGNATURE_OF_EVENTS)
        body, signed, more = await _read(receive, limit, keys, given) if given else (b"", None, False)
        if signed is None or len(body) > limit:
            refusal = _TOO_LARGE if len(body) > limit else _UNSIGNED
            await _answer(send, refusal, unread=receive if more else None)
            return
        if ARMED:
            crash_point("after_verify")
        _carry(headers, carried)
        message = raw_message(RAW_TOPIC, body, carried, signed, now())
        try:
            await publish((message,))
        except PulsepointError as error:
            await _answer(send, await _once_more(publish, message, error))
            return
        if ARMED:
            crash_point("after_publish_raw")
        await send(started)
        await send(ended)

    return deliver


def _carry(headers: dict[bytes, bytes], carried: dict[str, str]) -> None:
    shop, names = _NAMED if SIGNATURE in headers else _NAMED_BY_EVENTS
    carried["shop"] = headers.get(shop, b"").decode("latin-1").strip().lower()
    for name, attribute in names:
        if name in headers:
            carried[attribute] = headers[name].decode("latin-1")


async def _once_more(
    publish: Callable[[Sequence[Message]], Awaitable[None]], message: Message, error: PulsepointError
) -> Response:
    """The answer to a delivery the bus did not take as it came: its headers may be too long."""
    try:
        if isinstance(error, LimitExceeded):
            await publish((_shortened(message),))
            return _OK
    except PulsepointError as again:
        error = again
    log.warning("webhook.not_stored", error=type(error).__name__, told=str(error)[:300])
    return _UNAVAILABLE


def _shortened(message: Message) -> Message:
    topic, body, attributes = message
    return Message(topic, body, {name: value[:LONGEST_HEADER] for name, value in attributes.items()})


async def _answer(send: Send, response: Response, *, unread: Receive | None = None) -> None:
    await send(response[0])
    if unread is not None:
        await _drop(unread)
    await send(response[1])


async def _drop(receive: Receive) -> None:
    """Take what still comes off the wire, unseen: closing on unread bytes resets the connection, answer and all.

    nginx calls it a lingering close: https://nginx.org/en/docs/http/ngx_http_core_module.html#lingering_close
    """
    dropped = 0
    try:
        async with asyncio.timeout(LINGER_SECONDS):
            while dropped < LINGER_BYTES:
                message = await receive()
                dropped += len(message.get("body", b""))
                if not message.get("more_body", False):
                    return
    except TimeoutError:
        return


def _refusal(scope: Scope, headers: dict[bytes, bytes], carried: dict[str, str], limit: int) -> Response | None:
    """The answer to a request that is wrong before its body is read, else None; fills in `carried` from the path."""
    path: str = scope["path"]
    if path != PREFIX:
        slash, token = path[len(PREFIX) : len(PREFIX) + 1], path[len(PREFIX) + 1 :]
        if slash != "/" or (token and not _TOKEN.fullmatch(token)):
            return _NOT_FOUND
        if token:
            carried["endpoint-token"] = token
    if scope["method"] != "POST":
        return _NOT_ALLOWED
    length = headers.get(LENGTH, b"0")
    if not length.isdigit():
        return _BAD_REQUEST
    if len(length) > 18 or int(length) > limit:
        return _TOO_LARGE
    return None


async def _read(receive: Receive, limit: int, keys: WebhookKeys, given: bytes) -> tuple[bytes, str | None, bool]:
    """The body, its signature where it is the given one, and whether more is to come; see `_read_on`."""
    first = await receive()
    body: bytes = first.get("body", b"")
    if first.get("more_body", False):
        return await _read_on(body, receive, limit, keys.running(), given)
    return body, keys.signature(body, given), False


async def _read_on(
    body: bytes, receive: Receive, limit: int, signature: RunningSignature, given: bytes
) -> tuple[bytes, str | None, bool]:
    """`body` and what follows it, up to the part that passes `limit`; its signature; and whether more is to come.

    A sender that left sent nothing that verifies. What bodies that are not whole may hold together, the door bounds.
    """
    parts, size, more = [body], len(body), True
    signature.update(body)
    while more and size <= limit:
        message = await receive()
        part = message.get("body", b"")
        size += len(part)
        signature.update(part)
        parts.append(part)
        more = message.get("more_body", False)
    return b"".join(parts), signature.matches(given), more
