"""`…/orders`: the newest orders."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel

from gateway.domain.dashboard import money
from gateway.endpoints.access import BrandOf, PersonOf, PortsOf
from gateway.endpoints.parameters import Model, chosen_model
from gateway.endpoints.problems import PROBLEMS
from gateway.use_cases.feed import newest_orders

router = APIRouter(prefix="/api/brands/{brand_id}", tags=["orders"], responses=PROBLEMS)


class OrderView(BaseModel):
    """An order; `net_revenue` before returns, `channel` and `campaign` by the model (null until attributed)."""

    order_id: str
    name: str | None
    processed_at: datetime
    cancelled_at: datetime | None
    net_revenue: float
    currency: str
    country: str | None
    channel: str | None
    campaign: str | None

    @classmethod
    def of(cls, row: dict[str, Any]) -> OrderView:
        """The view of a row of the query `newest_orders`."""
        return cls(**row | {"net_revenue": money(row["net_micros"])})


class Orders(BaseModel):
    """The newest orders, newest first; `model` says whose channels these are."""

    model: str
    orders: list[OrderView]


@router.get("/orders")
async def list_orders(
    brand: BrandOf,
    person: PersonOf,
    ports: PortsOf,
    limit: Annotated[int, Query(ge=1, le=200)] = 20,
    model: Model = None,
) -> Orders:
    """The newest orders and where they came from."""
    chosen = chosen_model(model, brand)
    rows = await newest_orders(person, brand, chosen, limit, ports.warehouse)
    return Orders(model=chosen.value, orders=[OrderView.of(row) for row in rows])
