"""The port that alerting alone needs: a way to reach people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Notice:
    """One alert as it is posted; texts are untrusted and unescaped. `link` opens it, `trace_id` tells how it came."""

    severity: str
    title: str
    explanation: str
    recommended_action: str
    link: str
    trace_id: str


class Messenger(Protocol):
    """Posts notices to a channel people read."""

    async def post(self, webhook_url: str, notice: Notice) -> None:
        """Return once the vendor took it; raises `VendorRateLimited`, `VendorRefused` and `VendorError`."""
        ...
