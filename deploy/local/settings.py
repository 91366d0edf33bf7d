"""Settings of the instance: every service in one process."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

from pydantic import AliasChoices, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class InstanceSettings(BaseSettings):
    """`PORT`, `HOST` and `PULSEPOINT_*` from the environment; what is absent is made on the first start.

    `public_url` is the address people and Shopify use where a proxy is in front; left out, the instance's own.
    `timezone` is whose clocks the daily jobs follow (`deploy/local/schedule.py`).
    """

    model_config = SettingsConfigDict(env_prefix="PULSEPOINT_", frozen=True, extra="ignore")

    host: str = Field(default="127.0.0.1", validation_alias=AliasChoices("HOST", "PULSEPOINT_HOST"))
    port: int = Field(default=8080, validation_alias=AliasChoices("PORT", "PULSEPOINT_PORT"))
    home: Path = Path("var")
    public_url: str | None = None
    demo: bool = True
    admin_email: str = "admin@pulsepoint.localhost"
    admin_password: SecretStr | None = None
    secret_key: SecretStr | None = Field(
        default=None, validation_alias=AliasChoices("PULSEPOINT_SECRET_KEY", "SECRET_KEY")
    )
    shopify_api_secret: SecretStr | None = None
    log_level: str = "INFO"
    timezone: ZoneInfo = ZoneInfo("UTC")

    @property
    def address(self) -> str:
        """The URL at which people reach the instance."""
        host = "127.0.0.1" if self.host in ("0.0.0.0", "::") else self.host  # noqa: S104 - compared, not bound
        return f"http://{host}:{self.port}"
