"""Shops and campaigns as advice sees them, with ratios as the metric catalog makes them."""

from __future__ import annotations

from typing import Any

from ai_advisor.domain.performance import CampaignPerformance, Totals
from pulsepoint.metrics.catalog import divided
from pulsepoint.money import MICROS


def campaign(**changes: Any) -> CampaignPerformance:
    """A campaign at a ROAS of exactly 2, with plenty of data."""
    values: dict[str, Any] = {
        "platform": "meta",
        "account_id": "a1",
        "campaign_id": "c1",
        "name": "Spring",
        "spend_micros": 1400 * MICROS,
        "revenue_micros": 2800 * MICROS,
        "orders": 28,
        "days_with_spend": 14,
        "daily_spend_micros": 100 * MICROS,
        **changes,
    }
    return CampaignPerformance(roas_micros=divided(values["revenue_micros"], values["spend_micros"], MICROS), **values)


def totals(net: int, orders: int, spend: int) -> Totals:
    """What a shop sold and spent; money in micros, nothing given back."""
    return Totals(net, orders, spend, divided(net, spend, MICROS), divided(net, orders, 1))
