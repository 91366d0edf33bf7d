"""The port that alerting alone needs: a way to reach people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from pulsepoint.brand.vocabulary import Severity
from pulsepoint.brand.wording import DEFAULT_LOCALE


@dataclass(frozen=True, slots=True)
class Notice:
    """One alert as it is posted; texts are untrusted and unescaped. `link` opens it, `trace_id` tells how it came.

    `locale` is the language of its sentences, and of what the messenger adds to them.
    """

    severity: Severity
    title: str
    explanation: str
    recommended_action: str
    link: str
    trace_id: str
    locale: str = DEFAULT_LOCALE


class Messenger(Protocol):
    """Posts notices to a channel people read."""

    async def post(self, webhook_url: str, notice: Notice) -> None:
        """Return once the vendor took it; raises `VendorRateLimited`, `VendorRefused` and `VendorError`."""
        ...
