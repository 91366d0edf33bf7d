"""Progress on standard error, only where a person watches; reports go to standard output."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as Bars


class Progress:
    """Bars and short notes; silent when `quiet`, bars off where standard error is no terminal."""

    def __init__(self, *, quiet: bool) -> None:
        self._console = Console(stderr=True, quiet=quiet)
        self._quiet = quiet

    def say(self, text: str) -> None:
        """One line for the person at the terminal."""
        self._console.print(text, highlight=False, markup=False)

    @contextmanager
    def bar(self, label: str, total: int) -> Iterator[Callable[[int], None]]:
        """A bar of about `total` steps, as a context manager; its value moves the bar on by a count."""
        if self._quiet or not self._console.is_terminal:
            yield lambda steps: None
            return
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
        )
        with Bars(*columns, console=self._console) as bars:
            task = bars.add_task(label, total=total)

            def advance(steps: int) -> None:
                bars.advance(task, steps)
                # Copies and refunds of several orders make more deliveries than a file has groups.
                if bars.tasks[task].completed > (bars.tasks[task].total or 0):
                    bars.update(task, total=bars.tasks[task].completed)

            yield advance
