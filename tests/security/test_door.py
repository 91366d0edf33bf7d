"""What strangers hold open or leave unfinished before any log-in: bounded, and webhooks answer meanwhile."""

from __future__ import annotations

import resource
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from pulsepoint.runtime.door_settings import DoorSettings
from tests.builders.door import Server, head, served, until_closed

MEGABYTE = 1024 * 1024


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with served(header_seconds=1, body_idle_seconds=1, header_bytes=4096, url_bytes=1000, header_count=40) as running:
        yield running


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1]) if answer else 0


@pytest.mark.rule("SEC-16")
@pytest.mark.parametrize(
    ("sent", "refused"),
    [
        (b"", 0),
        (b"POST /webhooks/shopify HTT", 408),
        (b"POST /webhooks/shopify HTTP/1.1\r\nhost: x\r\n", 408),
        (head(1000), 408),
        (head(1000) + b"x" * 999, 408),
        (head(None) + b"5\r\nhello\r\n", 408),
        (b"GET /" + b"u" * 1500 + b" HTTP/1.1\r\n\r\n", 414),
        (b"GET /" + b"u" * 8000, 431),
        (b"GET / HTTP/1.1\r\n" + b"x: y\r\n" * 60 + b"\r\n", 431),
        (b"GET / HTTP/1.1\r\nx: " + b"y" * 5000 + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\nx: " + b"y" * 5000, 431),
        (head(None) + b"1\r\nx\r\n0\r\n" + b"t: y\r\n" * 60, 431),
    ],
    ids=range(12),
)
def test_what_is_unfinished_or_too_large_is_answered_and_cut_off(server: Server, sent: bytes, refused: int) -> None:
    assert status(until_closed(server.say(sent))) == refused
    assert server.deliver() == 200


def test_the_framing_of_chunks_counts_as_their_body(server: Server) -> None:
    connection = server.say(head(None))
    _send(connection, b"1;" + b"e" * 1_000_000)
    # What is not read when a connection is closed resets it, answer and all.
    assert status(until_closed(connection)) in (408, 503, 0)
    assert server.deliver() == 200


@pytest.mark.rule("SEC-16")
def test_a_body_that_drips_is_cut_off_though_it_never_rests() -> None:
    with served(body_idle_seconds=60, body_rate=10_000) as server:
        connection = server.say(head(1_000_000))
        connection.settimeout(0.2)
        answer, deadline = b"", time.monotonic() + 30
        while not answer and time.monotonic() < deadline:
            connection.sendall(b"x")
            try:
                answer = connection.recv(1000)
            except TimeoutError:
                continue
        assert status(answer) == 408
        connection.close()


def test_a_slow_body_above_the_rate_arrives() -> None:
    with served(body_rate=1000, body_idle_seconds=5) as server:
        connection = server.say(head(40_000))
        connection.settimeout(0.5)
        for _ in range(16):  # eight seconds, beyond the grace
            connection.sendall(b"x" * 2500)
            try:
                answer = connection.recv(1000)
            except TimeoutError:
                answer = b""
        connection.settimeout(10)
        assert status(answer or connection.recv(1000)) == 401
        connection.close()


def test_requests_on_one_connection_go_on_being_answered(server: Server) -> None:
    request = head(2) + b"{}"
    connection = server.say(request, request + request)
    answers = b""
    while answers.count(b"HTTP/1.1 401") < 3:
        answers += connection.recv(1000)
    connection.sendall(b"GET /webhooks/shopify HT")
    assert status(until_closed(connection)) == 408


@pytest.mark.rule("SEC-16")
@pytest.mark.slow
def test_who_waited_while_this_process_stood_still_is_not_slow() -> None:
    """Requests that were half sent, bodies that were on their way and connections that rested: all are answered."""
    whole = head(200) + b"{}" + b" " * 198
    with served(
        header_seconds=1.5, body_idle_seconds=1.5, body_seconds=1.5, options=("--timeout-keep-alive", "2")
    ) as server:
        resting = [server.say(whole) for _ in range(10)]
        assert {status(each.recv(1000)) for each in resting} == {401}
        begun = [server.say(whole[:cut]) for cut in (20, len(whole) - 150) for _ in range(10)]
        assert server.deliver() == 200  # what was sent before is read
        with server.stopped():
            begun[0].settimeout(3)
            with pytest.raises(TimeoutError):
                begun[0].recv(1)
            for connection, cut in zip(begun, [20] * 10 + [len(whole) - 150] * 10, strict=True):
                connection.sendall(whole[cut:])
            for connection in resting:
                connection.sendall(whole)
        begun[0].settimeout(30)
        assert [status(each.recv(1000)) for each in (*begun, *resting)] == [401] * 30
        # Who is slow by themselves is so still.
        assert status(until_closed(server.say(whole[:20]))) == 408
        for connection in (*begun, *resting):
            connection.close()


@pytest.mark.rule("SEC-16")
def test_one_address_has_its_share_of_places() -> None:
    with served(address_connections=20, header_seconds=60) as server, ExitStack() as stack:
        crowd = [stack.enter_context(server.connect(source="127.0.0.2")) for _ in range(60)]
        for connection in crowd[:40]:
            assert until_closed(connection) == b""
        assert server.deliver() == 200
        crowd[-1].sendall(head(2) + b"{}")
        assert status(crowd[-1].recv(1000)) == 401


def test_an_address_is_bounded_on_one_machine_and_not_behind_proxies() -> None:
    assert DoorSettings().most_of_an_address == 256
    assert DoorSettings(trusted_proxies=1).most_of_an_address == 0
    assert DoorSettings(profile="cloud").most_of_an_address == 0
    assert DoorSettings(profile="cloud", http_address_connections=9).most_of_an_address == 9


@pytest.mark.rule("SEC-16")
def test_unfinished_bodies_share_one_budget_of_memory() -> None:
    """150 bodies of 5 MB, each a byte short, were 1 GB."""
    with served(body_budget=16 * MEGABYTE) as server, ExitStack() as stack:
        assert server.deliver() == 200
        before, part = server.memory, b"x" * (5 * MEGABYTE - 1)
        for _ in range(150):
            connection = stack.enter_context(server.connect())
            try:
                connection.sendall(head(5 * MEGABYTE))
                connection.sendall(part)
            except (ConnectionResetError, BrokenPipeError):
                continue
        assert server.deliver() == 200
        assert server.memory < before + 150 * MEGABYTE


@pytest.mark.rule("SEC-16")
@pytest.mark.parametrize("places", [2000, 300], ids=["places for all", "too few places"])
def test_a_thousand_slow_connections_leave_webhooks_answering_and_memory_flat(places: int) -> None:
    _allow_open_files(3000)
    sent = (b"", b"POST /webhooks/sh", head(1000)[:-2], head(5 * MEGABYTE) + b"x" * 10_000, head(None) + b"5\r\nhel")
    with served(connections=places, header_seconds=60, body_idle_seconds=60) as server, ExitStack() as stack:
        assert [server.deliver() for _ in range(20)] == [200] * 20
        before = server.memory
        for number in range(1000):
            connection = stack.enter_context(server.connect())
            _send(connection, sent[number % len(sent)])
            if number % 100 == 99:
                assert server.deliver() == 200
        took = []
        for _ in range(50):
            started = time.perf_counter()
            assert server.deliver() == 200
            took.append(time.perf_counter() - started)
        assert sorted(took)[25] < 1.0
        assert server.memory < before + 100 * MEGABYTE


def _send(connection: socket.socket, data: bytes) -> None:
    try:
        connection.sendall(data)
    except (ConnectionResetError, BrokenPipeError):
        return


def _allow_open_files(many: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < many:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(many, hard), hard))
