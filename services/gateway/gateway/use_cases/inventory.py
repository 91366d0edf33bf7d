"""A brand's stock as it was last judged, and the ad spend on what is running out."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from gateway.domain.dashboard import Inventory, ShortVariant
from gateway.domain.periods import Period
from gateway.use_cases.measuring import Measuring, figure
from pulsepoint.brand import figures as make
from pulsepoint.brand.vocabulary import StockState
from pulsepoint.metrics.basis import Period as MetricPeriod
from pulsepoint.metrics.query import Breakdown


async def inventory_of(measuring: Measuring, days: Period) -> Inventory:
    """Variants by state, and the first ten that are out or running out, dearest first."""
    period = MetricPeriod(days.start, days.end)
    (by_status, total), short = await asyncio.gather(
        measuring.measure_all(
            [Breakdown(("variants",), period, ("status",)), Breakdown(("variants", "spend_at_risk"), period)]
        ),
        measuring.rows("dashboard_short_stock"),
    )
    counts = {StockState(row.at["status"]): figure(row, "variants", "") for row in by_status.rows}
    tracked = sum(count.value or 0 for state, count in counts.items() if state is not StockState.UNTRACKED)
    return Inventory(
        currency=measuring.currency,
        counts={state: counts[state] for state in StockState if state in counts},
        tracked=make.count(tracked),
        spend_at_risk=figure(total.total, "spend_at_risk", measuring.currency),
        running_out=tuple(_short(measuring, days, total.as_of, row) for row in short),
    )


def _short(measuring: Measuring, days: Period, as_of: datetime | None, row: Mapping[str, Any]) -> ShortVariant:
    def cite(metric: str) -> str:
        return measuring.cite(metric, days, as_of, variant_id=row["variant_id"])

    return ShortVariant(
        variant_id=row["variant_id"],
        sku=row["sku"],
        title=row["title"],
        state=StockState(row["status"]),
        figures={
            "available": make.count(row["available"], cite("available_units")),
            "units_per_day": make.rate(row["velocity_micros"], cite("velocity")),
            "days_of_cover": make.days(row["days_of_cover_micros"], cite("days_of_cover")),
            "spend_at_risk_per_day": make.money(row["spend_at_risk_micros"], measuring.currency, cite("spend_at_risk")),
        },
    )
