"""A brand's stock as it was last judged, and the ad spend on what is running out."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from gateway.domain.dashboard import Inventory, ShortVariant
from gateway.domain.periods import Period
from gateway.use_cases.measuring import Measuring
from pulsepoint.brand import figures as make
from pulsepoint.brand.vocabulary import StockState


async def inventory_of(measuring: Measuring, days: Period) -> Inventory:
    """Variants by state, and the first ten that are out or running out, dearest first."""
    counted, short = await asyncio.gather(measuring.rows("dashboard_stock"), measuring.rows("dashboard_short_stock"))
    counts = {StockState(row["status"]): make.count(row["variants"]) for row in counted}
    at_risk = sum(row["spend_at_risk_micros"] for row in counted)
    tracked = sum(count.value or 0 for state, count in counts.items() if state is not StockState.UNTRACKED)
    return Inventory(
        currency=measuring.currency,
        counts={state: counts[state] for state in StockState if state in counts},
        tracked=make.count(tracked),
        spend_at_risk=make.money(at_risk, measuring.currency),
        running_out=tuple(_short(measuring, row) for row in short),
    )


def _short(measuring: Measuring, row: Mapping[str, Any]) -> ShortVariant:
    return ShortVariant(
        variant_id=row["variant_id"],
        sku=row["sku"],
        title=row["title"],
        state=StockState(row["status"]),
        figures={
            "available": make.count(row["available"]),
            "units_per_day": make.rate(row["velocity_micros"]),
            "days_of_cover": make.days(row["days_of_cover_micros"]),
            "spend_at_risk_per_day": make.money(row["spend_at_risk_micros"], measuring.currency),
        },
    )
