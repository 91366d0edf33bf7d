"""Settings every service has; each adds its own in a frozen subclass."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self

from pydantic import AliasChoices, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


def either_name(name: str) -> AliasChoices:
    """For settings known by a plain name as well: `PULSEPOINT_GCP_PROJECT_ID`, or `GCP_PROJECT_ID`."""
    return AliasChoices(f"PULSEPOINT_{name.upper()}", name)


class ServiceSettings(BaseSettings):
    """Read from the environment with the prefix `PULSEPOINT_`; those of Google Cloud and Redis also without it.

    `profile` chooses the engines: `memory` (one service alone, nothing kept), `embedded` (all services in one
    process, opened by `deploy.local`), `cloud` (Google Cloud's, in `gcp_region`). Times in seconds. `allow_local_urls`
    lets addresses that people give (Slack) lie on this machine or a private network: for the demo and tests.
    Where root runs one machine, PostgreSQL runs as another user; `postgres_folder` has its data when that user cannot
    pass the parents of `home`.

    Pub/Sub and BigQuery may lie in projects of their own. `kms_key` (`projects/…/cryptoKeys/…`) encrypts the datasets
    and secrets that services make; without it Google's own keys do. The endpoints (`http://host:port`) are emulators
    asked in place of Google. Without `redis_url` each instance counts limits for itself. `cpu_between_requests` says
    whether an instance may work while it answers nobody; in the cloud it may not, unless told so.

    Payloads too large for a message lie in `payload_bucket`, a bucket of Cloud Storage.

    `push_audience` and `push_service_account` are what tokens of Pub/Sub and Cloud Scheduler must name: this
    service's own URL and the account that pushes; without them nobody may push over the network. `push_keys_url`
    is where the keys that sign those tokens are published. Finished spans also go to `otlp_endpoint` (OTLP over
    HTTP, `https://telemetry.googleapis.com` for Cloud Trace) where one is named.
    """

    model_config = SettingsConfigDict(env_prefix="PULSEPOINT_", frozen=True, extra="ignore")

    profile: Literal["memory", "embedded", "cloud"] = "memory"
    home: Path = Path("var")
    postgres_folder: Path = Path("/var/lib/pulsepoint")
    log_level: str = Field(default="INFO", validation_alias=either_name("log_level"))
    public_url: str = "http://127.0.0.1:8080"
    quarantine_ttl_days: int = Field(default=14, ge=1)
    sweep_seconds: float = 0.5
    outbox_seconds: float = 10.0
    span_flush_seconds: float = 1.0
    traced: bool = True
    allow_local_urls: bool = False
    secret_key: SecretStr | None = None
    push_audience: str = ""
    push_service_account: str = ""
    push_keys_url: str = "https://www.googleapis.com/oauth2/v3/certs"
    gcp_project_id: str = Field(default="", validation_alias=either_name("gcp_project_id"))
    gcp_region: str = Field(default="europe-west1", validation_alias=either_name("gcp_region"))
    pubsub_project_id: str = Field(default="", validation_alias=either_name("pubsub_project_id"))
    bigquery_project_id: str = Field(default="", validation_alias=either_name("bigquery_project_id"))
    redis_url: SecretStr | None = Field(default=None, validation_alias=either_name("redis_url"))
    payload_bucket: str = ""
    kms_key: str | None = None
    bigquery_endpoint: str | None = None
    secret_manager_endpoint: str | None = None
    storage_endpoint: str | None = None
    otlp_endpoint: str = Field(
        default="", validation_alias=AliasChoices("PULSEPOINT_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
    )
    cpu_between_requests: bool | None = None

    @property
    def works_between_requests(self) -> bool:
        """True where loops run while no request does."""
        return self.profile != "cloud" if self.cpu_between_requests is None else self.cpu_between_requests

    @model_validator(mode="after")
    def _cloud_is_named(self) -> Self:
        if self.profile == "cloud":
            for name in ("gcp_project_id", "push_audience", "push_service_account"):
                if not getattr(self, name):
                    raise ValueError(f"{name.upper()} is not set: PULSEPOINT_PROFILE=cloud needs it (see .env.example)")
        return self
