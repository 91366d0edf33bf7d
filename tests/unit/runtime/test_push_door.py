"""`/push/*` and `/tasks/*` of a running service: nobody without a token gets as far as having the body read."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from starlette.types import Message as ASGIMessage

from pulsepoint.adapters.memory.clock import FixedClock
from pulsepoint.events.envelope import Event, encode, new_event
from pulsepoint.events.orders import OrderDeleted
from pulsepoint.runtime.app import INTERNAL, ServiceApp, create_app
from pulsepoint.runtime.outcome import NOTHING, Outcome, Reader
from pulsepoint.runtime.routes import Routes, on
from pulsepoint.runtime.service import Service
from pulsepoint.runtime.settings import ServiceSettings
from pulsepoint.tenancy import TenantContext
from tests.builders.push_tokens import AUDIENCE, EMAIL, claims, key_set, token
from tests.builders.runtime import memory_ports, no_engines, push_of

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
BRAND = TenantContext(UUID(int=7), UUID(int=8))


class Door:
    """A running attribution; `post` answers the status and counts how often the body was asked for."""

    def __init__(self, app: ServiceApp, handled: list[Event]) -> None:
        self.app = app
        self.handled = handled
        self.read = 0

    async def post(
        self, path: str, bearer: str | None, method: str = "POST", body: bytes | None = None, **scope: Any
    ) -> int:
        payload = OrderDeleted(order_id="1")
        event = new_event(payload, source="ingest-shopify", entity="1", version=1, scope=BRAND)
        body = push_of(encode(event, "orders")) if body is None else body
        statuses: list[int] = []

        async def receive() -> ASGIMessage:
            self.read += 1
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: ASGIMessage) -> None:
            if message["type"] == "http.response.start":
                statuses.append(message["status"])

        headers = [] if bearer is None else [(b"authorization", f"Bearer {bearer}".encode())]
        await self.app({"type": "http", "method": method, "path": path, "headers": headers, **scope}, receive, send)
        return statuses[0]


@asynccontextmanager
async def opened(**settings: Any) -> AsyncIterator[Door]:
    handled: list[Event] = []

    async def note(reader: Reader, event: Event) -> Outcome:
        handled.append(event)
        return NOTHING

    @asynccontextmanager
    async def build(settings: Any, engines: Any) -> AsyncIterator[Any]:
        async with memory_ports("attribution", FixedClock(NOW)) as ports:
            yield ports

    service = Service("attribution", Routes(on(OrderDeleted, note)))
    app = create_app(service, ServiceSettings(**settings), build, engines=no_engines())
    async with app.open():
        yield Door(app, handled)


@asynccontextmanager
async def guarded(folder: Path, **settings: Any) -> AsyncIterator[Door]:
    published = folder / "keys.json"
    published.write_bytes(key_set())
    push_settings = {"push_audience": AUDIENCE, "push_service_account": EMAIL, "push_keys_url": published.as_uri()}
    async with opened(**push_settings, **settings) as door:
        yield door


@pytest.mark.parametrize("path", ["/push/attribution.orders", "/tasks/sweep"])
async def test_a_good_token_is_let_in(tmp_path: Path, path: str) -> None:
    async with guarded(tmp_path) as door:
        assert await door.post(path, token(claims(NOW))) == 204
        assert len(door.handled) == (1 if path.startswith("/push/") else 0)


@pytest.mark.parametrize("path", ["/push/attribution.orders", "/tasks/sweep", "/push/", "/tasks/none"])
@pytest.mark.parametrize(
    ("changed", "status"), [(None, 401), ({"exp": 0}, 401), ({"aud": "other"}, 403), ({"email": "other"}, 403)]
)
async def test_a_bad_token_is_refused_before_the_body_is_read(
    tmp_path: Path, path: str, changed: dict[str, Any] | None, status: int
) -> None:
    async with guarded(tmp_path) as door:
        assert await door.post(path, None if changed is None else token(claims(NOW, **changed))) == status
        assert (door.read, door.handled) == (0, [])


@pytest.mark.parametrize("bearer", [None, token(claims(NOW))])
async def test_nobody_pushes_over_the_network_where_no_account_is_named(bearer: str | None) -> None:
    async with opened(push_audience=AUDIENCE) as door:
        assert await door.post("/push/attribution.orders", bearer) == 403
        assert (door.read, door.handled) == (0, [])


async def test_the_process_itself_pushes_without_a_token(tmp_path: Path) -> None:
    async with opened() as door:
        assert await door.post("/push/attribution.orders", None, "POST", None, **{INTERNAL: True}) == 204
        assert len(door.handled) == 1


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b'{"message": null}',
        b'{"message": {"data": "%"}}',
        b'{"message": {"attributes": ["ce-type"]}}',
        b'{"message": {"attributes": {"ce-type": ["order.deleted"]}}}',
        b'{"message": {"attributes": {"ce-type": "order.deleted", "traceparent": 7}}}',
        b'{"message": {}, "deliveryAttempt": "often"}',
    ],
)
async def test_what_is_no_push_body_is_refused(tmp_path: Path, body: bytes) -> None:
    async with guarded(tmp_path) as door:
        assert await door.post("/push/attribution.orders", token(claims(NOW)), body=body) == 400
        assert door.handled == []


async def test_only_posts_are_pushes(tmp_path: Path) -> None:
    async with guarded(tmp_path) as door:
        assert await door.post("/push/attribution.orders", token(claims(NOW)), "GET") == 405
        assert door.handled == []


async def test_a_path_that_only_looks_like_a_push_reaches_no_handler(tmp_path: Path) -> None:
    async with guarded(tmp_path) as door:
        for path in ("//push/attribution.orders", "/PUSH/attribution.orders", "/push", "/x/../push/attribution.orders"):
            assert await door.post(path, None, query_string=b"", root_path="", raw_path=path.encode()) == 404, path
        assert door.handled == []
