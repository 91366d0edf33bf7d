"""The settings of a brand that alerting needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any


@dataclass(frozen=True, slots=True)
class Brand:
    """One brand; nothing is sent while its business clock is before `quiet_until`."""

    currency: str
    timezone: str
    model: str
    lead_time_days: int
    clock_offset: timedelta
    quiet_until: datetime | None
    slack_webhook_ref: str | None

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Brand:
        """The brand kept in a `brands` document."""
        quiet = data.get("quiet_until")
        return cls(
            currency=data["currency"],
            timezone=data["timezone"],
            model=data["default_model"],
            lead_time_days=data["lead_time_days"],
            clock_offset=timedelta(seconds=data["clock_offset_seconds"]),
            quiet_until=datetime.fromisoformat(quiet) if quiet else None,
            slack_webhook_ref=data.get("slack_webhook_ref"),
        )

    def sends_at(self, timestamp: datetime) -> bool:
        """True for a business time whose alerts are sent to people."""
        return self.slack_webhook_ref is not None and not (self.quiet_until and timestamp < self.quiet_until)
