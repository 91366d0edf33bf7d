"""Transactions with the columns of UCI Online Retail as Shopify webhooks (https://archive.ics.uci.edu/dataset/352/online+retail).

What a row becomes depends on price and quantity alone, so monthly sums hold whatever the invoice is called:
price > 0 and quantity > 0 is a line sold, price > 0 and quantity < 0 a line given back on its own date, and price <= 0
(stock adjustments, bad debt) or quantity 0 is left out. An order is the sold lines of one invoice on one day, in the
day's first minute that has one: the set holds invoices whose lines are a minute apart, and none may straddle a month.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import groupby
from zoneinfo import ZoneInfo

from file_import.bodies import Return, ReturnedLine, Sale, SoldLine, order_body, refund_body
from file_import.countries import country_code
from file_import.webhooks import Webhook, stable_id

LineKey = tuple[str, str, int]


@dataclass(frozen=True, slots=True)
class Row:
    """One counted row; `started` is the first moment of its invoice's lines of that kind on that day, brand-local."""

    started: datetime
    returned: bool
    invoice: str
    stock_code: str
    description: str
    quantity: int
    cents: int
    customer: str | None
    country: str | None

    def owner(self) -> tuple[datetime, bool, str]:
        """The key that rows of one order, or of one returning invoice, share."""
        return self.started, self.returned, self.invoice

    @property
    def key(self) -> LineKey | None:
        """The key that a return and the sale it undoes share; None for rows without a customer."""
        return None if self.customer is None else (self.customer, self.stock_code, self.cents)


@dataclass(slots=True)
class _Bought:
    """Lines of one order with the same key, and how many of each are still kept."""

    order_id: int
    lines: list[SoldLine] = field(default_factory=list)
    kept: list[int] = field(default_factory=list)

    def take(self, quantity: int) -> list[tuple[SoldLine, int]]:
        """The lines that `quantity` goes back from, first lines first."""
        taken = []
        for index, line in enumerate(self.lines):
            part = min(quantity, self.kept[index])
            if part:
                self.kept[index] -= part
                quantity -= part
                taken.append((line, part))
        return taken


class Converter:
    """Turns rows into webhooks; remembers only sold lines that some row of the file gives back."""

    def __init__(self, *, shop: str, currency: str, zone: ZoneInfo, returned_keys: frozenset[LineKey]) -> None:
        self._shop = shop
        self._currency = currency
        self._zone = zone
        self._returned_keys = returned_keys
        self._bought: dict[LineKey, list[_Bought]] = {}

    def webhooks(self, rows: Iterable[Row]) -> Iterator[Webhook]:
        """Orders and refunds, oldest first.

        `rows` are ordered by start, sales before returns, then invoice, then place in the file.
        """
        for (started, returned, invoice), group in groupby(rows, key=Row.owner):
            timestamp = localise(started, self._zone)
            if returned:
                yield from self._refunds(invoice, timestamp, tuple(group))
            else:
                yield self._order(invoice, timestamp, tuple(group))

    def _order(self, invoice: str, timestamp: datetime, rows: tuple[Row, ...]) -> Webhook:
        day = rows[0].started.date()
        order_id = stable_id(self._shop, "order", invoice, day)
        lines = []
        for ordinal, row in enumerate(rows):
            line = self._line(row, row.quantity, order_id, ordinal)
            lines.append(line)
            self._remember(row, order_id, line)
        customer = next((row.customer for row in rows if row.customer), None)
        sale = Sale(
            order_id=order_id,
            name=f"#{invoice}",
            created_at=timestamp,
            currency=self._currency,
            lines=tuple(lines),
            customer_id=stable_id(self._shop, "customer", customer) if customer else None,
            country_code=country_code(rows[0].country),
        )
        return Webhook("orders/create", order_id, timestamp, sale.net_micros, order_body(sale))

    def _line(self, row: Row, quantity: int, owner: int, ordinal: int) -> SoldLine:
        return SoldLine(
            line_id=stable_id(self._shop, "line", owner, ordinal),
            product_id=stable_id(self._shop, "product", row.stock_code),
            sku=row.stock_code,
            title=row.description or row.stock_code,
            quantity=quantity,
            unit_cents=row.cents,
        )

    def _remember(self, row: Row, order_id: int, line: SoldLine) -> None:
        key = row.key
        if key is None or key not in self._returned_keys:
            return
        orders = self._bought.setdefault(key, [])
        if not orders or orders[-1].order_id != order_id:
            orders.append(_Bought(order_id))
        orders[-1].lines.append(line)
        orders[-1].kept.append(line.quantity)

    def _refunds(self, invoice: str, timestamp: datetime, rows: tuple[Row, ...]) -> Iterator[Webhook]:
        """One refund for each order the invoice gives back lines of; the rest refunds an order never sent."""
        day = rows[0].started.date()
        unknown = stable_id(self._shop, "unknown order", invoice, day)
        by_order: dict[int, list[ReturnedLine]] = {}
        for ordinal, row in enumerate(rows):
            bought = self._latest_with(row.key, -row.quantity)
            if bought is None:
                parts = [(self._line(row, -row.quantity, unknown, ordinal), -row.quantity)]
            else:
                parts = bought.take(-row.quantity)
            into = by_order.setdefault(bought.order_id if bought else unknown, [])
            into.extend(ReturnedLine(line, quantity, quantity * row.cents) for line, quantity in parts)
        for order_id, lines in by_order.items():
            refund_id = stable_id(self._shop, "refund", invoice, day, order_id)
            refund = Return(refund_id, order_id, timestamp, self._currency, tuple(lines), note=f"Invoice {invoice}")
            body = refund_body(refund)
            yield Webhook("refunds/create", refund_id, timestamp, -refund.net_micros, body, orphan=order_id == unknown)

    def _latest_with(self, key: LineKey | None, quantity: int) -> _Bought | None:
        orders = self._bought.get(key, []) if key else []
        return next((bought for bought in reversed(orders) if sum(bought.kept) >= quantity), None)


def localise(naive: datetime, zone: ZoneInfo) -> datetime:
    """A brand-local wall time as an instant with its offset.

    A time that a clock change repeats is the first of the two; one that it skips moves forward by the gap.
    """
    return naive.replace(tzinfo=zone, fold=0).astimezone(UTC).astimezone(zone)
