"""The peers benchmarks compare with, and our webhook endpoint over chosen engines, as uvicorn factories."""

from __future__ import annotations

import asyncio
import base64
import hmac
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

from fastapi import FastAPI
from pydantic import SecretStr

SECRET = "bench-secret-of-no-importance-0001"


def empty_app() -> FastAPI:
    """The least a FastAPI service can be."""
    app = FastAPI()

    @app.get("/healthz")
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    return app


def bare_hmac_app() -> Any:
    """The floor: read the body, check the HMAC, answer 200."""
    key = SECRET.encode()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        sent = b""
        for name, value in scope["headers"]:
            if name == b"x-shopify-hmac-sha256":
                sent = value
        expected = base64.b64encode(hmac.digest(key, body, "sha256"))
        status = 200 if hmac.compare_digest(expected, sent) else 401
        await send({"type": "http.response.start", "status": status, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})

    return app


class _Opened:
    """An ASGI app whose inside is made by an async context manager at start-up."""

    def __init__(self, opened: Any) -> None:
        self._opened = opened
        self._app: Any = None
        self._stack = AsyncExitStack()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "lifespan":
            await self._app(scope, receive, send)
            return
        await receive()
        self._app = await self._stack.enter_async_context(self._opened())
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._stack.aclose()
        await send({"type": "lifespan.shutdown.complete"})


def _webhook(bus: Any, clock: Any) -> Any:
    """The public webhook address over a bus."""
    from ingest_shopify.endpoints import webhook_app
    from ingest_shopify.settings import Settings

    @dataclass(frozen=True)
    class Ports:
        bus: Any
        clock: Any

    return webhook_app(Ports(bus, clock), Settings(shopify_api_secret=SecretStr(SECRET)))


def webhook_on_memory() -> Any:
    """Our endpoint: verify, publish to the memory bus, answer."""
    from pulsepoint.adapters.memory.message_bus import MemoryMessageBus
    from pulsepoint.adapters.system_clock import SystemClock

    @asynccontextmanager
    async def opened() -> AsyncIterator[Any]:
        clock = SystemClock()
        bus = MemoryMessageBus(clock)
        forgetting = asyncio.create_task(_forget(bus))
        yield _webhook(bus, clock)
        forgetting.cancel()

    return _Opened(opened)


async def _forget(bus: Any) -> None:
    """Nobody consumes here: without this the run measures the growth of the heap, and bodies that left the cache."""
    while True:
        await asyncio.sleep(0.001)
        bus.published.clear()
        for queue in bus._queues.values():
            queue.fresh.clear()


def webhook_on_postgres() -> Any:
    """Our endpoint: verify, commit to the PostgreSQL queue, answer. BENCH_DSN names the database."""
    from pulsepoint.adapters.postgres.message_bus import PostgresMessageBus
    from pulsepoint.adapters.postgres.pool import open_pool, prepare
    from pulsepoint.adapters.system_clock import SystemClock

    @asynccontextmanager
    async def opened() -> AsyncIterator[Any]:
        clock = SystemClock()
        async with open_pool(await prepare(os.environ["BENCH_DSN"])) as pool:
            yield _webhook(PostgresMessageBus(pool, clock), clock)

    return _Opened(opened)


BENCH_PROJECT = "pulsepoint-bench"


def service_on_pubsub() -> Any:
    """The whole ingest service: verify, let Pub/Sub confirm, answer. PUBSUB_EMULATOR_HOST names the emulator."""
    from pulsepoint.adapters.pubsub import open_pubsub

    return _service(lambda: open_pubsub(BENCH_PROJECT))


def service_on_pubsub_futures() -> Any:
    """The same, awaiting the future that the vendor's client gives for each message, with its default batching."""
    from google.cloud.pubsub_v1 import PublisherClient

    @dataclass(frozen=True)
    class AwaitedFutures:
        client: Any

        async def publish(self, messages: Any) -> None:
            for message in messages:
                path = f"projects/{BENCH_PROJECT}/topics/{message.topic}"
                await asyncio.wrap_future(self.client.publish(path, message.data, **message.attributes))

    @asynccontextmanager
    async def opened() -> AsyncIterator[Any]:
        yield AwaitedFutures(PublisherClient())

    return _service(opened)


def _service(open_bus: Any) -> Any:
    """The ingest service over a bus, its other engines in memory."""
    from ingest_shopify.bootstrap import build
    from ingest_shopify.main import SERVICE
    from ingest_shopify.settings import Settings
    from pulsepoint.runtime.app import create_app
    from pulsepoint.runtime.engines import open_engines

    @asynccontextmanager
    async def opened() -> AsyncIterator[Any]:
        settings = Settings(shopify_api_secret=SecretStr(SECRET))
        async with open_bus() as bus, open_engines(settings) as engines:
            app = create_app(SERVICE, settings, build, engines=replace(engines, bus=bus))
            async with app.open():
                yield app

    return _Opened(opened)
