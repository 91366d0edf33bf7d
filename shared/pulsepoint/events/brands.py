"""Configuration flows as events: versioned snapshots of a brand's settings."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field

from pulsepoint.events.ads import Platform
from pulsepoint.events.envelope import Payload


class AdAccount(BaseModel):
    """One connected ad account; its token is named by a secret reference, never carried.

    `base_url` is where a stand-in on this machine plays its platform; None: the platform itself.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    platform: Platform
    account_id: str
    secret_ref: str | None = None
    login_customer_id: str | None = None
    base_url: str | None = None


class BrandConfigured(Payload):
    """A brand as its people set it up; every service keeps the part it needs.

    `clock_offset_seconds` is added to wall time to get the brand's business clock (0 for real shops).
    Nothing is sent to people while the business clock is before `quiet_until`.
    `slack_webhook_ref` names the secret that holds the Slack incoming-webhook URL.
    """

    TYPE: ClassVar[str] = "brand.configured"
    name: str
    shopify_store: str
    currency: str
    timezone: str = "UTC"
    default_model: str = "last_non_direct"
    lookback_days: int = Field(default=30, ge=1, le=365)
    cancelled_orders: str = "return"
    lead_time_days: int = Field(default=14, ge=0, le=365)
    roas_target_micros: int = 2_000_000
    slack_webhook_ref: str | None = None
    ad_accounts: tuple[AdAccount, ...] = ()
    clock_offset_seconds: int = 0
    quiet_until: datetime | None = None
