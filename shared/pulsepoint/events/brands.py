"""Configuration flows as events: versioned snapshots of a brand's settings."""

from __future__ import annotations

from typing import ClassVar

from pulsepoint.brand.settings import AdAccount, BrandSettings
from pulsepoint.events.envelope import Payload

__all__ = ["AdAccount", "BrandConfigured"]


class BrandConfigured(BrandSettings, Payload):
    """A brand as its people set it up; every service keeps it by `pulsepoint.runtime.brand_projection`."""

    TYPE: ClassVar[str] = "brand.configured"
    SCHEMA: ClassVar[int] = 7
