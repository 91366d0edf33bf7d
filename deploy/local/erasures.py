"""Erasures that came after the backup which a home was restored from are made again at its first start."""

from __future__ import annotations

from pathlib import Path

import structlog

from pulsepoint.adapters.erasure_file import AGAIN, entries_of
from pulsepoint.runtime.app import ServiceApp
from pulsepoint.runtime.erasure_log import erase_again

log = structlog.get_logger(__name__)


async def make_erasures_again(app: ServiceApp, home: Path) -> None:
    """Commit them in the open service that logged them, before any delivery; raises `EngineUnavailable`, `OSError`."""
    entries = entries_of(home / AGAIN)
    assert app.runtime is not None
    for entry in entries:
        await erase_again(app.runtime.pipeline, entry)
    if entries:
        log.warning("erasures.made_again", count=len(entries))
    (home / AGAIN).unlink(missing_ok=True)
