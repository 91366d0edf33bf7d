"""The gateway's settings."""

from __future__ import annotations

from pathlib import Path

from pydantic import AliasChoices, Field, SecretStr

from pulsepoint.runtime.settings import ServiceSettings


class Settings(ServiceSettings):
    """`SECRET_KEY` signs access tokens; where PostgreSQL is not embedded, `DATABASE_URL` is the identity store's, as
    `ledger_runtime`, and `PULSEPOINT_IDENTITY_STORE_OWNER_URL`, where given, migrates it at the start.

    `allow_local_urls` lets brands name an emulator of Slack on this machine, for tests. `trusted_proxies` counts
    the proxies in front whose X-Forwarded-For is believed. `web_folder` is where the built page is. `commit` is what
    this was built from, as `GET /version` answers it. `answer_seconds` is how long an answer of the warehouse is kept
    in the cache at most, 0: not at all; None is a minute where questions are billed and Redis is there, else 0.
    `requests_per_minute` counts by address who has not logged in, `requests_per_minute_per_person` who has.
    `feed_streams` are those that an instance holds open, and `feed_streams_per_person` those of one person.
    """

    secret_key: SecretStr | None = Field(
        default=None, validation_alias=AliasChoices("PULSEPOINT_SECRET_KEY", "secret_key")
    )
    database_url: SecretStr | None = Field(
        default=None, validation_alias=AliasChoices("PULSEPOINT_DATABASE_URL", "database_url")
    )
    identity_store_owner_url: SecretStr | None = None
    admin_email: str = "admin@pulsepoint.localhost"
    admin_password: SecretStr | None = None
    token_issuer: str = "pulsepoint"  # noqa: S105 (a name)
    token_audience: str = "pulsepoint-api"  # noqa: S105 (a name)
    token_minutes: int = 60
    requests_per_minute: int = Field(default=100, ge=1)
    requests_per_minute_per_person: int = Field(default=600, ge=1)
    login_attempts: int = 10
    login_period_seconds: int = 300
    allow_local_urls: bool = False
    cors_origins: tuple[str, ...] = ()
    trusted_proxies: int = 0
    web_folder: Path = Path(__file__).parents[1] / "web" / "dist"
    feed_poll_seconds: float = Field(default=0.5, gt=0)
    feed_heartbeat_seconds: float = Field(default=15.0, gt=0)
    feed_streams: int = Field(default=1000, ge=1)
    feed_streams_per_person: int = Field(default=20, ge=1)
    commit: str = ""
    answer_seconds: float | None = Field(default=None, ge=0)
    body_limit_bytes: int = Field(default=1024 * 1024, gt=0)
    upload_limit_bytes: int = Field(default=200 * 1024 * 1024, gt=0)
