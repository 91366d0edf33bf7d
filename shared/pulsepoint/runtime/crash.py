"""Points where a test may kill the process, to prove that nothing acknowledged is lost."""

from __future__ import annotations

import os
import signal
from collections import Counter

_name, _, _count = os.environ.get("PULSEPOINT_CRASH_AT", "").partition(":")
ARMED = bool(_name)
"""True where a test armed a point: the webhook path asks, and calls nothing when not."""
_passes: Counter[str] = Counter()

POINTS = ("after_verify", "after_publish_raw", "after_commit", "after_append", "before_acknowledge")


def crash_point(name: str) -> None:
    """Kill this process with SIGKILL at the pass that `PULSEPOINT_CRASH_AT="name:count"` names; else do nothing."""
    if not _name or name != _name:
        return
    _passes[name] += 1
    if _passes[name] >= int(_count or 1):
        os.kill(os.getpid(), signal.SIGKILL)
