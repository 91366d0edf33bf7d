"""Money without its other half: credits of paid touches that fit no campaign, and spend that earned no credit."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from gateway.domain.brands import Brand
from gateway.domain.identity import Person
from gateway.use_cases.measuring import Measuring
from pulsepoint.metrics.access import Metrics
from pulsepoint.metrics.basis import ALL_DAYS, MetricSettings
from pulsepoint.metrics.query import MeasuredRow

MEASURED = ("spend", "paid_revenue", "paid_credits")
BY = ("channel", "account_id", "campaign_id", "campaign", "currency")


@dataclass(frozen=True, slots=True)
class UnmatchedMoney:
    """Credits that fit no campaign, or a campaign's spend that earned no credit; micros, with the amount's citation."""

    side: Literal["credits", "spend"]
    channel: str
    campaign: str | None
    currency: str
    amount_micros: int
    fact_id: str


@dataclass(frozen=True, slots=True)
class UnmatchedOrder:
    """A sale whose paid touch names a campaign that is not known; `amount_micros` is what is credited to the touch."""

    order_id: str
    name: str | None
    occurred_at: datetime
    channel: str
    campaign: str | None
    currency: str
    amount_micros: int


async def unmatched_orders_of(measuring: Measuring, limit: int) -> list[UnmatchedOrder]:
    """The newest of a brand's unmatched sales under its model, newest first."""
    rows = await measuring.rows("unmatched_orders", model=measuring.basis.model.value, limit=limit)
    return [
        UnmatchedOrder(
            order_id=row["order_id"],
            name=row["name"],
            occurred_at=row["occurred_at"],
            channel=row["channel"],
            campaign=row["campaign"],
            currency=row["currency"],
            amount_micros=row["revenue_micros"],
        )
        for row in rows
    ]


async def unmatched_of(person: Person, brand: Brand, metrics: Metrics) -> list[UnmatchedMoney]:
    """All unmatched money of a brand's whole history under its model: credits first, dearest first."""
    measurement = await metrics.measure(
        person.scope.brand(brand.brand_id),
        MEASURED,
        period=ALL_DAYS,
        settings=MetricSettings.of(brand.settings, brand.version),
        by=BY,
    )
    unmatched = [each for row in measurement.rows if (each := _unmatched(row)) is not None]
    return sorted(
        unmatched, key=lambda each: (each.side, -each.amount_micros, each.channel, each.campaign or "", each.currency)
    )


def _unmatched(row: MeasuredRow) -> UnmatchedMoney | None:
    credited = row.value("paid_credits") > 0
    if row.at["campaign_id"] is None and credited:
        return _money(row, "credits", "paid_revenue")
    if row.at["campaign_id"] is not None and not credited and row.value("spend") > 0:
        return _money(row, "spend", "spend")
    return None


def _money(row: MeasuredRow, side: Literal["credits", "spend"], metric: str) -> UnmatchedMoney:
    return UnmatchedMoney(
        side=side,
        channel=row.at["channel"],
        campaign=row.at["campaign"],
        currency=row.at["currency"],
        amount_micros=row.value(metric),
        fact_id=row.number(metric).fact_id,
    )
