"""Wall time from the operating system."""

from __future__ import annotations

from datetime import UTC, datetime


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The current UTC instant."""
        return datetime.now(UTC)
