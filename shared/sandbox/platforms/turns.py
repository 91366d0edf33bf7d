"""One world, asked by one at a time: simulating takes a thread, and the world is not safe for several."""

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

    def ask(self, question: Callable[[World], Result]) -> Result:
        """What the world answers; waits for whoever asks now."""
        with self._lock:
            return question(self._world)

    async def later(self, question: Callable[[World], Result]) -> Result:
        """What the world answers, asked in another thread."""
        return await asyncio.to_thread(self.ask, question)
