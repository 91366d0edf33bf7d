"""Tracking data of an order: raw, untrusted text, cut to length by the reader."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict


class JourneyMoment(BaseModel):
    """One visit in the shop's own customer journey."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    occurred_at: datetime | None = None
    landing_page: str | None = None
    referrer: str | None = None
    utm: tuple[tuple[str, str], ...] = ()


class TrackingData(BaseModel):
    """Everything in an order that says where its buyer came from, as sent.

    `note_attributes` and `moments` keep the platform's order; `own_hosts` are hosts of the shop itself. Nothing here
    is interpreted yet: touches are made from it by attribution, and each touch says which field it came from.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    landing_site: str | None = None
    referring_site: str | None = None
    note_attributes: tuple[tuple[str, str], ...] = ()
    discount_codes: tuple[str, ...] = ()
    moments: tuple[JourneyMoment, ...] = ()
    own_hosts: tuple[str, ...] = ()
