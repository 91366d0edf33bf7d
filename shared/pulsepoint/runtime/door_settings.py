"""The bounds of what a stranger may hold open, and how many connections the system lets this process have."""

from __future__ import annotations

import resource
from contextlib import suppress

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

SPARE_FILES = 256
"""Open files that are not connections: engines, logs, answers of our own."""


class DoorSettings(BaseSettings):
    """Bounds before any log-in.

    `http_address_connections` of one address, loopback apart; 0: any number. Left out, 256, and any number in the cloud
    and behind proxies, whose address is everybody's.
    `http_header_bytes` is for URL and headers together; seconds are for the whole head, for the next part of a body,
    and for the whole body. `http_body_budget` is the memory for all bodies that are not whole yet and all requests that
    are not read yet. `http_pipelined` requests of a connection wait for the one that is worked at; answers that are
    taken at less than `http_body_rate` for `http_answer_seconds` end their connection.
    """

    model_config = SettingsConfigDict(env_prefix="PULSEPOINT_", frozen=True, extra="ignore")

    http_connections: int = Field(default=2000, ge=16)
    http_address_connections: int | None = Field(default=None, ge=0)
    http_header_seconds: float = Field(default=10.0, gt=0)
    http_header_bytes: int = Field(default=32 * 1024, ge=1024)
    http_header_count: int = Field(default=100, ge=10)
    http_url_bytes: int = Field(default=8 * 1024, ge=256)
    http_body_idle_seconds: float = Field(default=10.0, gt=0)
    http_body_seconds: float = Field(default=300.0, gt=0)
    http_body_rate: int = Field(default=1024, ge=0)
    http_body_budget: int = Field(default=64 * 1024 * 1024, ge=1024 * 1024)
    http_pipelined: int = Field(default=8, ge=1)
    http_answer_seconds: float = Field(default=30.0, gt=0)
    profile: str = "memory"
    trusted_proxies: int = 0

    @property
    def most_of_an_address(self) -> int:
        """Connections one address may have; 0: any number."""
        if self.http_address_connections is not None:
            return self.http_address_connections
        return 0 if self.profile == "cloud" or self.trusted_proxies else 256


def places_of(most: int) -> int:
    """`most`, or as many as the system lets this process have open beside what it needs itself."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = most + SPARE_FILES
    if soft != resource.RLIM_INFINITY and soft < needed:
        soft = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return most if soft == resource.RLIM_INFINITY else max(min(most, soft - SPARE_FILES), 16)
