"""The emulator of BigQuery served to a test, with every request it got, and the ways in which it can fail."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from google.api_core.client_options import ClientOptions
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from deploy.emulated.fakes.bigquery import create_app
from pulsepoint.adapters.bigquery.warehouse import Caps, open_bigquery
from pulsepoint.ports.clock import Clock
from tests.builders.stubs import serving

PROJECT = "test-project"
REGION = "europe-west1"


@dataclass(frozen=True, slots=True)
class Call:
    """One request, with the body as it came."""

    method: str
    path: str
    body: dict[str, Any]


@dataclass(slots=True)
class Served:
    """An emulator at `endpoint`.

    `before` is awaited ahead of each request, `failing` answers 503 that many times, and `answers` are given, one a
    request, in place of the emulator's own where a path ends as the key says.
    """

    app: ASGIApp
    endpoint: str = ""
    calls: list[Call] = field(default_factory=list)
    failing: int = 0
    answers: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    before: Callable[[Call], Any] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        raw = b""
        more = scope["type"] == "http"
        while more:
            message = await receive()
            raw, more = raw + message.get("body", b""), message.get("more_body", False)
        call = Call(scope["method"], scope["path"].partition(f"/projects/{PROJECT}")[2], json.loads(raw or b"{}"))
        self.calls.append(call)
        if self.before is not None:
            await self.before(call)
        if self.failing:
            self.failing -= 1
            await JSONResponse({}, status_code=503)(scope, receive, send)
            return
        for end, waiting in self.answers.items():
            if waiting and call.path.endswith(end):
                await JSONResponse(waiting.pop(0))(scope, receive, send)
                return
        request_messages = [{"type": "http.request", "body": raw, "more_body": False}]

        async def again() -> Any:
            return request_messages.pop() if request_messages else await receive()

        await self.app(scope, again, send)

    def sent(self, method: str, path_end: str) -> list[Call]:
        """The requests of one kind."""
        return [call for call in self.calls if call.method == method and call.path.endswith(path_end)]

    def client(self) -> bigquery.Client:
        """Google's client, as an operator would use it."""
        return bigquery.Client(
            project=PROJECT,
            credentials=AnonymousCredentials(),  # type: ignore[no-untyped-call]
            client_options=ClientOptions(api_endpoint=self.endpoint),
        )

    def warehouse(
        self,
        *,
        caps: Caps | None = None,
        clock: Clock | None = None,
        region: str = REGION,
        kms_key: str | None = None,
        service: str | None = None,
        accounts_project: str | None = None,
    ) -> Any:
        """The adapter on this emulator, an async context manager."""
        return open_bigquery(
            PROJECT,
            region=region,
            endpoint=self.endpoint,
            caps=caps,
            clock=clock,
            kms_key=kms_key,
            service=service,
            accounts_project=accounts_project,
        )


@asynccontextmanager
async def served_bigquery(**settings: Any) -> AsyncIterator[Served]:
    """An emulator of one's own; settings are those of `create_app`."""
    served = Served(create_app(**settings))
    async with serving(served) as address:
        served.endpoint = address
        yield served


def queries(calls: Sequence[Call]) -> list[dict[str, Any]]:
    """The queries among requests: of questions and of jobs."""
    jobs = [call.body for call in calls if call.path.endswith("/queries")]
    return jobs + [
        {**call.body["configuration"]["query"], "labels": call.body["configuration"].get("labels")}
        for call in calls
        if call.method == "POST" and call.path.endswith("/jobs")
    ]
