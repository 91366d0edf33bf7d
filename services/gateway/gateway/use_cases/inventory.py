"""A brand's stock as it was last judged, and the ad spend on what is running out."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from gateway.domain.dashboard import VARIANT, CutProduct, Inventory, ShortVariant
from gateway.domain.periods import Period
from gateway.use_cases.measuring import Measuring, breakdown, figure, figures
from pulsepoint.brand.figures import Figure, count
from pulsepoint.brand.vocabulary import StockState
from pulsepoint.metrics.catalog import ratio_of

_COUNTS = {"variants": "variants"}
_TOTALS = {"tracked": "tracked_variants", "spend_at_risk": "spend_at_risk"}


async def inventory_of(measuring: Measuring, days: Period) -> Inventory:
    """Variants by state, and the first ten that are out or running out, dearest first.

    The stock is of one instant; `days` only stand in its citations.
    """
    (by_state, totals), short, cut = await asyncio.gather(
        measuring.measure_all(breakdown(_COUNTS.values(), days, "status"), breakdown(_TOTALS.values(), days)),
        measuring.rows("dashboard_short_stock"),
        measuring.rows("inventory_cut_products"),
    )
    currency = measuring.currency
    counts = {StockState(row.at["status"]): figures(row, _COUNTS, currency)["variants"] for row in by_state.rows}
    for state in StockState:
        if state.runs_out and state not in counts:
            cited = measuring.cite("variants", days, by_state.as_of, status=state.value)
            counts[state] = figure("variants", 0, currency, cited)
    whole = figures(totals.total, _TOTALS, currency)
    return Inventory(
        currency=currency,
        counts={state: counts[state] for state in StockState if state in counts},
        tracked=whole["tracked"],
        spend_at_risk=whole["spend_at_risk"],
        running_out=tuple(_short(measuring, days, row) for row in short),
        cut_products=tuple(CutProduct(**row) for row in cut),
    )


def _short(measuring: Measuring, days: Period, row: Mapping[str, Any]) -> ShortVariant:
    """A variant by the row it was judged in, which is the newest there is at the instant it was recorded."""
    values = {
        "available": row["available"],
        "incoming": row["incoming"],
        "units_per_day": row["velocity_micros"],
        "days_of_cover": ratio_of("days_of_cover", row["available"], row["velocity_micros"]),
        "spend_at_risk_per_day": row["spend_at_risk_micros"],
    }
    return ShortVariant(
        variant_id=row["variant_id"],
        sku=row["sku"],
        title=row["title"],
        state=StockState(row["status"]),
        figures={
            shown: figure(
                name,
                values[shown],
                measuring.currency,
                measuring.cite(name, days, row["recorded_at"], variant_id=row["variant_id"]),
            )
            for shown, name in VARIANT.items()
        }
        | {"lead_time_days": _lead_time(measuring, days, row["lead_time_days"])},
    )


def _lead_time(measuring: Measuring, days: Period, lead_time: int | None) -> Figure:
    """The lead time that a variant was judged by; None in rows stored before there was one."""
    return count(None) if lead_time is None else measuring.given("lead_time", lead_time, days)
