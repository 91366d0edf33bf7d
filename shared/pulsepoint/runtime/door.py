"""The HTTP protocol in front of every app: what a stranger may hold open, send and leave unfinished.

uvicorn and httptools set no bound for any of it (https://www.uvicorn.org/server-behavior/). Whoever takes too long,
sends too slowly or too much is answered 408, 414, 431 or 503 and cut off. Where places or memory run out, those that
have waited longest go: an honest request is whole within moments, so that a new one always finds a place. Of requests
sent before the last one is answered, uvicorn queues any number; here a few wait, and nothing is read meanwhile.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from enum import Enum
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol
from uvicorn.server import ServerState

from pulsepoint.runtime.door_settings import DoorSettings, places_of
from pulsepoint.runtime.security_headers import BARE

if TYPE_CHECKING:
    from collections.abc import Sized

    from uvicorn._types import ASGI3Application
    from uvicorn.config import Config
    from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

SWEEP_SECONDS = 1.0
LATE_SECONDS = 0.5
"""A sweep that comes later than so was held up by this process: nobody else is slow for that."""
GRACE_SECONDS = 5.0
"""How long a body may come at any rate."""
REFUSAL = b"content-length: 0\r\nconnection: close\r\n" + b"".join(b"%b: %b\r\n" % each for each in BARE)
HEAD_END = b"\r\n\r\n"
"""Every request has one, and the parser takes no other; bodies may have some."""
LOOPBACK = ("127.0.0.1", "::1")


class Stage(Enum):
    """The part of a request that is on its way on a connection."""

    HEAD = "a head, or the rest of a body that is answered already"
    BODY = "a body"
    WHOLE = "nothing: the request is whole, worked at or answered"


WHOLE = Stage.WHOLE
# Looked up once: every request passes here.
_data_received, _headers_complete = HttpToolsProtocol.data_received, HttpToolsProtocol.on_headers_complete


class OutOfBounds(Exception):
    """A head is larger than `DoorSettings` allow; the status it was answered with."""


class Door:
    """Counts the connections of one server and cuts off those that overstay."""

    def __init__(self, settings: DoorSettings, connections: set[Any], loop: asyncio.AbstractEventLoop) -> None:
        self.settings = settings
        self.places = places_of(settings.http_connections)
        self.unfinished = 0
        self._connections = connections
        self._by_address: Counter[str] = Counter()
        self._loop = loop
        self._sweep: asyncio.TimerHandle | None = None
        self._due = 0.0

    def enter(self, newcomer: DoorProtocol) -> bool:
        """Count a connection in; False where nobody's place can be had for it."""
        if self._sweep is None:
            self._sweep_later(time.monotonic())
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
        """Cut off who waits too long; once a second, so that no request pays for a timer.

        After this process stood still (stopped, moved, busy) what was sent meanwhile waits to be read: the time does
        not count.
        """
        now = time.monotonic()
        late = now - self._due
        for each in list(self._connections):
            each.note_rest()
            if late > LATE_SECONDS:
                each.forgive(late, now)
            if each.leaves_answers(now):
                each.transport.abort()
            elif each.overstays(now):
                each.cut_off(408)
        self._sweep = None
        if self._connections:
            self._sweep_later(now)

    @property
    def stood_still(self) -> bool:
        """True where this process was held up and has not read on yet."""
        return self._sweep is not None and time.monotonic() - self._due > LATE_SECONDS

    def _sweep_later(self, now: float) -> None:
        self._due = now + SWEEP_SECONDS
        self._sweep = self._loop.call_later(SWEEP_SECONDS, self.sweep)

    def _waiting(self, newcomer: DoorProtocol) -> list[DoorProtocol]:
        """The connections that may be sent away: unfinished requests first, then those that rest, longest first."""
        waiting = [each for each in self._connections if each is not newcomer and not each.is_busy]
        return sorted(waiting, key=lambda each: (each.stage is Stage.WHOLE, -each.rested, each.since))

    def _make_room(self, waiting: list[DoorProtocol], places: int) -> bool:
        for each in waiting[:places]:
            each.cut_off(503)
        return bool(waiting)


_doors: WeakKeyDictionary[ServerState, Door] = WeakKeyDictionary()


class PipelineFlow(FlowControl):
    """Flow control that reads nothing while requests wait."""

    def __init__(self, transport: asyncio.Transport, waiting: Sized) -> None:
        super().__init__(transport)
        self._waiting = waiting

    def resume_reading(self) -> None:
        """See uvicorn, where each answer and each look for a body lets more requests in."""
        if len(self._waiting) == 0:
            super().resume_reading()


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
        self._limits = limits = door.settings
        self._most_waiting = limits.http_pipelined
        self._most_headers, self._longest_url = limits.http_header_count, limits.http_url_bytes
        self._most_head = limits.http_header_bytes
        self.address = ""
        self.stage = Stage.HEAD
        self.since = self._progress = time.monotonic()
        self.unfinished = 0
        self.rested = 0
        self._seen: object = None
        self._received = 0
        self._is_out = False
        self._worked_at: RequestResponseCycle | None = None
        self._rest, self._taken = b"", 0
        self._unsent, self._unsent_since = 0, 0.0
        self._may_rest = 0.0

    def _should_upgrade_to_ws(self) -> bool:
        return False  # nothing speaks WebSocket here

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """See `asyncio.Protocol`."""
        super().connection_made(transport)
        self.flow = PipelineFlow(transport, self.pipeline)
        self.address = self.client[0] if self.client else ""
        if not self._door.enter(self):
            self.cut_off(503)

    def connection_lost(self, exc: Exception | None) -> None:
        """See `asyncio.Protocol`."""
        if self._worked_at is not None:  # uvicorn tells the request that came last
            self._worked_at.disconnected = not self._worked_at.response_complete
            self._worked_at.message_event.set()
        self.pipeline.clear()
        self._rest = b""
        super().connection_lost(exc)
        self._door.leave(self)

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`; a few requests at once go to the parser, which cannot be stopped, and others wait."""
        if self.pipeline or data.count(HEAD_END) > self._most_waiting:
            self._rest += data
            self._take_rest()
        else:
            self._take(data)

    def _take_rest(self) -> None:
        """Take as much of what was read as there is room for the requests in it."""
        rest, at = self._rest, self._taken
        while at < len(rest) and not self.transport.is_closing():
            room = self._most_waiting - len(self.pipeline)
            if room <= 0:
                self._rest, self._taken = rest, at
                self._door.hold(self, len(rest) - at)
                return
            end = at
            for _ in range(room):
                match = rest.find(HEAD_END, end)
                end = match + len(HEAD_END) if match >= 0 else len(rest)
            self._take(rest[at:end])
            at = end
        self._rest, self._taken = b"", 0

    def _take(self, data: bytes) -> None:
        """Parse a part; a request that comes whole in one pays for two comparisons."""
        self._received += len(data)
        before = self.cycle
        _data_received(self, data)
        cycle = self.cycle
        if cycle is not before and not cycle.more_body:
            self._received = 0
            self.stage = WHOLE
            if self.unfinished:
                self._door.hold(self, 0)
        elif not self._is_out:
            self._go_on(len(data), time.monotonic())

    def _go_on(self, size: int, now: float) -> None:
        """Note a part of `size` bytes after which a head or body is still unfinished, or a body is whole."""
        cycle = self.cycle
        if cycle is not None and cycle.more_body and not cycle.response_complete:
            if self.stage is not Stage.BODY:
                self.stage, self.since = Stage.BODY, now
            self._progress = now
            # With the framing of chunks: it is no body, but a sender who sends much of it is no better.
            self._door.hold(self, self._received)
            if len(self.headers) > self._limits.http_header_count:
                self.cut_off(431)
            return
        if self.unfinished:
            self._door.hold(self, 0)
        if self.stage is Stage.BODY and cycle is not None and not cycle.more_body:
            self.stage, self._received = Stage.WHOLE, 0
            return
        if self.stage is not Stage.HEAD:
            self.stage, self.since, self._received = Stage.HEAD, now, size
        is_answered = cycle is not None and cycle.more_body
        if self._received > self._limits.http_header_bytes and not is_answered:
            self.cut_off(431)

    def on_headers_complete(self) -> None:
        """See httptools; raises, which ends the parser, for a head out of bounds."""
        if (
            len(self.headers) > self._most_headers
            or len(self.url) > self._longest_url
            or self._received > self._most_head
        ):
            status = self._refusal()
            if status:
                self.cut_off(status)
                raise OutOfBounds(status)
        _headers_complete(self)

    def send_400_response(self, msg: str) -> None:
        """See uvicorn, whose own answer carries no headers; whoever was cut off has an answer."""
        if not self._is_out:
            self.cut_off(400)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        self._worked_at = cycle
        super()._start_asgi_task(cycle, app)

    def on_response_complete(self) -> None:
        """See uvicorn; reads on once the last request that waited is worked at."""
        had_waiting = bool(self.pipeline)
        super().on_response_complete()
        if had_waiting and not self.pipeline:
            self._take_rest()
            if not self.transport.is_closing():
                self.flow.resume_reading()

    def resume_writing(self) -> None:
        """See `asyncio.Protocol`; answers are being read."""
        self._unsent = 0
        super().resume_writing()

    @property
    def is_busy(self) -> bool:
        """True while a whole request is worked at."""
        return self.cycle is not None and not self.cycle.more_body and not self.cycle.response_complete

    def note_rest(self) -> None:
        """Count a second in which no request began."""
        self.rested = self.rested + 1 if self.cycle is self._seen else 0
        self._seen = self.cycle

    def forgive(self, seconds: float, now: float) -> None:
        """Take `seconds` until `now`, in which this process stood still, off what its sender and reader took."""
        self.since = min(self.since + seconds, now)
        self._progress = min(self._progress + seconds, now)
        self._unsent_since = min(self._unsent_since + seconds, now)
        self._may_rest = now + SWEEP_SECONDS

    def timeout_keep_alive_handler(self) -> None:
        """See uvicorn; where this process stood still, what came meanwhile is read first."""
        if self._door.stood_still or time.monotonic() < self._may_rest:
            self.timeout_keep_alive_task = self.loop.call_later(SWEEP_SECONDS, self.timeout_keep_alive_handler)
        else:
            super().timeout_keep_alive_handler()

    def overstays(self, now: float) -> bool:
        """True for a head or body that takes too long at `now`, by its sender's fault."""
        limits, waited = self._limits, now - self.since
        if self._is_out or self.flow is None or self.is_busy or self.stage is Stage.WHOLE:
            return False
        if self.stage is Stage.HEAD:
            return waited > limits.http_header_seconds
        if self.flow.read_paused:  # we do not read: the sender cannot go on
            self._progress = now
            return False
        too_slow = waited > GRACE_SECONDS and self._received < waited * limits.http_body_rate
        return too_slow or waited > limits.http_body_seconds or now - self._progress > limits.http_body_idle_seconds

    def leaves_answers(self, now: float) -> bool:
        """True for answers that their reader has taken too slowly until `now`, also where the connection is closing."""
        unsent = self.transport.get_write_buffer_size()
        if not unsent or not self._unsent:
            self._unsent, self._unsent_since = unsent, now
            return False
        waited = now - self._unsent_since
        return (
            waited > self._limits.http_answer_seconds and self._unsent - unsent <= waited * self._limits.http_body_rate
        )

    def cut_off(self, status: int) -> None:
        """Answer with the status where nothing was answered yet, and close; the app's request ends as disconnected."""
        self._is_out = True
        if self.transport.is_closing():
            return
        now = self._worked_at
        answered = now is not None and now.response_started and not now.response_complete
        if not answered and self._received:
            again = b"retry-after: 5\r\n" if status in (408, 503) else b""
            self.transport.write(STATUS_LINE[status] + REFUSAL + again + b"\r\n")
        self.transport.close()
        # Closing waits until what was written is gone: who does not read must not be waited for.
        self.loop.call_later(SWEEP_SECONDS, self.transport.abort)

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
