"""Open pages follow a brand's feed: one look an instance at what is new, however many pages are open."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from types import FrameType
from uuid import UUID

import structlog

from gateway.domain.feed import KEPT, FeedEntry, FeedPlace
from gateway.ports import Feed
from pulsepoint.errors import PulsepointError
from pulsepoint.tenancy import TenantContext

log = structlog.get_logger(__name__)
PAGE = 200
"""Entries a look or a page that catches up takes at once."""


@dataclass(slots=True)
class _Watch:
    """One brand that somebody follows: every entry after `floor`, up to `head`."""

    floor: int
    head: int
    followers: int = 0
    entries: deque[FeedEntry] = field(default_factory=deque)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def add(self, entry: FeedEntry) -> None:
        self.entries.append(entry)
        self.head = entry.number
        while len(self.entries) > KEPT:
            self.floor = self.entries.popleft().number
        self.changed.set()
        self.changed = asyncio.Event()


class LiveFeed:
    """Follows the feeds of brands; `close` ends every stream, so that a shutdown does not wait for pages."""

    def __init__(self, feed: Feed, *, poll_seconds: float) -> None:
        self._feed = feed
        self._poll_seconds = poll_seconds
        self._watches: dict[tuple[UUID, UUID], _Watch] = {}
        self._look: asyncio.Task[None] | None = None
        self._closed = asyncio.Event()
        self.looks = 0
        """The number of looks at the tail so far."""

    def close(self) -> None:
        """End every stream; whoever follows from now on gets nothing."""
        self._closed.set()
        for watch in self._watches.values():
            watch.changed.set()
        if self._look is not None:
            self._look.cancel()

    async def follow(
        self, scope: TenantContext, after: int | None, *, idle_seconds: float
    ) -> AsyncGenerator[list[FeedEntry] | int, None]:
        """Entries after number `after`, or from now on, as they come, oldest first.

        An integer says from which number on it goes: first of all, and again whenever entries in between are no
        longer kept. An empty list says that nothing happened for `idle_seconds`.
        """
        watch = await self._join(scope)
        try:
            place = watch.head if after is None or after > watch.head else after
            yield place
            while not self._closed.is_set():
                changed = watch.changed
                fresh = await self._since(scope, watch, place)
                if fresh and fresh[0].number > place + 1:
                    yield fresh[0].number - 1
                if fresh:
                    yield fresh
                    place = fresh[-1].number
                    continue
                with suppress(TimeoutError):
                    async with asyncio.timeout(idle_seconds):
                        await changed.wait()
                    continue
                yield []
        finally:
            self._leave(scope, watch)

    async def _since(self, scope: TenantContext, watch: _Watch, place: int) -> list[FeedEntry]:
        if place < watch.floor:
            kept = await self._feed.since(scope, place, limit=PAGE)
            if kept:
                return kept
        return [entry for entry in watch.entries if entry.number > place]

    async def _join(self, scope: TenantContext) -> _Watch:
        key = (scope.tenant_id, scope.brand_id)
        if key not in self._watches:
            newest = await self._feed.newest(scope)
            self._watches.setdefault(key, _Watch(newest, newest))
        watch = self._watches[key]
        watch.followers += 1
        if self._look is None or self._look.done():
            self._look = asyncio.create_task(self._look_forever(), name="feed-look")
        return watch

    def _leave(self, scope: TenantContext, watch: _Watch) -> None:
        watch.followers -= 1
        if watch.followers == 0:
            self._watches.pop((scope.tenant_id, scope.brand_id), None)
        if not self._watches and self._look is not None:
            self._look.cancel()
            self._look = None

    async def _look_forever(self) -> None:
        while not self._closed.is_set():
            try:
                full = await self._look_once()
            except PulsepointError as error:
                log.warning("feed.look_failed", error=type(error).__name__, message=str(error)[:300])
                full = False
            await asyncio.sleep(0 if full else self._poll_seconds)

    async def _look_once(self) -> bool:
        """Hand out what is new; whether there may be more at once."""
        places = [FeedPlace(tenant, brand, watch.head) for (tenant, brand), watch in self._watches.items()]
        self.looks += 1
        entries = await self._feed.after(places, limit=PAGE)
        for entry in entries:
            watch = self._watches.get((entry.tenant_id, entry.brand_id))
            if watch is not None and entry.number > watch.head:
                watch.add(entry)
        return len(entries) == PAGE


@contextmanager
def closed_by_sigterm(close: Callable[[], None]) -> Iterator[None]:
    """Call `close` when the process gets SIGTERM, before whoever handles the signal already.

    A server waits for open responses before it shuts its app down; streams that never end must end earlier.
    Where nobody handles SIGTERM, nothing is changed.
    """
    before = signal.getsignal(signal.SIGTERM)
    if threading.current_thread() is not threading.main_thread() or not callable(before):
        yield
        return
    loop = asyncio.get_running_loop()

    def handle(number: int, frame: FrameType | None) -> object:
        loop.call_soon_threadsafe(close)
        return before(number, frame)

    signal.signal(signal.SIGTERM, handle)
    try:
        yield
    finally:
        if signal.getsignal(signal.SIGTERM) is handle:
            signal.signal(signal.SIGTERM, before)
