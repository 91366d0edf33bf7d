from __future__ import annotations

import asyncio

from pulsepoint.adapters.firestore.lock_table import LockTable


class Visits:
    """Commits that stay until they are let go, and the order in which they got in."""

    def __init__(self) -> None:
        self.lock_table = LockTable()
        self.inside: list[str] = []
        self._tasks: dict[str, tuple[asyncio.Task[None], asyncio.Event]] = {}

    async def enter(self, name: str, *, reads: str = "", writes: str = "") -> None:
        leave = asyncio.Event()

        async def stay() -> None:
            async with self.lock_table.apart(list(reads), list(writes)):
                self.inside.append(name)
                await leave.wait()
            self.inside.remove(name)

        self._tasks[name] = (asyncio.create_task(stay()), leave)
        await self.settled()

    async def leave(self, name: str, *, cancelled: bool = False) -> None:
        task, leave = self._tasks[name]
        if cancelled:
            task.cancel()
        leave.set()
        await asyncio.wait([task])
        await self.settled()

    async def settled(self) -> None:
        """Every task has gone as far as it can without the others."""
        for _ in range(5):
            await asyncio.sleep(0)


async def test_those_that_only_read_stay_together() -> None:
    visits = Visits()
    await visits.enter("one", reads="a", writes="b")
    await visits.enter("two", reads="a", writes="c")
    assert visits.inside == ["one", "two"]


async def test_who_writes_waits_for_readers_and_writers_and_they_for_it() -> None:
    visits = Visits()
    await visits.enter("reader", reads="a")
    await visits.enter("writer", writes="a")
    await visits.enter("other", writes="ab")
    assert visits.inside == ["reader"]
    await visits.leave("reader")
    assert visits.inside == ["writer"]
    await visits.enter("late reader", reads="a")
    assert visits.inside == ["writer"]
    await visits.leave("writer")
    assert visits.inside == ["other"]
    await visits.leave("other")
    assert visits.inside == ["late reader"]


async def test_one_that_is_cancelled_frees_what_it_held_or_waited_for() -> None:
    visits = Visits()
    await visits.enter("holder", writes="a")
    await visits.enter("waiter", writes="a")
    await visits.enter("next", reads="a")
    await visits.leave("waiter", cancelled=True)
    assert visits.inside == ["holder"]
    await visits.leave("holder", cancelled=True)
    assert "next" in visits.inside
