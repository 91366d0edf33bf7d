"""One tower a PULSEPOINT_HOME."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path


class HomeInUse(Exception):
    """Another tower runs on this PULSEPOINT_HOME."""


def lock_home(home: Path) -> int:
    """Hold `home` until this process ends, however it ends; the lock's descriptor. Raises `HomeInUse`."""
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle = os.open(home / "tower.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        told = f"Another Pulsepoint runs on {home.resolve()}. Stop it first, or choose another PULSEPOINT_HOME."
        raise HomeInUse(told) from None
    return handle
