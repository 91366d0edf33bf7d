"""Slack's incoming webhooks, and a page that shows what came, newest first.

https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks
"""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from sandbox.platforms.block_kit import InvalidMessage, check_message
from sandbox.platforms.clock import wall_time
from sandbox.platforms.slack_page import FOLLOW, STYLE, page

KEPT = 200
LARGEST_BODY = 200_000
_TRACE = re.compile(r"`([0-9a-f]{32})`")
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none';"
    " frame-ancestors 'none'"
)


def trace_of(message: Mapping[str, Any]) -> str | None:
    """The trace id that a message shows as code in its context, in any language; None where it shows none."""
    context = [block for block in message.get("blocks", []) if block["type"] == "context"]
    match = _TRACE.search(json.dumps(context))
    return match.group(1) if match else None


@dataclass(frozen=True, slots=True)
class Message:
    """A message that was taken; `number` counts them from 1."""

    number: int
    channel: str
    received_at: datetime
    body: dict[str, object]

    @property
    def trace_id(self) -> str | None:
        """The trace the message names, if any."""
        return trace_of(self.body)

    def as_json(self) -> dict[str, object]:
        """The message as JSON, as the list has it."""
        summary = {"number": self.number, "channel": self.channel, "received_at": self.received_at.isoformat()}
        return {**summary, "trace_id": self.trace_id, "message": self.body}


class SlackFace:
    """Incoming webhooks below `/services/`; the newest 200 messages are kept in memory."""

    def __init__(self, *, trace_url: str = "", now: Callable[[], datetime] = wall_time) -> None:
        """`trace_url` is where a trace is shown, its id appended; empty: traces are not linked."""
        self._trace_url = trace_url
        self._now = now
        self._count = 0
        self.messages: deque[Message] = deque(maxlen=KEPT)

    def routes(self) -> list[BaseRoute]:
        """The webhook, the messages as JSON (`?after=` a number), the page, its style and its script."""
        return [
            Route("/services/{channel:path}", self._receive, methods=["POST"]),
            Route("/messages", self._list),
            Route("/", self._page),
            Route("/style.css", self._style),
            Route("/follow.js", self._follow),
        ]

    async def _receive(self, request: Request) -> Response:
        raw = await _limited(request)
        if raw is None:
            return PlainTextResponse("invalid_payload", 400)
        try:
            body = check_message(json.loads(raw))
        except InvalidMessage as error:
            return PlainTextResponse(error.code, 400)
        except (ValueError, RecursionError):
            return PlainTextResponse("invalid_payload", 400)
        self._count += 1
        channel = request.path_params["channel"][:100]
        self.messages.appendleft(Message(self._count, channel, self._now(), body))
        return PlainTextResponse("ok")

    async def _list(self, request: Request) -> Response:
        after = request.query_params.get("after", "0")
        newer = [
            message.as_json() for message in self.messages if message.number > (int(after) if after.isdecimal() else 0)
        ]
        return JSONResponse({"messages": newer})

    async def _page(self, request: Request) -> Response:
        html = page(
            [(message.received_at, message.body, message.trace_id) for message in self.messages],
            self._trace_url,
            self._now(),
        )
        return HTMLResponse(html, headers={"content-security-policy": POLICY, "cache-control": "no-store"})

    async def _style(self, request: Request) -> Response:
        return Response(STYLE, media_type="text/css")

    async def _follow(self, request: Request) -> Response:
        return Response(FOLLOW, media_type="text/javascript")


async def _limited(request: Request) -> bytes | None:
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > LARGEST_BODY:
            return None
    return bytes(body)
