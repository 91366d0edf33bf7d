"""What counts as net revenue, and when: the one rule, in Python for handlers and in SQL as view `sales_entries`.

Net revenue is Shopify's net sales: gross minus discounts minus returns, without tax and shipping
(https://help.shopify.com/en/manual/reports-and-analytics/shopify-reports/report-types/default-reports/sales-reports).
An order counts on the day it was processed, a refund on the day it was issued, a cancellation on its own date
for what was not refunded. Test and deleted orders, and their refunds, do not count.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from pulsepoint.events.orders import Refund

SALE, REFUND, CANCELLATION = "sale", "refund", "cancellation"


@dataclass(frozen=True, slots=True)
class SoldOrder:
    """The part of an order snapshot that decides its revenue; micros without tax."""

    order_id: str
    processed_at: datetime
    net_micros: int
    taxes_included: bool
    cancelled_at: datetime | None
    test: bool
    deleted: bool


@dataclass(frozen=True, slots=True)
class SalesEntry:
    """One amount of net revenue on one moment; negative for what went back."""

    entry_id: str
    kind: str
    occurred_at: datetime
    net_micros: int


def refund_net(refund: Refund, *, taxes_included: bool) -> int:
    """Micros given back without tax and shipping: the lines' subtotal (less tax included in prices) plus adjustment."""
    tax = refund.tax_micros if taxes_included else 0
    return refund.subtotal_micros - tax + refund.adjustment_micros


def sales_entries(
    order: SoldOrder | None, refunds: Iterable[Refund], *, cancelled_orders: str = "return"
) -> tuple[SalesEntry, ...]:
    """The entries of one order, sale first; their sum is its net revenue.

    Refunds without a known order (`order` None) count on their own date, read as prices without tax.
    `cancelled_orders` is the brand's policy: `return` gives back at cancellation what was not refunded,
    `exclude` drops cancelled orders, with their refunds, as if never sold, `keep` leaves them as sold.
    """
    if order is not None and (order.test or order.deleted):
        return ()
    if order is not None and order.cancelled_at is not None and cancelled_orders == "exclude":
        return ()
    included = order.taxes_included if order is not None else False
    returned = [
        SalesEntry(refund.refund_id, REFUND, refund.issued_at, -refund_net(refund, taxes_included=included))
        for refund in sorted(refunds, key=lambda refund: refund.refund_id)
    ]
    if order is None:
        return tuple(returned)
    entries = [SalesEntry(order.order_id, SALE, order.processed_at, order.net_micros), *returned]
    left = sum(entry.net_micros for entry in entries)
    if order.cancelled_at is not None and cancelled_orders == "return" and left > 0:
        entries.append(SalesEntry(f"{order.order_id}:cancelled", CANCELLATION, order.cancelled_at, -left))
    return tuple(entries)
