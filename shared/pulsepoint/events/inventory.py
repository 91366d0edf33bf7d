"""Stock as the shop counts it, and what we conclude from it."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from pydantic import BaseModel, ConfigDict

from pulsepoint.brand.vocabulary import StockState
from pulsepoint.events.envelope import Payload


class StockLevelRecorded(Payload):
    """Units of one inventory item available at one location; null where the shop does not count it.

    `incoming` are the units on their way there, null where that was not said.
    """

    TYPE: ClassVar[str] = "stock_level.recorded"
    SCHEMA: ClassVar[int] = 2
    inventory_item_id: str
    location_id: str
    available: int | None
    incoming: int | None = None
    updated_at: datetime


class StockStatus(BaseModel):
    """One variant's stock judged at a moment.

    `velocity` is units a day over the days the item was in stock, as micro-units (1_000_000 = one unit a day);
    `days_of_cover` likewise in micro-days, None where nothing sells. `spend_at_risk_micros` is the daily spend of the
    campaigns whose attributed orders buy this variant, prorated by its share of their revenue. Of `days_in_stock`,
    `days_unknown` lie before the first known stock level and count as in stock. `incoming` are the units on their way,
    None where nobody said; `lead_time_days` is the variant's own lead time, else the brand's (None: stored before).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    variant_id: str
    sku: str | None
    product_id: str | None
    title: str
    available: int
    velocity_micros: int
    days_in_stock: int
    days_unknown: int = 0
    units_sold: int
    days_of_cover_micros: int | None
    incoming: int | None = None
    lead_time_days: int | None = None
    status: StockState
    continue_selling: bool
    spend_at_risk_micros: int
    campaigns: tuple[tuple[str, str, int], ...] = ()
    """(platform, campaign_id, daily spend micros prorated to this variant), dearest first."""


class StockAssessed(Payload):
    """The stock of a brand judged at a moment; `statuses` holds what is not healthy, `counts` all of it.

    `rows_as_of` is the instant at which the warehouse's newest rows of stock say the same; None where they do not, as
    a large catalog is written down less often, and in events stored before 2026-12.
    """

    TYPE: ClassVar[str] = "stock.assessed"
    SCHEMA: ClassVar[int] = 3
    assessed_at: datetime
    window_days: int
    counts: dict[str, int]
    statuses: tuple[StockStatus, ...]
    rows_as_of: datetime | None = None
