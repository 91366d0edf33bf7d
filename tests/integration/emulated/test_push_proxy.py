"""The push proxy stands for Google towards a real service app: its tokens let in, its attempts count."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from cryptography.hazmat.primitives import serialization

from deploy.emulated.push_proxy import ProxySettings, PushProxy, create_proxy
from pulsepoint.adapters.system_clock import SystemClock
from pulsepoint.events.catalog import BY_NAME
from pulsepoint.runtime.app import scheduled_for
from pulsepoint.runtime.push_auth import PushAuth, SigningKeys
from tests.builders.push_tokens import private_key

TARGET = "http://alerting.local"
GATEWAY = "http://gateway.local"
EMAIL = "push@emulated.iam.gserviceaccount.com"
SUBSCRIPTION = "alerting.insights"


class Far:
    """Plays the service behind the proxy: remembers requests, answers what it is told."""

    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []
        self.answers: list[int | Exception] = []

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        status = self.answers.pop(0) if self.answers else 204
        if isinstance(status, Exception):
            raise status
        return httpx.Response(status)


def settings_in(folder: Path) -> ProxySettings:
    path = folder / "key.pem"
    path.write_bytes(
        private_key().private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return ProxySettings(
        proxy_targets={"alerting": TARGET, "gateway": GATEWAY},
        proxy_key_file=path,
        proxy_sweep_seconds=0,
        push_service_account=EMAIL,
    )


@asynccontextmanager
async def proxied(folder: Path, far: Far) -> AsyncIterator[httpx.AsyncClient]:
    app = create_proxy(settings_in(folder), httpx.MockTransport(far))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://proxy") as client:
        yield client


async def push(client: httpx.AsyncClient, message_id: str, subscription: str = SUBSCRIPTION) -> int:
    body = {"message": {"messageId": message_id, "data": "e30=", "attributes": {"a": "b"}}, "subscription": "s"}
    return (await client.post(f"/push/{subscription}", json=body)).status_code


async def backlog(client: httpx.AsyncClient) -> dict[str, int]:
    queue: dict[str, Any] = (await client.get("/backlog")).json()[SUBSCRIPTION]
    assert queue.pop("quiet_seconds") >= 0
    return queue


async def test_its_tokens_pass_every_check_of_a_service(tmp_path: Path) -> None:
    far = Far()
    async with proxied(tmp_path, far) as client:
        assert await push(client, "1") == 204

        async def fetch(url: str) -> bytes:
            return (await client.get(url)).content

        keys = SigningKeys("/certs", SystemClock(), fetch)
        [request] = far.requests
        assert str(request.url) == f"{TARGET}/push/{SUBSCRIPTION}"
        for audience, status in ((TARGET, 200), ("http://gateway.local", 403)):
            auth = PushAuth(keys, SystemClock(), audience=audience, email=EMAIL)
            assert await auth.status([(name.lower(), value) for name, value in request.headers.raw]) == status


async def test_it_asks_the_gateway_for_tasks_as_the_scheduler_does(tmp_path: Path) -> None:
    far, due = Far(), datetime(2026, 3, 1, 2, tzinfo=UTC)
    async with httpx.AsyncClient(transport=httpx.MockTransport(far)) as http:
        proxy = PushProxy(settings_in(tmp_path), http)
        assert await proxy.ask("analysis", due) == 204

        async def fetch(url: str) -> bytes:
            return orjson.dumps(proxy.signer.key_set())

        auth = PushAuth(SigningKeys("/certs", SystemClock(), fetch), SystemClock(), audience=GATEWAY, email=EMAIL)
        [request] = far.requests
        headers = [(name.lower(), value) for name, value in request.headers.raw]
        assert (request.method, str(request.url)) == ("POST", f"{GATEWAY}/tasks/analysis")
        assert scheduled_for(headers) == due
        assert await auth.status(headers) == 200


async def test_attempts_are_counted_until_one_is_acknowledged(tmp_path: Path) -> None:
    far = Far()
    far.answers = [503, httpx.ReadError("gone"), 500, 204, 204]
    async with proxied(tmp_path, far) as client:
        assert [await push(client, "1") for _ in range(4)] == [503, 503, 500, 204]
        assert await push(client, "2") == 204
        pushes = [orjson.loads(request.content) for request in far.requests]
        assert [each["deliveryAttempt"] for each in pushes] == [1, 2, 3, 4, 1]
        assert pushes[0]["message"]["attributes"] == {"a": "b"}


async def test_a_push_waits_for_a_service_that_restarts(tmp_path: Path) -> None:
    far = Far()
    far.answers = [httpx.ConnectError("refused"), httpx.ConnectError("refused"), 204]
    async with proxied(tmp_path, far) as client:
        assert await push(client, "1") == 204
        assert [orjson.loads(request.content)["deliveryAttempt"] for request in far.requests] == [1, 1, 1]


async def test_the_backlog_holds_what_failed_until_it_is_acknowledged_or_given_up(tmp_path: Path) -> None:
    far = Far()
    last = BY_NAME[SUBSCRIPTION].max_attempts
    far.answers = [503, 204, *[503] * last]
    async with proxied(tmp_path, far) as client:
        await push(client, "1")
        assert await backlog(client) == {"in_flight": 0, "waiting": 1, "acknowledged": 0}
        await push(client, "1")
        assert await backlog(client) == {"in_flight": 0, "waiting": 0, "acknowledged": 1}
        for attempt in range(last):
            await push(client, "2")
            assert (await backlog(client))["waiting"] == (1 if attempt + 1 < last else 0)


@pytest.mark.parametrize(("subscription", "body", "status"), [("nobody.orders", b"{}", 400), (SUBSCRIPTION, b"x", 400)])
async def test_what_is_no_push_is_refused(tmp_path: Path, subscription: str, body: bytes, status: int) -> None:
    async with proxied(tmp_path, Far()) as client:
        assert (await client.post(f"/push/{subscription}", content=body)).status_code == status
        assert await push(client, "1", "nobody.orders") == 404
