"""Which effects are known to be waiting: asking for one of them again changes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from pulsepoint.ports.document_store import MAX_CAUSES, StoredEffect

CLOSING = timedelta(seconds=3)
"""So long before an effect is due it is asked for anew: engines close it two seconds before."""
REMEMBERED = 10_000


class WaitingEffects:
    """Effects that this process stored and that are not due for a while.

    Only what was stored here is known: of an effect that waited already nobody said when it is due. Each keeps
    being asked for until it has taken in all the causes it may link to.
    """

    def __init__(self) -> None:
        self._waiting: dict[tuple[UUID, UUID, str, str], tuple[datetime, int]] = {}

    def holds(self, effect: StoredEffect, now: datetime) -> bool:
        """True while `effect` waits, with all its causes, and goes on waiting for a while after `now`."""
        due_at, causes = self._waiting.get(effect.identity, (now, 0))
        return causes >= MAX_CAUSES and due_at - now > CLOSING

    def note(self, requested: Sequence[StoredEffect], stored: Sequence[StoredEffect]) -> None:
        """Remember a commit that asked for effects, of which those in `stored` did not wait before."""
        fresh = {effect.identity for effect in stored}
        for effect in requested:
            key = effect.identity
            if key in fresh:
                self._waiting.pop(key, None)
                self._waiting[key] = (effect.due_at, 1)
            elif key in self._waiting:
                due_at, causes = self._waiting[key]
                self._waiting[key] = (due_at, causes + 1)
        while len(self._waiting) > REMEMBERED:
            del self._waiting[next(iter(self._waiting))]
