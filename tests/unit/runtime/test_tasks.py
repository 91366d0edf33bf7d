"""`/tasks/*` of a running service: the sweep and what the service declares, with the statuses a clock reads."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from starlette.types import Message as ASGIMessage

from pulsepoint.adapters.memory.clock import FixedClock
from pulsepoint.errors import EngineUnavailable
from pulsepoint.runtime.app import INTERNAL, SCHEDULED_FOR, Runtime, ServiceApp, create_app
from pulsepoint.runtime.routes import Routes
from pulsepoint.runtime.service import Service
from pulsepoint.runtime.settings import ServiceSettings
from tests.builders.runtime import memory_ports, no_engines

NOW = datetime(2026, 3, 1, 12, 0, 3, tzinfo=UTC)


class Clockwork:
    """A running attribution with a task of its own, which notes for when it was asked, or fails."""

    def __init__(self) -> None:
        self.runs: list[datetime] = []
        self.failure: Exception | None = None
        self.app: ServiceApp

    async def wind(self, runtime: Runtime, at: datetime) -> None:
        assert runtime is self.app.runtime
        if self.failure is not None:
            raise self.failure
        self.runs.append(at)

    async def ask(self, task: str, *headers: tuple[bytes, bytes], **scope: Any) -> int:
        statuses: list[int] = []

        async def receive() -> ASGIMessage:
            return {"type": "http.request", "body": b""}

        async def send(message: ASGIMessage) -> None:
            if message["type"] == "http.response.start":
                statuses.append(message["status"])

        request = {
            "type": "http",
            "method": "POST",
            "path": f"/tasks/{task}",
            "headers": list(headers),
            INTERNAL: True,
        }
        await self.app({**request, **scope}, receive, send)
        return statuses[0]


@pytest.fixture
async def clockwork() -> AsyncIterator[Clockwork]:
    @asynccontextmanager
    async def build(settings: Any, engines: Any) -> AsyncIterator[Any]:
        async with memory_ports("attribution", FixedClock(NOW)) as ports:
            yield ports

    made = Clockwork()
    service = Service("attribution", Routes(), tasks={"wind": made.wind})
    made.app = create_app(service, ServiceSettings(), build, engines=no_engines())
    async with made.app.open():
        yield made


async def test_a_declared_task_runs_and_the_sweep_stays(clockwork: Clockwork) -> None:
    assert [await clockwork.ask("wind"), await clockwork.ask("sweep")] == [204, 204]
    assert clockwork.runs == [NOW]


async def test_a_task_that_nobody_declares_is_not_found(clockwork: Clockwork) -> None:
    assert [await clockwork.ask(name) for name in ("unwind", "", "wind/", "sync")] == [404] * 4
    assert clockwork.runs == []


@pytest.mark.parametrize(
    ("header", "at"),
    [
        (b"2026-03-01T11:00:00Z", datetime(2026, 3, 1, 11, tzinfo=UTC)),
        (b"2026-03-01T11:00:00.123456789Z", datetime(2026, 3, 1, 11, 0, 0, 123456, tzinfo=UTC)),
        (b"2026-03-01T02:00:00+01:00", datetime(2026, 3, 1, 1, tzinfo=UTC)),
    ],
)
async def test_a_task_is_told_the_moment_it_was_scheduled_for(
    clockwork: Clockwork, header: bytes, at: datetime
) -> None:
    assert await clockwork.ask("wind", (SCHEDULED_FOR, header)) == 204
    assert clockwork.runs == [at]


@pytest.mark.parametrize("header", [b"at noon", b"\xff", b"0001-01-01T00:00:00+14:00"])
async def test_a_moment_that_cannot_be_read_is_refused(clockwork: Clockwork, header: bytes) -> None:
    assert await clockwork.ask("wind", (SCHEDULED_FOR, header)) == 400
    assert clockwork.runs == []


@pytest.mark.parametrize(("failure", "status"), [(EngineUnavailable("no bus"), 503), (KeyError("a defect"), 500)])
async def test_a_failed_task_says_whether_asking_again_may_help(
    clockwork: Clockwork, failure: Exception, status: int
) -> None:
    clockwork.failure = failure
    assert await clockwork.ask("wind") == status
    clockwork.failure = None
    assert await clockwork.ask("wind") == 204


async def test_nobody_asks_for_a_task_without_a_token(clockwork: Clockwork) -> None:
    assert await clockwork.ask("wind", **{INTERNAL: False}) == 403
    assert clockwork.runs == []
