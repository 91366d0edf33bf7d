"""Outside platforms on loopback, for instances that run as processes of their own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route


class SlackInbox:
    """An incoming webhook that keeps what it is sent."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []
        self.app = Starlette(routes=[Route("/services/{rest:path}", self._receive, methods=["POST"])])

    async def _receive(self, request: Request) -> PlainTextResponse:
        self.messages.append(await request.json())
        return PlainTextResponse("ok")


@asynccontextmanager
async def serving(app: Any) -> AsyncIterator[str]:
    """`app` on a free loopback port; yields its base URL."""
    config = uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error", lifespan="off")
    server = uvicorn.Server(config)
    server.config.load()
    server.lifespan = config.lifespan_class(config)
    await server.startup()
    try:
        port = server.servers[0].sockets[0].getsockname()[1]
        main = asyncio.create_task(server.main_loop())
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        await main
        await server.shutdown()
