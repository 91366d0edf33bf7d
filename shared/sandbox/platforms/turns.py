"""One world, used by one at a time: simulating takes a thread, and the world is not safe for several."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from threading import Event, Lock
from typing import TypeVar

from sandbox.world import World

Result = TypeVar("Result")


class Turns:
    """A world behind a lock; `ready` is set once its history has been lived through."""

    def __init__(self, world: World) -> None:
        """Nothing is simulated yet."""
        self._world = world
        self._lock = Lock()
        self.ready = Event()
        self.settings = world.settings

    def ask(self, query: Callable[[World], Result]) -> Result:
        """The result of `query` on the world; waits at most until its present user is done."""
        with self._lock:
            return query(self._world)

    async def later(self, query: Callable[[World], Result]) -> Result:
        """The result of `query` on the world, made in another thread; raises what it raises."""
        return await asyncio.to_thread(self.ask, query)
