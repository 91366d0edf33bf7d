"""Time: wall time for limits, auth and retries; each brand's business clock for everything a marketer sees."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """Wall time."""

    def now(self) -> datetime:
        """The current UTC instant."""
        ...
