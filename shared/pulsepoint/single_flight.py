"""Single-flight: what many callers need at once is done once for all of them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

Answer = TypeVar("Answer")


@dataclass(slots=True)
class _Flight:
    """One question: it is asked one at a time, and who asks meanwhile waits together for the next answer."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    upcoming: asyncio.Task[Any] | None = None


class SingleFlight(Generic[Answer]):
    """Answers shared by those who ask the same at once, and never older than the question.

    One that is being looked up already is nobody's who comes now: they wait for the next, together. So a thousand
    who ask cost what one costs, again and again, and nobody is told what has changed before he asked.
    """

    def __init__(self) -> None:
        self._flights: dict[Hashable, _Flight] = {}

    async def do(self, key: Hashable, look_up: Callable[[], Awaitable[Answer]]) -> Answer:
        """Returns or raises as `look_up` does, for all callers under the same `key`; the result must not be changed."""
        flight = self._flights.setdefault(key, _Flight())
        if flight.upcoming is None:
            flight.upcoming = asyncio.create_task(self._answer(key, flight, look_up))
            flight.upcoming.add_done_callback(_share)
        # One who hangs up takes the answer from nobody else.
        answer: Answer = await asyncio.shield(flight.upcoming)
        return answer

    async def _answer(self, key: Hashable, flight: _Flight, look_up: Callable[[], Awaitable[Answer]]) -> Answer:
        async with flight.lock:
            flight.upcoming = None
            try:
                return await look_up()
            finally:
                if flight.upcoming is None:
                    del self._flights[key]


def _share(answer: asyncio.Task[object]) -> None:
    """An error whose askers have all hung up is no error of the event loop's."""
    if not answer.cancelled():
        answer.exception()
