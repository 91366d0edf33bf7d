"""Ad spend and claimed results, as the platforms report them."""

from __future__ import annotations

from datetime import date, datetime
from typing import ClassVar

from pydantic import Field

from pulsepoint.brand.vocabulary import Platform
from pulsepoint.events.envelope import Payload


class AdDayRecorded(Payload):
    """One campaign's day on one ad account, in the account's own currency and timezone.

    `conversions_micros` is the platform's claimed purchases in micro-units (platforms model fractions);
    None means it was not asked for, never zero. Windows are the click and view attribution windows in days;
    `definition_epoch` names what counted as a click then, None where the platform never changed it.
    """

    TYPE: ClassVar[str] = "ad_day.recorded"
    SCHEMA: ClassVar[int] = 2
    platform: Platform
    account_id: str
    account_currency: str
    account_timezone: str
    campaign_id: str
    campaign_name: str
    day: date
    spend_micros: int
    impressions: int | None = None
    clicks: int | None = None
    conversions_micros: int | None = None
    conversion_value_micros: int | None = None
    click_window_days: int | None = None
    view_window_days: int | None = None
    definition_epoch: str | None = None
    pulled_at: datetime


class AdDayQuarantined(Payload):
    """The campaigns of an account's day do not add up to the account's own total; the day is not counted."""

    TYPE: ClassVar[str] = "ad_day.quarantined"
    platform: Platform
    account_id: str
    day: date
    account_spend_micros: int
    campaign_spend_micros: int


class AdsSynced(Payload):
    """A pull of one ad account ended well; `changed` ad-days had new content."""

    TYPE: ClassVar[str] = "ads.synced"
    platform: Platform
    account_id: str
    start_day: date
    end_day: date
    rows: int
    changed: int
    synced_at: datetime


class AdsSyncFailed(Payload):
    """A pull of one ad account failed; `refused` means a person must act (credentials, permissions).

    `failure` is a `PullFailure`, None where an earlier release pulled; `names` are what its sentence names, what the
    platform said (untrusted) among them. `reason` is the same in technical English, for the log.
    """

    TYPE: ClassVar[str] = "ads.sync_failed"
    SCHEMA: ClassVar[int] = 2
    platform: Platform
    account_id: str
    reason: str
    refused: bool
    attempts: int
    failed_at: datetime
    failure: str | None = None
    names: dict[str, str] = Field(default_factory=dict)
