"""`…/unmatched`: spend and orders that found no other half, each with its amount."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel

from gateway.domain.dashboard import money
from gateway.endpoints.access import PersonOf, PortsOf
from gateway.endpoints.parameters import StandingOf
from gateway.endpoints.problems import PROBLEMS
from gateway.use_cases.unmatched import UnmatchedMoney, UnmatchedOrder, unmatched_of, unmatched_orders_of
from pulsepoint.brand.vocabulary import AttributionModel

router = APIRouter(prefix="/api/brands/{brand_id}", tags=["verification"], responses=PROBLEMS)


class UnmatchedMoneyView(BaseModel):
    """A campaign's money without its other half; `fact_id` recomputes the amount."""

    channel: str
    campaign: str | None
    currency: str
    amount: float | None
    fact_id: str

    @classmethod
    def of(cls, unmatched: UnmatchedMoney) -> UnmatchedMoneyView:
        """The view of one campaign's money."""
        return cls(
            channel=unmatched.channel,
            campaign=unmatched.campaign,
            currency=unmatched.currency,
            amount=money(unmatched.amount_micros),
            fact_id=unmatched.fact_id,
        )


class UnmatchedOrderView(BaseModel):
    """A sale whose paid touch names a campaign nobody knows; `amount` is what is credited to the touch."""

    order_id: str
    name: str | None
    occurred_at: datetime
    channel: str
    campaign: str | None
    currency: str
    amount: float | None

    @classmethod
    def of(cls, unmatched: UnmatchedOrder) -> UnmatchedOrderView:
        """The view of one sale."""
        return cls(
            order_id=unmatched.order_id,
            name=unmatched.name,
            occurred_at=unmatched.occurred_at,
            channel=unmatched.channel,
            campaign=unmatched.campaign,
            currency=unmatched.currency,
            amount=money(unmatched.amount_micros),
        )


class UnmatchedView(BaseModel):
    """Spend that earned no credit and credits that fit no campaign, dearest first; and the newest such orders."""

    model: AttributionModel
    spend: list[UnmatchedMoneyView]
    credits: list[UnmatchedMoneyView]
    orders: list[UnmatchedOrderView]


@router.get("/unmatched")
async def read_unmatched(
    measuring: StandingOf, person: PersonOf, ports: PortsOf, limit: Annotated[int, Query(ge=1, le=500)] = 100
) -> UnmatchedView:
    """Everything that could not be matched, over the brand's whole history under its own model."""
    sums = await unmatched_of(person, measuring.brand, ports.metrics)
    orders = await unmatched_orders_of(measuring, limit)
    return UnmatchedView(
        model=measuring.basis.model,
        spend=[UnmatchedMoneyView.of(each) for each in sums if each.side == "spend"],
        credits=[UnmatchedMoneyView.of(each) for each in sums if each.side == "credits"],
        orders=[UnmatchedOrderView.of(each) for each in orders],
    )
