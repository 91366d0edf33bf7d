"""Commits of one process that touch the same documents, one after the other.

Firestore would sort them out as well, by failing all but one after a while (its emulator after two seconds of
waiting for each other's locks); here nothing is sent that is bound to fail. Across processes Firestore decides.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Collection, Hashable
from contextlib import asynccontextmanager


class LockTable:
    """Documents that commits under way are reading (shared) and writing (alone)."""

    def __init__(self) -> None:
        self._reading: Counter[Hashable] = Counter()
        self._writing: set[Hashable] = set()
        self._waiting: list[asyncio.Future[None]] = []

    @asynccontextmanager
    async def apart(self, reads: Collection[Hashable], writes: Collection[Hashable]) -> AsyncIterator[None]:
        """Wait until no commit under way writes what this one reads, or touches what it writes; then be under way.

        All names are taken at once, so two commits never wait for each other.
        """
        while not self._free(reads, writes):
            waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append(waiter)
            await waiter
        self._reading.update(reads)
        self._writing.update(writes)
        try:
            yield
        finally:
            self._leave(reads, writes)

    def _free(self, reads: Collection[Hashable], writes: Collection[Hashable]) -> bool:
        if not self._writing.isdisjoint(reads):
            return False
        return self._writing.isdisjoint(writes) and not any(name in self._reading for name in writes)

    def _leave(self, reads: Collection[Hashable], writes: Collection[Hashable]) -> None:
        self._reading.subtract(reads)
        for name in reads:
            if not self._reading[name]:
                del self._reading[name]
        self._writing.difference_update(writes)
        waiting, self._waiting = self._waiting, []
        for waiter in waiting:
            if not waiter.done():
                waiter.set_result(None)
