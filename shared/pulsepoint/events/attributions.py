"""Which touch earned which order, by model."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from pydantic import BaseModel, ConfigDict

from pulsepoint.brand.vocabulary import Channel
from pulsepoint.events.envelope import Payload


class Touch(BaseModel):
    """One visit that may have led to an order.

    `paid` says whether it was bought. `evidence` names the fields it was made from.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    occurred_at: datetime
    channel: Channel
    paid: bool
    source: str | None = None
    medium: str | None = None
    campaign: str | None = None
    content: str | None = None
    term: str | None = None
    click_id: str | None = None
    evidence: tuple[str, ...] = ()


class OrderAttributed(Payload):
    """An order's credits were computed anew; the credits themselves are facts in the warehouse.

    `credits` counts them; for every model they add up to `net_micros`.
    """

    TYPE: ClassVar[str] = "order.attributed"
    order_id: str
    currency: str
    net_micros: int
    credits: int
    attributed_at: datetime
