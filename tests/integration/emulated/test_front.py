"""The front routes by path, hides what is internal, and passes bytes through unchanged."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from deploy.emulated.front import FrontSettings, create_front

SETTINGS = FrontSettings(front_ingress="http://ingress.local", front_gateway="http://gateway.local")


async def streamed(*chunks: bytes) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


class Far:
    """Plays both services; keeps the last request. The first `refusals` find nobody."""

    def __init__(self, answered: httpx.Response | Exception | None = None, refusals: int = 0) -> None:
        self.calls, self.refusals = 0, refusals
        self.request: httpx.Request | None = None
        self.answered = answered or httpx.Response(200, content=streamed(b"ok"))

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        self.request = request
        self.calls += 1
        if self.calls <= self.refusals:
            raise httpx.ConnectError("refused")
        if isinstance(self.answered, Exception):
            raise self.answered
        return self.answered


async def ask(far: Far, method: str, path: str, **options: Any) -> httpx.Response:
    app = create_front(SETTINGS, httpx.MockTransport(far))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://front.local") as client:
        return await client.request(method, path, **options)


@pytest.mark.parametrize(
    ("path", "host"),
    [
        ("/webhooks/shopify", "ingress.local"),
        ("/webhooks/shopify/token", "ingress.local"),
        ("/webhooks/slack/interactions", "gateway.local"),
        ("/api/brands?limit=3&x=%2F", "gateway.local"),
        ("/", "gateway.local"),
    ],
)
async def test_paths_reach_their_service(path: str, host: str) -> None:
    far = Far()
    assert (await ask(far, "POST", path, content=b"\x00raw")).status_code == 200
    assert far.request is not None
    assert (far.request.url.host, far.request.url.raw_path.decode(), far.request.content) == (host, path, b"\x00raw")
    assert far.request.headers["x-forwarded-for"] == "127.0.0.1"
    assert far.request.headers["content-length"] == "4"


@pytest.mark.parametrize("path", ["/push/gateway.alerts", "/tasks/sweep", "/push/", "/tasks/"])
async def test_what_is_internal_is_not_there(path: str) -> None:
    far = Far()
    assert (await ask(far, "POST", path, headers={"authorization": "Bearer x"})).status_code == 404
    assert far.request is None


async def test_a_request_waits_for_a_service_that_restarts() -> None:
    far = Far(refusals=2)
    assert (await ask(far, "POST", "/webhooks/shopify", content=b"order")).content == b"ok"
    assert far.request is not None and far.request.content == b"order"


async def test_a_request_that_a_dying_service_may_have_served_is_not_repeated_here() -> None:
    far = Far(httpx.ReadError("reset"))
    answered = await ask(far, "POST", "/webhooks/shopify")
    assert (answered.status_code, answered.headers["retry-after"], far.calls) == (503, "1", 1)


async def test_answers_come_through_as_they_are() -> None:
    headers = [("content-type", "text/event-stream"), ("set-cookie", "a=1"), ("set-cookie", "b=2"), ("connection", "x")]
    answered = await ask(
        Far(httpx.Response(206, headers=headers, content=streamed(b"event: one\n\n", b"event: two\n\n"))),
        "GET",
        "/api/events",
    )
    assert (answered.status_code, answered.content) == (206, b"event: one\n\nevent: two\n\n")
    assert answered.headers.get_list("set-cookie") == ["a=1", "b=2"]
    assert "connection" not in answered.headers
