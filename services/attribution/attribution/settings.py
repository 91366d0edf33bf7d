"""Settings of attribution: those every service has. What a brand may choose arrives as `brand.configured`."""

from __future__ import annotations

from pulsepoint.runtime.settings import ServiceSettings


class Settings(ServiceSettings):
    """Nothing of its own."""
