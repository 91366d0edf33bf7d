"""Settings of inventory-intel."""

from __future__ import annotations

from pydantic import Field

from pulsepoint.runtime.settings import ServiceSettings


class Settings(ServiceSettings):
    """`PULSEPOINT_TICK_SECONDS`: how long events are gathered before stock is assessed anew.

    `PULSEPOINT_STOCK_ROWS_PER_SECOND` bounds what assessments append to the warehouse in the long run.
    """

    tick_seconds: float = Field(default=5.0, gt=0)
    stock_rows_per_second: float = Field(default=500.0, gt=0)
