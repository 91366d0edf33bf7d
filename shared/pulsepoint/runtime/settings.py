"""Settings every service has; each adds its own in a frozen subclass."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class ServiceSettings(BaseSettings):
    """Read from the environment with the prefix `PULSEPOINT_`.

    `profile` chooses the engines: `memory` (one service alone, nothing kept), `embedded` (all services in one
    process, opened by the tower). Times in seconds. `allow_local_urls` lets addresses that people give (Slack)
    lie on this machine or a private network: for the demo and tests.

    `push_audience` and `push_service_account` are what tokens of Pub/Sub and Cloud Scheduler must name: this
    service's own URL and the account that pushes; without them nobody may push over the network. `push_keys_url`
    is where the keys that sign those tokens are published.
    """

    model_config = SettingsConfigDict(env_prefix="PULSEPOINT_", frozen=True, extra="ignore")

    profile: Literal["memory", "embedded"] = "memory"
    home: Path = Path("var")
    log_level: str = "INFO"
    public_url: str = "http://127.0.0.1:8080"
    held_ttl_days: int = 14
    sweep_seconds: float = 0.5
    leftover_seconds: float = 10.0
    span_flush_seconds: float = 1.0
    traced: bool = True
    allow_local_urls: bool = False
    secret_key: SecretStr | None = None
    push_audience: str = ""
    push_service_account: str = ""
    push_keys_url: str = "https://www.googleapis.com/oauth2/v3/certs"
