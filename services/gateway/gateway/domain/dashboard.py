"""The dashboard's numbers, from measurements of the metric catalog."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from gateway.domain.periods import Period
from pulsepoint.metrics.query import Excluded, MeasuredRow, Number

AD_CHANNELS = ("meta", "tiktok", "google")
TOTALS = ("spend", "net_revenue", "blended_roas", "orders", "aov")
CHANNEL_METRICS = (
    "spend", "attributed_revenue", "unattributed_revenue", "roas", "attributed_orders", "unattributed_orders", "clicks",
)  # fmt: skip
CLAIMS = ("platform_value", "platform_roas")
DAY_METRICS = ("net_revenue", "spend", "orders", "blended_roas", "aov")
# How many of its smallest unit make one of what people read.
SCALES = {"money": 1_000_000, "count": 1, "micro_count": 1_000_000, "ratio": 1_000_000, "days": 1_000_000}
Row = Mapping[str, Any]


def money(micros: int | None) -> float | None:
    """Micros as a decimal number; shortest form, so cents stay cents."""
    return None if micros is None else micros / 1_000_000


def decimal(value: int | None, unit: str) -> float | int | None:
    """A metric's integer in the unit people read; counts stay whole."""
    if value is None or SCALES[unit] == 1:
        return value
    return value / SCALES[unit]


def totals_view(row: MeasuredRow) -> dict[str, Any]:
    """The totals of a period, with the fact id of each."""
    numbers = row.numbers
    return {
        "total_spend": money(numbers["spend"].value),
        "total_revenue": money(numbers["net_revenue"].value),
        "blended_roas": money(numbers["blended_roas"].value),
        "orders": numbers["orders"].value,
        "average_order_value": money(numbers["aov"].value),
        "facts": {
            "average_order_value": numbers["aov"].fact_id,
            "total_spend": numbers["spend"].fact_id,
            "total_revenue": numbers["net_revenue"].fact_id,
            "blended_roas": numbers["blended_roas"].fact_id,
            "orders": numbers["orders"].fact_id,
        },
    }


def channels_view(
    rows: Iterable[MeasuredRow], currency: str, claims: Mapping[str, Mapping[str, Number]]
) -> list[dict[str, Any]]:
    """Each channel: what was spent, what the model credits to it, the ratio of what ads earned to their spend, and
    what its platform claims, where that can be added up."""
    return [
        _channel(str(row.at["channel"]), {**row.numbers, **claims.get(str(row.at["channel"]), {})}, currency)
        for row in rows
    ]


def _channel(name: str, numbers: Mapping[str, Number], currency: str) -> dict[str, Any]:
    claimed = {metric: numbers[metric] for metric in CLAIMS if metric in numbers}
    credited = "unattributed" if name == "unattributed" else "attributed"
    revenue, orders = numbers[f"{credited}_revenue"], numbers[f"{credited}_orders"]
    return {
        "channel": name,
        "spend": money(numbers["spend"].value),
        "revenue": money(revenue.value),
        "roas": money(numbers["roas"].value),
        "orders": orders.value,
        "clicks": numbers["clicks"].value,
        **{name: decimal(number.value, "money") for name, number in claimed.items()},
        "currency": currency,
        "facts": {
            "spend": numbers["spend"].fact_id,
            "revenue": revenue.fact_id,
            "roas": numbers["roas"].fact_id,
            "orders": orders.fact_id,
            "clicks": numbers["clicks"].fact_id,
            **{name: number.fact_id for name, number in claimed.items()},
        },
    }


def days_view(period: Period, rows: Iterable[MeasuredRow]) -> list[dict[str, Any]]:
    """Each day of the period, those without sales or spend too."""
    by_day = {row.at["day"]: row.numbers for row in rows}
    days = (period.start + timedelta(days=number) for number in range(period.days))
    return [_day(day, by_day.get(day)) for day in days]


def _day(day: date, numbers: Mapping[str, Number] | None) -> dict[str, Any]:
    if numbers is None:
        return {"day": day, "revenue": 0.0, "spend": 0.0, "orders": 0, "roas": None, "average_order_value": None}
    return {
        "day": day,
        "revenue": money(numbers["net_revenue"].value) or 0.0,
        "spend": money(numbers["spend"].value) or 0.0,
        "orders": numbers["orders"].value or 0,
        "roas": money(numbers["blended_roas"].value),
        "average_order_value": money(numbers["aov"].value),
    }


def excluded_view(excluded: Iterable[Excluded]) -> list[dict[str, Any]]:
    """Money in other currencies than the brand's, listed apart."""
    return [
        {"metric": each.metric, "currency": each.currency, "amount": money(each.value), **each.at} for each in excluded
    ]


def stock_view(counts: Sequence[Row], short: Sequence[Row], currency: str) -> dict[str, Any]:
    """What the stock means for the ads."""
    return {
        "counts": {row["status"]: row["variants"] for row in counts},
        "spend_at_risk_per_day": money(sum(row["spend_at_risk_micros"] for row in counts)),
        "currency": currency,
        "running_out": [
            {
                "variant_id": row["variant_id"],
                "sku": row["sku"],
                "title": row["title"],
                "status": row["status"],
                "available": row["available"],
                "units_per_day": money(row["velocity_micros"]),
                "days_of_cover": money(row["days_of_cover_micros"]),
                "spend_at_risk_per_day": money(row["spend_at_risk_micros"]),
            }
            for row in short
        ],
    }


def plain_summary(row: MeasuredRow, period: Period, currency: str) -> str:
    """The period in one sentence, for when the advisor has said nothing about it."""
    revenue, spend = row.numbers["net_revenue"].value or 0, row.numbers["spend"].value or 0
    orders = row.numbers["orders"].value or 0
    if not orders and not spend and not revenue:
        return f"No orders and no ad spend from {period.start} to {period.end}."
    noun = "order" if orders == 1 else "orders"
    text = f"{orders:,} {noun}, {revenue / 1e6:,.2f} {currency} net revenue from {period.start} to {period.end}"
    if spend:
        return f"{text}; {spend / 1e6:,.2f} {currency} of ad spend, {revenue / spend:.2f} back for each 1 spent."
    return f"{text}; no ad spend is known."
