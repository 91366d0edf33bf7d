"""Sales and refunds of a shop: full snapshots, money in micros of the shop's currency."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import ClassVar

from pydantic import BaseModel, ConfigDict

from pulsepoint.events.envelope import Payload
from pulsepoint.events.touches import TrackingData

SAME_ORDER = timedelta(days=1)
"""So far apart may be two tellings of one order's moment: spreadsheets drop its offset."""
_OFFSET, _MINUTE = timedelta(minutes=15), timedelta(minutes=1)


def may_be_same_moment(first: datetime, other: datetime) -> bool:
    """True for moments that two writings of one may be: equal, or apart by an offset from UTC that one of them lacks.

    Offsets are whole quarters of an hour (https://www.iana.org/time-zones); seconds are dropped with them, or not.
    """
    apart = abs(first - other)
    if apart > SAME_ORDER:
        return False
    to_the_minute = not (first.second and other.second)
    over = apart % _OFFSET
    return not over or (to_the_minute and min(over, _OFFSET - over) < _MINUTE)


class RemovedPart(BaseModel):
    """The part of a line that an edit took out of its order; amounts exclude tax."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    quantity: int
    gross_micros: int
    discount_micros: int


class OrderLine(BaseModel):
    """One line of an order as sold, before returns; amounts exclude tax and what was `removed` by an edit."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    line_id: str
    product_id: str | None = None
    variant_id: str | None = None
    sku: str | None = None
    title: str = ""
    quantity: int
    gross_micros: int
    discount_micros: int
    tax_micros: int = 0
    removed: RemovedPart | None = None

    @property
    def net_micros(self) -> int:
        """Gross minus discounts, without tax."""
        return self.gross_micros - self.discount_micros


class RefundLine(BaseModel):
    """One refunded line; `subtotal_micros` as the platform sent it (with tax where the order's prices include it)."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    line_id: str
    product_id: str | None = None
    variant_id: str | None = None
    sku: str | None = None
    quantity: int
    subtotal_micros: int
    tax_micros: int = 0


class Refund(BaseModel):
    """Money given back for an order, on its own date.

    `subtotal_micros` and `tax_micros` sum the lines; `adjustment_micros` is what was given back beyond the
    lines, without shipping (positive: more was given back). The net return is subtotal, less tax where the
    order's prices include tax, plus adjustment (`pulsepoint.metrics.revenue.refund_net`).

    `total_micros` is the money that went back, tax and shipping included, where the refund names it;
    `taxes_included` whether its own amounts show that prices hold the tax (None: they do not show it), for a refund
    whose order is unknown. `is_total` marks an export's sum of all refunds of an order, which names none of them:
    what the others gave back is not counted twice.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    refund_id: str
    issued_at: datetime
    subtotal_micros: int
    tax_micros: int = 0
    adjustment_micros: int = 0
    shipping_micros: int = 0
    total_micros: int | None = None
    taxes_included: bool | None = None
    is_total: bool = False
    lines: tuple[RefundLine, ...] = ()


class OrderRecorded(Payload):
    """An order as the shop last told it, with the refunds it carried.

    `uncharged_micros` is the part of its net sales that the buyer was not charged, or got back in full: what a
    cancellation takes back beside the refunds (None: not known, all that is left). `customer_order_index` is its place
    among its customer's orders, from 1; `customer_orders_count` how many these were when the body was made, with it.
    """

    TYPE: ClassVar[str] = "order.recorded"
    SCHEMA: ClassVar[int] = 4
    order_id: str
    name: str = ""
    currency: str
    created_at: datetime
    processed_at: datetime
    updated_at: datetime
    cancelled_at: datetime | None = None
    test: bool = False
    taxes_included: bool = False
    subject: str | None = None
    customer_order_index: int | None = None
    customer_orders_count: int | None = None
    financial_status: str | None = None
    source_name: str | None = None
    gross_micros: int
    discount_micros: int
    tax_micros: int = 0
    shipping_micros: int = 0
    total_micros: int = 0
    uncharged_micros: int | None = None
    shipping_country: str | None = None
    shipping_region: str | None = None
    lines: tuple[OrderLine, ...] = ()
    refunds: tuple[Refund, ...] = ()
    evidence: TrackingData = TrackingData()

    @property
    def net_micros(self) -> int:
        """Net sales before returns: gross minus discounts, without tax."""
        return self.gross_micros - self.discount_micros

    def without_buyer(self) -> OrderRecorded:
        """The order without its buyer's subject, how they came, and the titles of lines that were made for them."""
        lines = tuple(line if line.product_id else line.model_copy(update={"title": ""}) for line in self.lines)
        return self.model_copy(update={"subject": None, "evidence": TrackingData(), "lines": lines})


class RefundRecorded(Payload):
    """A refund delivered on its own."""

    TYPE: ClassVar[str] = "refund.recorded"
    SCHEMA: ClassVar[int] = 2
    order_id: str
    currency: str
    refund: Refund


class OrderDeleted(Payload):
    """The shop deleted an order: a tombstone, its sales and refunds no longer count."""

    TYPE: ClassVar[str] = "order.deleted"
    order_id: str


class OrderEditCommitted(Payload):
    """An order was edited; the new amounts arrive as a full snapshot of their own."""

    TYPE: ClassVar[str] = "order.edited"
    order_id: str
    edit_id: str
    committed_at: datetime
    added: tuple[tuple[str, int], ...] = ()
    removed: tuple[tuple[str, int], ...] = ()
