"""The instance: seven services in one process, on embedded engines, behind one public origin.

Events cross as serialised push bodies into each app over ASGI, each in a fresh context, so that a broken
propagation shows here as it would between machines. `/push/*` and `/tasks/*` are not reachable from outside.
"""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from contextvars import Context
from dataclasses import dataclass
from datetime import datetime

import httpx
import orjson
import structlog
from starlette.types import Message as ASGIMessage
from starlette.types import Receive, Scope, Send

from deploy.local.erasures import make_erasures_again
from deploy.local.routes import HIDDEN, INGRESS, UNHURRIED
from deploy.local.schedule import keep_schedule
from deploy.local.services import service_apps
from deploy.local.settings import InstanceSettings
from pulsepoint.ports.message_bus import Delivery, Push, PushEngine
from pulsepoint.runtime.app import INTERNAL, SCHEDULED_FOR, ServiceApp, answer
from pulsepoint.runtime.engines import Engines, open_engines
from pulsepoint.runtime.security_headers import BARE, with_headers
from pulsepoint.runtime.settings import ServiceSettings

log = structlog.get_logger(__name__)
RESTART_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Instance:
    """A running instance: the public ASGI app, and what runs behind it."""

    apps: dict[str, ServiceApp]
    engines: Engines
    login: tuple[str, str]
    first_start: bool

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The public origin: webhooks to ingest-shopify, the rest to the gateway."""
        path: str = scope.get("path", "")
        if path.startswith(HIDDEN):
            await answer(with_headers(send, BARE), 404)
        elif path.startswith(INGRESS):
            await self.apps["ingest-shopify"](scope, receive, send)
        else:
            await self.apps["gateway"](scope, receive, send)

    def client(self) -> httpx.AsyncClient:
        """A client of the public origin in this process, by relative URLs; the caller closes it."""
        return httpx.AsyncClient(transport=httpx.ASGITransport(self), base_url="http://instance")

    async def waiting(self) -> int:
        """The count of messages in the queues, but for those whose backlog delays nobody."""
        depth = getattr(self.engines.push_engine, "depth", None)
        queues = await depth() if depth is not None else {}
        return sum(
            int(queue["waiting"] + queue["in_flight"]) for name, queue in queues.items() if name not in UNHURRIED
        )

    def end_streams(self) -> None:
        """Ends the streams that pages follow live, if any."""
        runtime = self.apps["gateway"].runtime
        if runtime is not None:
            runtime.ports.live.close()

    async def push(self, delivery: Delivery) -> int:
        """Deliver one push to its service, as the bytes Pub/Sub would send, in a context of its own."""
        app = self.apps[delivery.subscription.split(".", 1)[0]]
        task = asyncio.create_task(post(app, f"/push/{delivery.subscription}", push_body(delivery)), context=Context())
        return await task

    async def ask(self, task: str, at: datetime) -> int:
        """Asks the gateway for a task due at `at`, as Cloud Scheduler would; the HTTP status, 204 for done."""
        header = (SCHEDULED_FOR, at.isoformat().encode())
        request = asyncio.create_task(post(self.apps["gateway"], f"/tasks/{task}", b"", header), context=Context())
        return await request


def push_body(delivery: Delivery) -> bytes:
    """The JSON body of a push (https://cloud.google.com/pubsub/docs/push#receive_push)."""
    message = delivery.message
    return orjson.dumps(
        {
            "subscription": f"projects/local/subscriptions/{delivery.subscription}",
            "deliveryAttempt": delivery.attempt,
            "message": {
                "messageId": delivery.message_id,
                "publishTime": delivery.publish_time,
                "attributes": message.attributes,
                "data": b64encode(message.data).decode(),
            },
        }
    )


async def post(app: ServiceApp, path: str, body: bytes, *headers: tuple[bytes, bytes]) -> int:
    """The HTTP status of a request that this process makes itself; 500 where the app ends without one."""
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(b"content-type", b"application/json"), *headers],
        "client": None,
        "server": None,
        INTERNAL: True,
    }
    status = 500

    async def receive() -> ASGIMessage:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: ASGIMessage) -> None:
        nonlocal status
        if message["type"] == "http.response.start":
            status = message["status"]

    await app(scope, receive, send)
    return status


@asynccontextmanager
async def open_instance(settings: InstanceSettings) -> AsyncIterator[Instance]:
    """Starts engines, services and delivery, as a context manager; on exit delivery stops first, engines last."""
    async with AsyncExitStack() as stack:
        engines = await stack.enter_async_context(
            open_engines(ServiceSettings(profile="embedded", home=settings.home, log_level=settings.log_level))
        )
        apps, login, first_start = await service_apps(settings, engines)
        for app in apps.values():
            await stack.enter_async_context(app.open())
        await make_erasures_again(apps["ingest-shopify"], settings.home)
        instance = Instance(apps, engines, login, first_start)
        assert engines.push_engine is not None
        delivery = asyncio.create_task(keep_delivering(engines.push_engine, instance.push), name="push-engine")
        stack.push_async_callback(_stop, delivery)
        schedule = asyncio.create_task(keep_schedule(engines.clock, settings.timezone, instance.ask), name="schedule")
        stack.push_async_callback(_stop, schedule)
        yield instance


async def keep_delivering(
    engine: PushEngine, push: Push, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
) -> None:
    """Run the push engine without end: one that ends by itself would leave everything waiting and nobody the wiser."""
    while True:
        try:
            await engine.run(push)
        except Exception:
            log.exception("push_engine.ended")
        await sleep(RESTART_SECONDS)


async def _stop(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
