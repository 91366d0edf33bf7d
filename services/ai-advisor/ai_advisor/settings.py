"""Settings of ai-advisor."""

from __future__ import annotations

from pulsepoint.runtime.settings import ServiceSettings


class Settings(ServiceSettings):
    """Those every service has."""
