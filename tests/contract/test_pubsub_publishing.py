from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from google.api_core import exceptions
from google.pubsub_v1.types import PublishRequest

from pulsepoint.adapters.pubsub import PubSubMessageBus, open_pubsub
from pulsepoint.adapters.pubsub.errors import VENDOR_ERRORS, WORTH_ANOTHER_TRY, translated
from pulsepoint.adapters.pubsub.provision import provision
from pulsepoint.errors import EngineUnavailable, MalformedInput
from pulsepoint.events.envelope import Message
from tests.builders.pubsub import fresh_project
from tests.contract.suites.message_bus import message


class Requests:
    """A client that answers after `go`, refuses what holds `bad`, and remembers the sizes of requests.

    It raises its `fault`, once only where it is `passing`.
    """

    def __init__(self) -> None:
        self.requested, self.go = asyncio.Event(), asyncio.Event()
        self.sent: list[tuple[str, int]] = []
        self.bytes: list[int] = []
        self.fault: Exception | None = None
        self.passing = False

    async def __call__(self, request: bytes, **options: Any) -> None:
        raw = PublishRequest.deserialize(request)
        assert options["metadata"] == (("x-goog-request-params", f"topic={raw.topic}"),)
        self.sent.append((raw.topic.rsplit("/", 1)[-1], len(raw.messages)))
        self.bytes.append(len(request))
        self.requested.set()
        await self.go.wait()
        if self.fault is not None:
            fault, self.fault = self.fault, None if self.passing else self.fault
            raise fault
        if any(each.data == b"bad" for each in raw.messages):
            raise exceptions.InvalidArgument("one is bad")  # type: ignore[no-untyped-call]


def bus_of(client: Requests, deadline: float = 20.0) -> PubSubMessageBus:
    return PubSubMessageBus(client, "project", deadline=deadline)


def all_errors(root: type[Exception]) -> Iterator[type[Exception]]:
    for kind in root.__subclasses__():
        yield kind
        yield from all_errors(kind)


async def test_what_waits_for_one_topic_goes_in_one_request() -> None:
    client = Requests()
    client.go.set()
    bus = bus_of(client)
    await asyncio.gather(*(bus.publish([message(topic)]) for topic in ("one", "two") for _ in range(30)))
    assert sorted(client.sent) == [("one", 30), ("two", 30)]


async def test_while_a_request_is_on_its_way_the_next_fills() -> None:
    client = Requests()
    bus = bus_of(client)
    first = asyncio.create_task(bus.publish([message("topic")]))
    await asyncio.wait_for(client.requested.wait(), 10)
    others = [asyncio.create_task(bus.publish([message("topic")])) for _ in range(50)]
    await asyncio.sleep(0)
    client.go.set()
    await asyncio.gather(first, *others)
    assert client.sent == [("topic", 1), ("topic", 50)]


async def test_a_message_that_waits_behind_a_silent_request_is_unavailable_in_time() -> None:
    client = Requests()
    bus = bus_of(client, deadline=0.05)
    async with asyncio.timeout(10):
        done = await asyncio.gather(
            bus.publish([message("topic")]), bus.publish([message("topic")]), return_exceptions=True
        )
        late = await asyncio.gather(bus.publish([message("topic")]), return_exceptions=True)
    assert [type(outcome) for outcome in (*done, *late)] == [EngineUnavailable] * 3
    client.go.set()


async def test_requests_stay_within_pub_subs_limits() -> None:
    client = Requests()
    client.go.set()
    bus = bus_of(client)
    await bus.publish([message("many") for _ in range(2_500)])
    await asyncio.gather(*(bus.publish([message("large", b"x" * 3_000_000)]) for _ in range(8)))
    assert max(count for _, count in client.sent) == 1_000
    assert max(client.bytes) <= 10_000_000
    assert sum(count for _, count in client.sent) == 2_508
    assert max(count for topic, count in client.sent if topic == "large") == 3


async def test_a_refused_message_does_not_fail_those_that_travel_with_it() -> None:
    client = Requests()
    client.go.set()
    bus = bus_of(client)
    publishes = (bus.publish([message("topic", data)]) for data in (b"1", b"bad", b"2"))
    done = await asyncio.gather(*publishes, return_exceptions=True)
    assert [type(outcome) for outcome in done] == [type(None), MalformedInput, type(None)]


async def test_a_fault_of_ours_fails_those_who_wait_and_the_next_is_sent() -> None:
    client = Requests()
    client.go.set()
    client.fault = RuntimeError("a bug")
    bus = bus_of(client)
    async with asyncio.timeout(10):
        done = await asyncio.gather(*(bus.publish([message("topic")]) for _ in range(3)), return_exceptions=True)
    assert [type(outcome) for outcome in done] == [EngineUnavailable] * 3
    client.fault = None
    await bus.publish([message("topic")])


async def test_a_request_that_may_succeed_the_next_time_is_sent_again() -> None:
    client = Requests()
    client.go.set()
    client.fault, client.passing = exceptions.ServiceUnavailable("busy"), True  # type: ignore[no-untyped-call]
    await bus_of(client).publish([message("topic")])
    assert client.sent == [("topic", 1), ("topic", 1)]


async def test_a_publish_that_is_not_confirmed_in_time_is_unavailable() -> None:
    client = Requests()
    with pytest.raises(EngineUnavailable):
        await bus_of(client, deadline=0.05).publish([message("topic")])
    assert client.sent == [("topic", 1)]
    client.go.set()


async def test_a_message_that_comes_as_the_last_request_ends_is_sent() -> None:
    client = Requests()
    client.go.set()
    bus = bus_of(client)

    async def publish_on() -> None:
        for _ in range(20):
            await bus.publish([message("topic")])

    async with asyncio.timeout(10):
        await asyncio.gather(*(publish_on() for _ in range(4)))
    assert sum(count for _, count in client.sent) == 80


async def test_publishing_without_the_engine_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        monkeypatch.setenv("PUBSUB_EMULATOR_HOST", f"127.0.0.1:{nobody.getsockname()[1]}")
        async with open_pubsub("project", deadline=0.3) as bus:
            done = await asyncio.gather(*(bus.publish([message("topic")]) for _ in range(3)), return_exceptions=True)
    assert [type(outcome) for outcome in done] == [EngineUnavailable] * 3


async def test_a_machine_without_credentials_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("PUBSUB_EMULATOR_HOST", raising=False)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "missing.json"))
    with pytest.raises(EngineUnavailable):
        async with open_pubsub("project"):
            pass


async def test_a_missing_topic_is_our_fault_and_an_empty_message_the_publishers(pubsub_emulator: str) -> None:
    project = fresh_project()
    await provision(project, {}, subscriptions=(), topics=["there"])
    async with open_pubsub(project, deadline=20.0) as bus:
        with pytest.raises(EngineUnavailable, match="NotFound"):
            await bus.publish([message("nowhere")])
        with pytest.raises(MalformedInput):
            await bus.publish([Message("there", b"", {})])


def test_every_error_of_the_client_is_one_of_ours() -> None:
    kinds = list(all_errors(exceptions.GoogleAPICallError))
    assert len(kinds) > 20
    for kind in kinds:
        assert issubclass(kind, VENDOR_ERRORS)
        ours = translated(kind("told"))
        assert type(ours) is (MalformedInput if kind is exceptions.InvalidArgument else EngineUnavailable)
    assert not issubclass(exceptions.InvalidArgument, WORTH_ANOTHER_TRY)
