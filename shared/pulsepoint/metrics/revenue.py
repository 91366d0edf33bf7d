"""The one rule of what counts as net revenue, and when, in Python for handlers and in SQL as view `sales_entries`.

Net revenue is Shopify's net sales: gross minus discounts minus returns, without tax and shipping
(https://help.shopify.com/en/manual/reports-and-analytics/shopify-reports/report-types/default-reports/sales-reports).
An order counts on the day it was processed, what an edit or exchange adds or removes on the day of the change
(https://help.shopify.com/en/manual/fulfillment/managing-orders/editing-orders), a refund on the day it was issued, a
cancellation on its own date for what was never charged: a fee that was kept stays. Test and deleted orders, and their
refunds, do not count.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pulsepoint.brand.vocabulary import CancelledOrders, EntryKind
from pulsepoint.events.orders import Refund

EPOCH, MICROSECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class OrderChange:
    """A part of an order's line that was added, removed (negative) or repriced after the order; micros without tax.

    The order as it was recorded last holds it already: it moves from the order's day to its own.
    """

    occurred_at: datetime
    line_id: str
    quantity: int
    gross_micros: int
    discount_micros: int

    @property
    def net_micros(self) -> int:
        """Gross minus discounts."""
        return self.gross_micros - self.discount_micros


@dataclass(frozen=True, slots=True)
class SoldOrder:
    """The part of an order snapshot that decides its revenue; micros without tax.

    `uncharged_micros` as in `OrderRecorded`; `net_micros` holds what the `changes` add and lacks what they remove.
    """

    order_id: str
    processed_at: datetime
    net_micros: int
    taxes_included: bool
    cancelled_at: datetime | None
    test: bool
    deleted: bool
    uncharged_micros: int | None = None
    changes: tuple[OrderChange, ...] = ()


@dataclass(frozen=True, slots=True)
class SalesEntry:
    """One amount of net revenue on one moment; negative for what went back."""

    entry_id: str
    kind: EntryKind
    occurred_at: datetime
    net_micros: int


def uncharged_of(
    status: str | None, net: int, *, total: int | None = None, outstanding: int | None = None
) -> int | None:
    """The part of an order's `net` sales that its buyer was not charged, or got back in full (micros).

    `status` is Shopify's financial status in any case
    (https://shopify.dev/docs/api/admin-graphql/latest/enums/OrderDisplayFinancialStatus); of a partly paid order it
    is the share of `outstanding` in `total`. None where the status leaves it open.
    """
    match (status or "").lower():
        case "paid" | "partially_refunded":
            return 0
        case "authorized" | "expired" | "pending" | "refunded" | "unpaid" | "voided":
            return net
        case "partially_paid" if total and outstanding is not None:
            return net * min(max(outstanding, 0), total) // total
    return None


def refund_net(refund: Refund, *, taxes_included: bool) -> int:
    """Micros given back without tax and shipping: the lines' subtotal (less tax included in prices) plus adjustment."""
    tax = refund.tax_micros if taxes_included else 0
    return refund.subtotal_micros - tax + refund.adjustment_micros


def refund_total(refund: Refund, *, taxes_included: bool) -> int:
    """Micros of money given back, tax and shipping included: as the refund names it, else the sum of its parts."""
    if refund.total_micros is not None:
        return refund.total_micros
    tax = 0 if taxes_included else refund.tax_micros
    return refund.subtotal_micros + tax + refund.adjustment_micros + refund.shipping_micros


def change_id(order_id: str, changed_at: datetime) -> str:
    """The entry id of what changed about an order at a moment."""
    return f"{order_id}:edited:{(changed_at - EPOCH) // MICROSECOND}"


def sales_entries(
    order: SoldOrder | None, refunds: Iterable[Refund], *, cancelled_orders: CancelledOrders
) -> tuple[SalesEntry, ...]:
    """The entries of one order, sale first, then its changes; their sum is its net revenue.

    Refunds without a known order (`order` None) count on their own date, with tax inside their prices where they
    show it. A cancellation gives back what was neither refunded nor charged. `cancelled_orders`, the brand's policy,
    says which of the entries count.
    """
    if order is not None and (order.test or order.deleted):
        return ()
    returned = _returned(order, sorted(refunds, key=lambda refund: refund.refund_id))
    if order is None:
        return tuple(returned)
    entries = [*_sold(order), *returned]
    left = sum(entry.net_micros for entry in entries)
    uncharged = left if order.uncharged_micros is None else min(left, order.uncharged_micros)
    if order.cancelled_at is not None and uncharged > 0:
        returned_at = order.cancelled_at
        entries.append(SalesEntry(f"{order.order_id}:cancelled", EntryKind.CANCELLATION, returned_at, -uncharged))
    cancelled = order.cancelled_at is not None
    return tuple(entry for entry in entries if cancelled_orders.counts(entry.kind, cancelled=cancelled))


def _sold(order: SoldOrder) -> list[SalesEntry]:
    """The sale with the order, then an entry for each moment it was changed at."""
    changed: Counter[datetime] = Counter()
    for change in order.changes:
        changed[change.occurred_at] += change.net_micros
    sale = SalesEntry(order.order_id, EntryKind.SALE, order.processed_at, order.net_micros - sum(changed.values()))
    return [
        sale,
        *(SalesEntry(change_id(order.order_id, at), EntryKind.EDIT, at, net) for at, net in sorted(changed.items())),
    ]


def _returned(order: SoldOrder | None, refunds: Sequence[Refund]) -> list[SalesEntry]:
    """An entry a refund, by id; of an export's totals the largest, for what the refunds leave of it."""
    amounts = [(refund, *_amounts(order, refund)) for refund in refunds]
    single = [amount for amount in amounts if not amount[0].is_total]
    entries = [SalesEntry(refund.refund_id, EntryKind.REFUND, refund.issued_at, -net) for refund, net, _ in single]
    totals = [amount for amount in amounts if amount[0].is_total]
    if totals:
        refund, net, total = min(totals, key=lambda amount: (-amount[2], amount[0].refund_id))
        rest = min(net - sum(each[1] for each in single), total - sum(each[2] for each in single))
        if rest > 0:
            entries.append(SalesEntry(refund.refund_id, EntryKind.REFUND, refund.issued_at, -rest))
    return entries


def _amounts(order: SoldOrder | None, refund: Refund) -> tuple[int, int]:
    included = order.taxes_included if order is not None else bool(refund.taxes_included)
    return refund_net(refund, taxes_included=included), refund_total(refund, taxes_included=included)
