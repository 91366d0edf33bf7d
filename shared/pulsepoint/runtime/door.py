"""The HTTP protocol in front of every app: what a stranger may hold open, send and leave unfinished.

uvicorn and httptools set no bound for any of it (https://www.uvicorn.org/server-behavior/). A connection waits
(for a head, for a body), works (its request is whole), or rests between two requests. Whoever waits too long, sends too
slowly or too much is answered 408, 413, 414, 431 or 503 and cut off. Where places or memory run out, those that have
waited longest go: an honest request is whole within moments, so that a new one always finds a place.
"""

from __future__ import annotations

import asyncio
import resource
import time
from collections import Counter
from contextlib import suppress
from enum import Enum
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol
from uvicorn.server import ServerState

if TYPE_CHECKING:
    from uvicorn.config import Config

SWEEP_SECONDS = 1.0
GRACE_SECONDS = 5.0
"""How long a body may come at any rate."""
SPARE_FILES = 256
"""Open files that are not connections: engines, logs, answers of our own."""
CHUNK_BYTES = 8
"""What framing a chunk may cost for each byte in it; what is beyond counts as head."""
LOOPBACK = ("127.0.0.1", "::1")


class DoorSettings(BaseSettings):
    """Bounds before any log-in.

    `http_address_connections` of one address, loopback apart; 0: any number. Left out, 256, and any number in the cloud
    and behind proxies, whose address is everybody's.
    `http_header_bytes` is for URL and headers together; seconds are for the whole head, for the next part of a body,
    and for the whole body. `http_body_budget` is the memory for all bodies that are not whole yet.
    """

    model_config = SettingsConfigDict(env_prefix="PULSEPOINT_", frozen=True, extra="ignore")

    http_connections: int = Field(default=2000, ge=16)
    http_address_connections: int | None = Field(default=None, ge=0)
    http_header_seconds: float = Field(default=10.0, gt=0)
    http_header_bytes: int = Field(default=32 * 1024, ge=1024)
    http_header_count: int = Field(default=100, ge=10)
    http_url_bytes: int = Field(default=8 * 1024, ge=256)
    http_body_idle_seconds: float = Field(default=10.0, gt=0)
    http_body_seconds: float = Field(default=300.0, gt=0)
    http_body_rate: int = Field(default=1024, ge=0)
    http_body_budget: int = Field(default=64 * 1024 * 1024, ge=1024 * 1024)
    profile: str = "memory"
    trusted_proxies: int = 0

    @property
    def most_of_an_address(self) -> int:
        """Connections one address may have; 0: any number."""
        if self.http_address_connections is not None:
            return self.http_address_connections
        return 0 if self.profile == "cloud" or self.trusted_proxies else 256


class Phase(Enum):
    """The state of a connection."""

    HEAD = "its request is not there yet"
    BODY = "its body is not whole yet"
    BUSY = "its request is whole and worked at"
    REST = "it is between two requests"


class Door:
    """Counts the connections of one server and cuts off those that overstay."""

    def __init__(self, settings: DoorSettings, connections: set[Any], loop: asyncio.AbstractEventLoop) -> None:
        self.settings = settings
        self.places = _places(settings.http_connections)
        self.unfinished = 0
        self._connections = connections
        self._by_address: Counter[str] = Counter()
        self._loop = loop
        self._sweep: asyncio.TimerHandle | None = None

    def enter(self, newcomer: DoorProtocol) -> bool:
        """Count a connection in; False where nobody's place can be had for it."""
        if self._sweep is None:
            self._sweep = self._loop.call_later(SWEEP_SECONDS, self.sweep)
        self._by_address[newcomer.address] += 1
        most = self.settings.most_of_an_address
        if most and newcomer.address not in LOOPBACK and self._by_address[newcomer.address] > most:
            same = [each for each in self._waiting(newcomer) if each.address == newcomer.address]
            return self._make_room(same, 1)
        if len(self._connections) > self.places:
            # Several at once: a crowd would else be looked through for each newcomer.
            return self._make_room(self._waiting(newcomer), 1 + self.places // 32)
        return True

    def leave(self, leaver: DoorProtocol) -> None:
        """Count a connection out."""
        self.hold(leaver, 0)
        self._by_address[leaver.address] -= 1
        if not self._by_address[leaver.address]:
            del self._by_address[leaver.address]

    def hold(self, holder: DoorProtocol, size: int) -> None:
        """Note how many bytes of an unfinished body a connection holds; over the budget the oldest bodies go."""
        self.unfinished += size - holder.unfinished
        holder.unfinished = size
        while self.unfinished > self.settings.http_body_budget:
            oldest = min((each for each in self._connections if each.unfinished), key=lambda each: each.since)
            oldest.cut_off(503)
            self.unfinished -= oldest.unfinished
            oldest.unfinished = 0

    def sweep(self) -> None:
        """Cut off who waits too long; once a second, so that no request pays for a timer."""
        now = time.monotonic()
        for each in list(self._connections):
            if each.overstays(now):
                each.cut_off(408)
        self._sweep = self._loop.call_later(SWEEP_SECONDS, self.sweep) if self._connections else None

    def _waiting(self, newcomer: DoorProtocol) -> list[DoorProtocol]:
        return [each for each in self._connections if each is not newcomer and each.phase is not Phase.BUSY]

    def _make_room(self, waiting: list[DoorProtocol], places: int) -> bool:
        for each in sorted(waiting, key=lambda each: each.since)[:places]:
            each.cut_off(503)
        return bool(waiting)


_doors: WeakKeyDictionary[ServerState, Door] = WeakKeyDictionary()


class DoorProtocol(HttpToolsProtocol):
    """uvicorn's HTTP/1.1 protocol within the bounds of `DoorSettings`."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        door = _doors.get(server_state)
        if door is None:
            door = _doors[server_state] = Door(DoorSettings(), server_state.connections, self.loop)
        self._door = door
        self._limits = door.settings
        self.address = ""
        self.phase = Phase.HEAD
        self.since = self._progress = time.monotonic()
        self.unfinished = 0
        self._head = self._body = self._received = 0
        self._is_out = False

    def _should_upgrade_to_ws(self) -> bool:
        return False  # nothing speaks WebSocket here

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """See `asyncio.Protocol`."""
        super().connection_made(transport)
        self.address = self.client[0] if self.client else ""
        if not self._door.enter(self):
            self.cut_off(503)

    def connection_lost(self, exc: Exception | None) -> None:
        """See `asyncio.Protocol`."""
        super().connection_lost(exc)
        self._door.leave(self)

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        if self._is_out:
            return
        if self.phase is Phase.REST:
            self._begin()
        self._received += len(data)
        super().data_received(data)
        if self._is_out:
            return
        if self.phase is Phase.HEAD:
            if self._received > self._limits.http_header_bytes:
                self.cut_off(431)
        elif self.phase is Phase.BODY:
            self._progress = time.monotonic()
            self._door.hold(self, self._body)
            framing = self._received - self._head - self._body * (1 + CHUNK_BYTES)
            if framing > self._limits.http_header_bytes or len(self.headers) > self._limits.http_header_count:
                self.cut_off(431)

    def on_message_begin(self) -> None:
        """See httptools."""
        super().on_message_begin()
        if self.phase is Phase.BUSY:  # sent ahead, before the answer to the request before
            self._begin()

    def on_headers_complete(self) -> None:
        """See httptools."""
        if self._is_out:
            return
        status = self._refusal()
        if status:
            self.cut_off(status)
            return
        self.phase = Phase.BODY
        self.since = self._progress = time.monotonic()
        self._head, self._body = self._received, 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """See httptools."""
        if self._is_out:
            return
        self._body += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """See httptools."""
        if self._is_out:
            return
        self.phase = Phase.BUSY if not self.cycle.response_complete else Phase.REST
        if self.unfinished:
            self._door.hold(self, 0)
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """See uvicorn; a body whose answer went out before it was whole is still waited for."""
        super().on_response_complete()
        if self.phase is Phase.BUSY:
            self.phase = Phase.REST
            self.since = time.monotonic()

    def overstays(self, now: float) -> bool:
        """True for a head or body that takes too long at `now`, by its sender's fault."""
        if self._is_out or self.flow is None:
            return False
        limits, waited = self._limits, now - self.since
        if self.phase is Phase.HEAD:
            return waited > limits.http_header_seconds
        if self.phase is not Phase.BODY:
            return False
        if self.flow.read_paused:  # we do not read: the sender cannot go on
            self._progress = now
            return False
        too_slow = waited > GRACE_SECONDS and self._body < waited * limits.http_body_rate
        return too_slow or waited > limits.http_body_seconds or now - self._progress > limits.http_body_idle_seconds

    def cut_off(self, status: int) -> None:
        """Answer with the status where nothing was answered yet, and close; the app's request ends as disconnected."""
        self._is_out = True
        if self.transport.is_closing():
            return
        answered = self.cycle is not None and self.cycle.response_started and not self.cycle.response_complete
        if not answered and self._received:
            head = STATUS_LINE[status] + b"content-length: 0\r\nconnection: close\r\nretry-after: 5\r\n\r\n"
            self.transport.write(head)
        self.transport.close()
        # Closing waits until what was written is gone: who does not read must not be waited for.
        self.loop.call_later(SWEEP_SECONDS, self.transport.abort)

    def _begin(self) -> None:
        self.phase = Phase.HEAD
        self.since = time.monotonic()
        self._received = 0

    def _refusal(self) -> int:
        """The status that refuses the head; 0 for one within bounds."""
        limits = self._limits
        if len(self.url) > limits.http_url_bytes:
            return 414
        if len(self.headers) > limits.http_header_count:
            return 431
        if self._received > limits.http_header_bytes:  # the body's begin may be in it
            size = len(self.url) + sum(len(name) + len(value) for name, value in self.headers)
            return 431 if size > limits.http_header_bytes else 0
        return 0


def _places(most: int) -> int:
    """`most`, or as many as the system lets this process have open beside what it needs itself."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = most + SPARE_FILES
    if soft != resource.RLIM_INFINITY and soft < needed:
        soft = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return most if soft == resource.RLIM_INFINITY else max(min(most, soft - SPARE_FILES), 16)
