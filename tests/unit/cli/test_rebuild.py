"""The rebuild asked for on the command line: a bar that only grows, until the instance is ready again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from deploy.cli.progress import Progress
from deploy.cli.rebuild import watched


class Instance:
    """Answers `/readyz` with a rebuild that goes on."""

    def __init__(self, *shares: int) -> None:
        self.requested = 0
        self._shares = list(shares)

    async def rebuild(self) -> None:
        self.requested += 1

    async def readiness(self) -> dict[str, Any]:
        if not self._shares:
            return {"status": "ready", "faults": []}
        return {"status": "not_ready", "faults": [{"done": self._shares.pop(0), "total": 200}]}


class Bar(Progress):
    """Remembers the steps."""

    def __init__(self) -> None:
        super().__init__(quiet=True)
        self.steps: list[int] = []

    @contextmanager
    def bar(self, label: str, total: int) -> Iterator[Callable[[int], None]]:
        yield self.steps.append


async def no_pause(seconds: float) -> None:
    return None


async def test_the_bar_grows_to_its_end_and_never_back() -> None:
    instance, bar = Instance(0, 50, 40, 160), Bar()
    await watched(instance, bar, no_pause)
    assert instance.requested == 1
    assert bar.steps == [0, 25, 0, 55, 20]
