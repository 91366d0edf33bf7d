"""In the night after an erasure this machine's engines drop what their files still hold of erased values."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from pulsepoint.ports.document_store import StoredEffect
from pulsepoint.runtime.outcome import NOTHING, Effect, EffectDefinition, Outcome, Reader

if TYPE_CHECKING:
    from gateway.bootstrap import Ports

SCRUB = "engines.scrub"
Scrub = Callable[[], Awaitable[None]]
NIGHT_HOUR = 3
"""Of the day in UTC."""


def scrubbing(now: datetime) -> Effect:
    """The effect that is due in the next night, at `NIGHT_HOUR` UTC, one a brand however many are erased until then."""
    night = now.replace(hour=NIGHT_HOUR, minute=0, second=0, microsecond=0)
    return Effect(SCRUB, "engines", {}, (night if night > now else night + timedelta(days=1)) - now)


async def _scrub(ports: Ports, effect: StoredEffect) -> None:
    """Nothing is to do where the engines are a cloud's: these drop what was deleted by themselves."""
    if ports.scrub is not None:
        await ports.scrub()


async def _done(reader: Reader, effect: StoredEffect, result: None) -> Outcome:
    return NOTHING


EFFECTS: dict[str, EffectDefinition] = {
    SCRUB: EffectDefinition(run=_scrub, on_success=_done, timeout=900.0, first_retry=300.0, goes_on_suspended=True)
}
