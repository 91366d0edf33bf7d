"""The ports of alerting beyond the kernel's: a way to reach people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from pulsepoint.brand.vocabulary import Severity
from pulsepoint.brand.wording import DEFAULT_LOCALE
from pulsepoint.ports.clock import Clock
from pulsepoint.ports.secret_store import SecretStore


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


class PostPorts(Protocol):
    """The ports of a post."""

    @property
    def secrets(self) -> SecretStore:
        """Webhook addresses by reference."""
        ...

    @property
    def clock(self) -> Clock:
        """Wall time, UTC."""
        ...

    @property
    def messenger(self) -> Messenger:
        """The way to people."""
        ...

    @property
    def public_url(self) -> str:
        """The URL where people open Pulsepoint, without a slash at its end."""
        ...
