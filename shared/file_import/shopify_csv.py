"""A Shopify orders export (Admin > Orders > Export) as webhooks (https://help.shopify.com/en/manual/fulfillment/managing-orders/exporting-orders).

One order is one row a line item; the order's own columns stand on its first row only, later rows repeat Name, Email and
Created at. Subtotal is goods after discounts, so the discount of an order is what its lines cost more than Subtotal.
The export names neither a refund's date nor its lines: a refund counts when the order was cancelled, else on the
order's own day, goods and their tax first and shipping after them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from zoneinfo import ZoneInfo

from file_import.bodies import Return, ReturnedLine, Sale, SoldLine, order_body, refund_body
from file_import.countries import country_code
from file_import.uci import localise
from file_import.webhooks import Webhook, stable_id
from pulsepoint.money import split

Record = dict[str, str | None]
TIME_FORMATS = ("%Y-%m-%d %H:%M:%S %z", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M")
MONTH_FIRST = ("%m/%d/%Y %H:%M", "%m/%d/%y %H:%M")
DAY_FIRST = ("%d/%m/%Y %H:%M", "%d/%m/%y %H:%M", "%d.%m.%Y %H:%M")
"""Forms a spreadsheet gives the export's times; the whole file decides which of the two is meant."""
TITLES = {
    "createdat": "Created at",
    "cancelledat": "Cancelled at",
    "lineitemquantity": "Lineitem quantity",
    "lineitemprice": "Lineitem price",
    "lineitemdiscount": "Lineitem discount",
    "discountamount": "Discount Amount",
    "refundedamount": "Refunded Amount",
}
_OWN_ID = re.compile(r"[1-9][0-9]{0,18}", re.ASCII)
_GROUPED = re.compile(r"[+-]?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]*)?", re.ASCII)
_DECIMAL_COMMA = re.compile(r"[+-]?([0-9]+|[0-9]{1,3}(\.[0-9]{3})+),[0-9]{1,2}", re.ASCII)
LARGEST_NUMBER = 10**9
MAY_BE_NEGATIVE = frozenset({"discountamount", "lineitemdiscount", "refundedamount"})
"""Read as none; below zero nothing else can be sent."""
RETURNED_STATES = frozenset({"refunded", "partially_refunded", "voided"})


class UnreadableOrder(Exception):
    """An order of the export lacks or garbles what it needs; the message names the column."""


@dataclass(frozen=True, slots=True)
class LeftOutOrder:
    """An order, or a part of its amount, that became no webhook."""

    name: str
    reason: str
    cents: int


class Converter:
    """Turns orders of an export into webhooks; `left_out` grows with what could not be read."""

    def __init__(self, *, shop: str, currency: str, zone: ZoneInfo, formats: Sequence[str] = TIME_FORMATS) -> None:
        self._shop = shop
        self._currency = currency
        self._zone = zone
        self._formats = formats
        self.left_out: list[LeftOutOrder] = []

    def webhooks(self, orders: Iterable[tuple[Record, ...]]) -> Iterator[Webhook]:
        """The order, its refund and its cancellation, for each order in turn."""
        for rows in orders:
            try:
                yield from self._order(rows)
            except UnreadableOrder as error:
                self.left_out.append(LeftOutOrder(rows[0].get("name") or "", str(error), 0))

    def _order(self, rows: tuple[Record, ...]) -> Iterator[Webhook]:
        head = rows[0]
        currency = (head.get("currency") or self._currency).upper()
        if currency != self._currency:
            raise UnreadableOrder(f"currency {currency} is not the brand's {self._currency}")
        sale = self._sale(head, rows)
        yield Webhook("orders/create", sale.order_id, sale.created_at, sale.net_cents, order_body(sale))
        cancelled_at = self._time(head, "cancelledat")
        refunds = tuple(self._refund(head, sale, cancelled_at))
        for refund in refunds:
            yield Webhook("refunds/create", refund.refund_id, refund.issued_at, -refund.net_cents, refund_body(refund))
        if cancelled_at is not None:
            # The default policy returns at cancellation what was not refunded (pulsepoint.metrics.revenue).
            left = sale.net_cents - sum(refund.net_cents for refund in refunds)
            body = order_body(sale, cancelled_at=cancelled_at, refunds=refunds)
            yield Webhook("orders/cancelled", sale.order_id, cancelled_at, -max(left, 0), body)

    def _sale(self, head: Record, rows: tuple[Record, ...]) -> Sale:
        created_at = self._time(head, "createdat")
        if created_at is None:
            raise UnreadableOrder("Created at is empty")
        order_id = self._order_id(head)
        shipping, taxes = _cents(head, "shipping"), _cents(head, "taxes")
        bare = [self._line(row, order_id, ordinal) for ordinal, row in enumerate(rows) if row.get("lineitemquantity")]
        discounts = self._discounts(head, rows, bare)
        paid = [line.gross_cents - discount for line, discount in zip(bare, discounts, strict=True)]
        *line_taxes, shipping_tax = _tax_shares(taxes, bare, paid, shipping)
        subtotal = sum(paid)
        total = _cents(head, "total") if head.get("total") else subtotal + shipping + taxes
        email = head.get("email")
        status = (head.get("financialstatus") or "paid").lower()
        return Sale(
            order_id=order_id,
            name=head.get("name") or f"#{order_id}",
            created_at=created_at,
            currency=self._currency,
            lines=tuple(
                _discounted(line, discount, tax)
                for line, discount, tax in zip(bare, discounts, line_taxes, strict=True)
            ),
            customer_id=stable_id(self._shop, "customer", email.lower()) if email else None,
            email=email,
            country_code=country_code(head.get("shippingcountry") or head.get("billingcountry")),
            province_code=head.get("shippingprovince") or head.get("billingprovince"),
            shipping_cents=shipping,
            shipping_tax_cents=shipping_tax,
            taxes_included=abs(total - subtotal - shipping) < abs(total - subtotal - shipping - taxes),
            discount_code=head.get("discountcode"),
            financial_status=("paid" if head.get("paidat") else "pending") if status in RETURNED_STATES else status,
            source_name=head.get("source") or "web",
            tags=head.get("tags") or "",
        )

    def _order_id(self, head: Record) -> int:
        """Shopify's own id where the export has it, so later live webhooks of the order are the same order."""
        own = (head.get("id") or "").lstrip("'")
        return (
            int(own)
            if _OWN_ID.fullmatch(own)
            else stable_id(self._shop, "order", head.get("name"), head.get("createdat"))
        )

    def _line(self, row: Record, order_id: int, ordinal: int) -> SoldLine:
        title = row.get("lineitemname") or row.get("lineitemsku") or ""
        sku = row.get("lineitemsku") or ""
        quantity = _number(row, "lineitemquantity")
        if quantity != int(quantity):
            raise UnreadableOrder(f"Lineitem quantity: {quantity} is no count")
        return SoldLine(
            line_id=stable_id(self._shop, "line", order_id, ordinal),
            product_id=stable_id(self._shop, "product", sku or title),
            sku=sku,
            title=title,
            quantity=int(quantity),
            unit_cents=_cents(row, "lineitemprice"),
            taxable=(row.get("lineitemtaxable") or "true").lower() != "false",
        )

    def _discounts(self, head: Record, rows: tuple[Record, ...], lines: list[SoldLine]) -> list[int]:
        """Cents off each line: what the export says of the line, the rest of the order's in proportion to price."""
        gross = sum(line.gross_cents for line in lines)
        total = gross - _cents(head, "subtotal") if head.get("subtotal") else _cents(head, "discountamount")
        if total < 0:
            name = head.get("name") or ""
            self.left_out.append(LeftOutOrder(name, "Subtotal above what its lines cost", -total))
        total = min(max(total, 0), gross)
        own = [_cents(row, "lineitemdiscount") for row in rows if row.get("lineitemquantity")]
        own = [min(max(cents, 0), line.gross_cents) for cents, line in zip(own, lines, strict=True)]
        if sum(own) > total:
            own = [0] * len(lines)
        rest = [line.gross_cents - cents for line, cents in zip(lines, own, strict=True)]
        left = total - sum(own)
        shares = split(left, rest) if left else [0] * len(lines)
        return [cents + share for cents, share in zip(own, shares, strict=True)]

    def _refund(self, head: Record, sale: Sale, cancelled_at: datetime | None) -> Iterator[Return]:
        refunded = min(_cents(head, "refundedamount"), sale.total_cents)
        if refunded <= 0:
            return
        goods_tax = sum(line.tax_cents for line in sale.lines)
        goods = sale.net_cents + goods_tax
        goods_part = min(refunded, goods)
        shipping_net = sale.total_cents - goods - sale.shipping_tax_cents
        shipping, shipping_tax = _shares(refunded - goods_part, shipping_net, sale.shipping_tax_cents)
        whole = goods_part == goods
        net, tax = (0, 0) if whole else _shares(goods_part, sale.net_cents, goods_tax)
        lines = [ReturnedLine(line, line.quantity, line.paid_cents, line.tax_cents) for line in sale.lines if whole]
        yield Return(
            refund_id=stable_id(self._shop, "refund", sale.order_id),
            order_id=sale.order_id,
            issued_at=cancelled_at or sale.created_at,
            currency=sale.currency,
            lines=tuple(lines),
            taxes_included=sale.taxes_included,
            adjustment_cents=net,
            adjustment_tax_cents=tax,
            shipping_cents=shipping,
            shipping_tax_cents=shipping_tax,
        )

    def _time(self, row: Record, column: str) -> datetime | None:
        text = row.get(column)
        return None if not text else read_time(text, self._zone, column, self._formats)


def read_time(text: str, zone: ZoneInfo, column: str, formats: Sequence[str] = TIME_FORMATS) -> datetime:
    """An export's time as an instant at the brand's offset; raises `UnreadableOrder` naming `column`."""
    for time_format in formats:
        try:
            parsed = datetime.strptime(text, time_format)
        except ValueError:
            continue
        return parsed.astimezone(UTC).astimezone(zone) if parsed.tzinfo else localise(parsed, zone)
    raise UnreadableOrder(f"{_title(column)}: {text[:40]!r} is no time")


def _discounted(line: SoldLine, discount: int, tax: int) -> SoldLine:
    return SoldLine(
        line.line_id, line.product_id, line.sku, line.title, line.quantity, line.unit_cents, discount, tax, line.taxable
    )


def _tax_shares(taxes: int, lines: list[SoldLine], paid: list[int], shipping: int) -> list[int]:
    """The order's tax over its taxable lines and shipping, in proportion to price: the export gives only the sum."""
    weights = [cents if line.taxable else 0 for line, cents in zip(lines, paid, strict=True)] + [shipping]
    if not taxes:
        return [0] * len(weights)
    return split(taxes, weights if sum(weights) else [1] * len(weights))


def _shares(amount: int, net: int, tax: int) -> tuple[int, int]:
    if not amount:
        return 0, 0
    first, second = split(amount, [net, tax])
    return first, second


def _number(row: Record, column: str) -> Decimal:
    text = row.get(column) or "0"
    plain = text
    if _GROUPED.fullmatch(text):
        plain = text.replace(",", "")
    elif _DECIMAL_COMMA.fullmatch(text):
        plain = text.replace(".", "").replace(",", ".")
    try:
        number = Decimal(plain)
    except InvalidOperation:
        number = Decimal("Infinity")
    if not number.is_finite() or abs(number) >= LARGEST_NUMBER:
        raise UnreadableOrder(f"{_title(column)}: {text[:40]!r} is no number")
    if number < 0 and column not in MAY_BE_NEGATIVE:
        raise UnreadableOrder(f"{_title(column)}: {text[:40]!r} is below zero")
    return number


def _title(column: str) -> str:
    return TITLES.get(column, column.capitalize())


def _cents(row: Record, column: str) -> int:
    return round(_number(row, column) * 100)
