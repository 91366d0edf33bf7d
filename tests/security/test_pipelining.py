"""Requests sent before the last one is answered: few wait, others are not read, and no reader is waited for long."""

from __future__ import annotations

import asyncio
import re
import socket
from contextlib import ExitStack
from typing import Any

import pytest
from uvicorn.config import Config
from uvicorn.server import ServerState

from pulsepoint.runtime.door import DoorProtocol
from tests.builders.door import head, served, until_closed

MEGABYTE = 1024 * 1024
SMALL = b"GET /health HTTP/1.1\r\nH:x\r\n\r\n"


class Wire(asyncio.Transport):
    """A transport that keeps what is written and never sends it when told so."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.unsent = 0
        self.reads = True
        self.closed = False

    def write(self, data: Any) -> None:
        self.written += data

    def get_write_buffer_size(self) -> int:
        return self.unsent

    def pause_reading(self) -> None:
        self.reads = False

    def resume_reading(self) -> None:
        self.reads = True

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True

    abort = close


class Harness:
    """An app that answers each request with its path once it is `open`, and counts those it works at."""

    def __init__(self, body: bytes = b"") -> None:
        self.body = body
        self.open = asyncio.Event()
        self.left: list[str] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        while (message := await receive()).get("more_body"):
            pass
        if scope["path"] == "/stream":
            message = await receive()
        if message["type"] == "http.disconnect":
            self.left.append(scope["path"])
            return
        await self.open.wait()
        body = self.body or scope["path"].encode()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
        await send({"type": "http.response.body", "body": body})


def connected(harness: Harness) -> tuple[DoorProtocol, Wire]:
    config = Config(harness, log_config=None, access_log=False, lifespan="off")
    protocol, wire = DoorProtocol(config, ServerState(), {}), Wire()
    protocol.connection_made(wire)
    return protocol, wire


async def all_done(protocol: DoorProtocol) -> None:
    while tasks := list(protocol.tasks):
        await asyncio.gather(*tasks)
        await asyncio.sleep(0)


@pytest.mark.rule("SEC-16")
async def test_few_requests_of_a_connection_wait_and_each_is_answered_in_order() -> None:
    harness = Harness()
    protocol, wire = connected(harness)
    protocol.data_received(b"".join(b"GET /%d HTTP/1.1\r\nH:x\r\n\r\n" % each for each in range(500)))
    assert len(protocol.pipeline) <= 8
    assert not wire.reads
    harness.open.set()
    await all_done(protocol)
    assert re.findall(rb"/(\d+)", wire.written.replace(b"HTTP/1.1", b"")) == [b"%d" % each for each in range(500)]
    assert wire.reads


async def test_nothing_is_read_until_those_that_wait_are_worked_at() -> None:
    harness = Harness()
    protocol, wire = connected(harness)
    protocol.data_received(SMALL * 3)
    await asyncio.sleep(0)  # the first looks for its body, which lets uvicorn read
    assert (len(protocol.pipeline), wire.reads) == (2, False)
    harness.open.set()
    await all_done(protocol)
    assert (wire.written.count(b"/health"), wire.reads) == (3, True)


async def test_what_comes_while_nothing_is_read_waits_its_turn() -> None:
    harness = Harness()
    protocol, wire = connected(harness)
    for _ in range(30):
        protocol.data_received(SMALL * 7)
    assert len(protocol.pipeline) == 8
    harness.open.set()
    await all_done(protocol)
    assert wire.written.count(b"/health") == 210


async def test_bodies_that_look_like_heads_and_one_in_the_middle_arrive_whole() -> None:
    harness = Harness()
    protocol, wire = connected(harness)
    body = b"\r\n\r\n" * 50
    post = b"POST /b HTTP/1.1\r\ncontent-length: %d\r\n\r\n" % len(body) + body
    sent = SMALL * 20 + post * 20 + SMALL
    protocol.data_received(sent[:-10])
    harness.open.set()
    await all_done(protocol)
    protocol.data_received(sent[-10:])
    await all_done(protocol)
    assert wire.written.count(b"HTTP/1.1 200") == 41


async def test_a_stream_ends_with_its_connection_though_another_request_waits() -> None:
    harness = Harness()
    protocol, _wire = connected(harness)
    protocol.data_received(b"GET /stream HTTP/1.1\r\n\r\n" + SMALL)
    await asyncio.sleep(0)
    protocol.connection_lost(None)
    await all_done(protocol)
    assert harness.left == ["/stream"]


async def test_answers_that_nobody_takes_are_waited_for_until_a_limit() -> None:
    protocol, wire = connected(Harness())
    wire.unsent = 100_000
    assert not protocol.leaves_answers(0.0)
    assert not protocol.leaves_answers(29.0)
    assert protocol.leaves_answers(31.0)
    wire.unsent = 20_000  # taken at more than 1 KB a second
    assert not protocol.leaves_answers(32.0)
    protocol.resume_writing()
    wire.unsent = 100_000
    assert not protocol.leaves_answers(60.0)


@pytest.mark.rule("SEC-16")
def test_a_crowd_that_pipelines_and_reads_nothing_leaves_memory_and_webhooks_alone() -> None:
    """60 connections of 250 KB each were 240 MB for good."""
    with served(answer_seconds=2, header_seconds=60) as server, ExitStack() as stack:
        assert [server.deliver() for _ in range(20)] == [200] * 20
        before, crowd = server.memory, []
        for _ in range(60):
            crowd.append(stack.enter_context(server.connect()))
            crowd[-1].setblocking(False)
            crowd[-1].send(SMALL * 9000)
        assert [server.deliver() for _ in range(5)] == [200] * 5
        assert server.memory < before + 60 * MEGABYTE


@pytest.mark.rule("SEC-16")
@pytest.mark.parametrize("line", [b"H: x", b"connection: close"], ids=["open", "closing"])
async def test_who_reads_no_answers_is_cut_off(line: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULSEPOINT_HTTP_ANSWER_SECONDS", "0.1")
    harness, gone = Harness(body=b"x" * 20 * MEGABYTE), asyncio.Event()
    harness.open.set()
    config, state = Config(harness, log_config=None, access_log=False, lifespan="off"), ServerState()

    class Noted(DoorProtocol):
        def connection_lost(self, exc: Exception | None) -> None:
            super().connection_lost(exc)
            gone.set()

    loop = asyncio.get_running_loop()
    async with await loop.create_server(lambda: Noted(config, state, {}), "127.0.0.1", 0) as server:
        with socket.create_connection(server.sockets[0].getsockname()) as connection:
            connection.sendall(b"GET / HTTP/1.1\r\n" + line + b"\r\n\r\n")
            await asyncio.wait_for(gone.wait(), 30)
    assert not state.connections


def test_three_requests_at_once_have_three_answers_in_order() -> None:
    with served() as server:
        last = b"GET /webhooks/shopify HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
        said = until_closed(server.say(head(2) + b"{}" + b"GET /none HTTP/1.1\r\nhost: x\r\n\r\n" + last))
        assert re.findall(rb"HTTP/1.1 (\d+)", said) == [b"401", b"404", b"405"]
