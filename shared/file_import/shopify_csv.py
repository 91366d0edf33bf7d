"""A Shopify orders export (Admin > Orders > Export) as webhooks (https://help.shopify.com/en/manual/fulfillment/managing-orders/exporting-orders).

One order is one row a line item; the order's own columns stand on its first row only, later rows repeat Name, Email and
Created at. Subtotal is goods after discounts, so the discount of an order is what its lines cost more than Subtotal.
The export names neither a refund's date nor its lines: a refund counts when the order was cancelled, else on the
order's own day, goods and their tax first and shipping after them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from file_import.bodies import Return, ReturnedLine, Sale, SoldLine, order_body, refund_body
from file_import.countries import country_code
from file_import.shopify_cells import TIME_FORMATS, Record, UnreadableOrder, number, read_time, title_of
from file_import.shopify_orders import ExportedOrder, assembled
from file_import.webhooks import Webhook, stable_id
from pulsepoint.brand.facts import Omission
from pulsepoint.brand.vocabulary import OmissionKind
from pulsepoint.events.orders import may_be_same_moment
from pulsepoint.metrics.revenue import uncharged_of
from pulsepoint.money import MICROS, minor_micros, split

_OWN_ID = re.compile(r"[1-9][0-9]{0,18}", re.ASCII)
_OWN_TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d{4}", re.ASCII)
_PERCENT = re.compile(r"(\d{1,2}(?:[.,]\d+)?)\s?%")
RETURNED_STATES = frozenset({"refunded", "partially_refunded", "voided"})
RecordedOrders = Mapping[str, Sequence[tuple[int, datetime]]]
"""Shopify's id and the moment (UTC) of each known order, by its name."""
MOST_LINES = 50
"""Lines that are named to tell an order from another."""
REPEATED = Omission.of(OmissionKind.REPEATED)
ABOVE = Omission.of(OmissionKind.ABOVE_ITS_LINES, column=title_of("subtotal"))


@dataclass(frozen=True, slots=True)
class LeftOutOrder:
    """An order, or a part of its amount in micros, that became no webhook."""

    name: str
    reason: Omission
    micros: int


class Converter:
    """Turns orders of an export into webhooks; `left_out` grows with what could not be read.

    `taxes_included` is what most orders of the file say of their prices, for those that leave it open. Orders without
    Id name those of `recorded` that may be the same; a name of `shared_names` means several orders of the file.
    An order with a moment after `latest` (None: any is good) is left out.
    """

    def __init__(
        self,
        *,
        shop: str,
        currency: str,
        zone: ZoneInfo,
        formats: Sequence[str] = TIME_FORMATS,
        taxes_included: bool = False,
        shared_names: frozenset[str] = frozenset(),
        latest: datetime | None = None,
    ) -> None:
        self._shop = shop
        self._currency = currency
        self._unit = minor_micros(currency)
        self._zone = zone
        self._formats = formats
        self._taxes_included = taxes_included
        self._shared_names = shared_names
        self._latest = latest
        self.recorded: RecordedOrders = {}
        self.left_out: list[LeftOutOrder] = []

    def webhooks(self, orders: Iterable[tuple[Record, ...]]) -> Iterator[Webhook]:
        """The order, its refund and its cancellation, for each order in turn."""
        for rows in orders:
            try:
                yield from self._order(rows)
            except UnreadableOrder as error:
                self.left_out.append(LeftOutOrder(rows[0].get("name") or "", error.omission, self._subtotal(rows[0])))

    def _subtotal(self, head: Record) -> int:
        """Micros of an order that is left out, as the file says; 0 of what cannot be read or is of another currency."""
        if (head.get("currency") or self._currency).upper() != self._currency:
            return 0
        try:
            return self._cents(head, "subtotal") * self._unit
        except UnreadableOrder:
            return 0

    def _order(self, rows: tuple[Record, ...]) -> Iterator[Webhook]:
        order = assembled(rows)
        head = order.head
        currency = (head.get("currency") or self._currency).upper()
        if currency != self._currency:
            raise UnreadableOrder(OmissionKind.OTHER_CURRENCY, currency=currency, own=self._currency)
        sale = self._sale(order)
        if order.repeated:
            self.left_out.append(LeftOutOrder(sale.name, REPEATED, 0))
        # All of them are read before the first is sent: an order is left out whole.
        for webhook in list(self._of_order(head, sale)):
            yield webhook if _own_id(head) is not None else self._without_id(webhook, sale, _is_zoned(head))

    def _of_order(self, head: Record, sale: Sale) -> Iterator[Webhook]:
        yield Webhook("orders/create", sale.order_id, sale.created_at, sale.net_micros, order_body(sale))
        cancelled_at = self._time(head, "cancelledat")
        refunds = tuple(self._refund(head, sale, cancelled_at))
        for refund in refunds:
            yield Webhook("refunds/create", refund.refund_id, refund.issued_at, -refund.net_micros, refund_body(refund))
        if cancelled_at is not None:
            yield self._cancellation(sale, cancelled_at, refunds, (head.get("financialstatus") or "").lower())

    def _without_id(self, webhook: Webhook, sale: Sale, is_zoned: bool) -> Webhook:
        """The webhook of an order whose id is not Shopify's; who reads it finds the order by name and moment."""
        recorded = dict(sorted(self.recorded.get(sale.name, ())))
        said = {
            "name": sale.name,
            "created_at": sale.created_at.isoformat(),
            "is_exact": sale.name in self._shared_names,
            "is_recorded": recorded.pop(sale.order_id, None) is not None,
            "recorded": {str(order_id): placed.isoformat() for order_id, placed in recorded.items()},
            "marks": {"is_zoned": is_zoned, **_marks(sale)},
        }
        doubtful = webhook.topic == "orders/create" and not said["is_exact"] and self._is_doubtful(sale)
        own = webhook.body.get("pulsepoint")
        marked = {**(own if isinstance(own, dict) else {}), "without_id": said}
        return replace(webhook, body={**webhook.body, "pulsepoint": marked}, doubtful=doubtful)

    def _is_doubtful(self, sale: Sale) -> bool:
        """True where orders of its name are known, none of its second, and one of a moment that may be its own."""
        placed = [moment for _, moment in self.recorded.get(sale.name, ())]
        return sale.created_at not in placed and any(may_be_same_moment(sale.created_at, moment) for moment in placed)

    def _cancellation(self, sale: Sale, cancelled_at: datetime, refunds: tuple[Return, ...], status: str) -> Webhook:
        """The cancellation; by the default policy it takes back what was neither refunded nor charged."""
        left = sale.net_micros - sum(refund.net_micros for refund in refunds)
        uncharged = uncharged_of(status, sale.net_micros)
        taken = left if uncharged is None else min(left, uncharged)
        body = order_body(sale, cancelled_at=cancelled_at, refunds=refunds, financial_status=status or None)
        return Webhook("orders/cancelled", sale.order_id, cancelled_at, -max(taken, 0), body)

    def _sale(self, order: ExportedOrder) -> Sale:
        head, rows = order.head, order.lines
        created_at = self._time(head, "createdat")
        if created_at is None:
            raise UnreadableOrder(OmissionKind.UNDATED, column=title_of("createdat"))
        order_id = self._order_id(head, created_at)
        shipping, taxes = self._cents(head, "shipping"), self._cents(head, "taxes")
        bare = [self._line(row, order_id, ordinal) for ordinal, row in enumerate(rows)]
        discounts = self._discounts(head, rows, bare)
        paid = [line.gross_cents - discount for line, discount in zip(bare, discounts, strict=True)]
        *line_taxes, shipping_tax = _tax_shares(taxes, bare, paid, shipping)
        tip = sum(self._cents(row, "lineitemprice") * int(number(row, "lineitemquantity")) for row in order.tips)
        included, tip = self._taxes_and_tip(head, sum(paid), shipping, taxes, tip)
        email = head.get("email")
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
            taxes_included=included,
            discount_code=head.get("discountcode"),
            financial_status=_status_when_placed(head),
            source_name=head.get("source") or "web",
            tags=head.get("tags") or "",
            tip_cents=tip,
        )

    def _taxes_and_tip(self, head: Record, goods: int, shipping: int, taxes: int, tip: int) -> tuple[bool, int]:
        """(whether prices include tax, the tip in minor units): what Total holds beyond goods and shipping.

        Total may hold a tip that no row names. Where both readings leave room for one, the rate that the export names
        beside its taxes decides, else what most orders of the file say.
        """
        if not head.get("total"):
            return False, tip
        over = self._cents(head, "total") - goods - shipping - tip
        if not taxes or over == taxes:
            return False, tip + max(over - taxes, 0)
        if over == 0 or over < taxes:
            return abs(over) < abs(over - taxes), tip
        named = _rate_says_included(head, Decimal(goods + shipping), Decimal(taxes))
        included = self._taxes_included if named is None else named
        return included, tip + (over if included else over - taxes)

    def _order_id(self, head: Record, created_at: datetime) -> int:
        """Shopify's own id where the export has it, so later live webhooks of the order are the same order.

        Else a number of its name and its moment, however a spreadsheet rewrote that.
        """
        own = _own_id(head)
        if own is not None:
            return own
        written = head.get("createdat") or ""
        moment = written if _is_zoned(head) else created_at.strftime("%Y-%m-%d %H:%M:%S %z")
        return stable_id(self._shop, "order", head.get("name"), moment)

    def _line(self, row: Record, order_id: int, ordinal: int) -> SoldLine:
        title = row.get("lineitemname") or row.get("lineitemsku") or ""
        sku = row.get("lineitemsku") or ""
        quantity = number(row, "lineitemquantity")
        if quantity != int(quantity):
            raise UnreadableOrder(OmissionKind.NO_COUNT, column=title_of("lineitemquantity"), text=str(quantity))
        return SoldLine(
            line_id=stable_id(self._shop, "line", order_id, ordinal),
            product_id=stable_id(self._shop, "product", sku or title),
            sku=sku,
            title=title,
            quantity=int(quantity),
            unit_cents=self._cents(row, "lineitemprice"),
            taxable=(row.get("lineitemtaxable") or "true").lower() != "false",
        )

    def _discounts(self, head: Record, rows: Sequence[Record], lines: list[SoldLine]) -> list[int]:
        """Cents off each line: what the export says of the line, the rest of the order's in proportion to price."""
        gross = sum(line.gross_cents for line in lines)
        subtotal = self._cents(head, "subtotal") if head.get("subtotal") else None
        total = self._cents(head, "discountamount") if subtotal is None else gross - subtotal
        if total < 0:
            name = head.get("name") or ""
            self.left_out.append(LeftOutOrder(name, ABOVE, -total * self._unit))
        total = min(max(total, 0), gross)
        own = [self._cents(row, "lineitemdiscount") for row in rows]
        own = [min(max(cents, 0), line.gross_cents) for cents, line in zip(own, lines, strict=True)]
        if sum(own) > total:
            own = [0] * len(lines)
        rest = [line.gross_cents - cents for line, cents in zip(lines, own, strict=True)]
        left = total - sum(own)
        shares = split(left, rest) if left else [0] * len(lines)
        return [cents + share for cents, share in zip(own, shares, strict=True)]

    def _refund(self, head: Record, sale: Sale, cancelled_at: datetime | None) -> Iterator[Return]:
        refunded = min(self._cents(head, "refundedamount"), sale.total_cents)
        if refunded <= 0:
            return
        goods_tax = sum(line.tax_cents for line in sale.lines)
        goods = sale.net_cents + goods_tax
        goods_part = min(refunded, goods)
        shipping_net = sale.total_cents - sale.tip_cents - goods - sale.shipping_tax_cents
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
            is_total=True,
        )

    def _time(self, row: Record, column: str) -> datetime | None:
        text = row.get(column)
        if not text:
            return None
        moment = read_time(text, self._zone, column, self._formats)
        if self._latest is not None and moment > self._latest:
            raise UnreadableOrder(OmissionKind.IN_THE_FUTURE, column=title_of(column))
        return moment

    def _cents(self, row: Record, column: str) -> int:
        """A cell in minor units of the currency."""
        return round(number(row, column) * (MICROS // self._unit))


def _is_zoned(head: Record) -> bool:
    """True where the moment of an order is written to the second with its offset from UTC."""
    return _OWN_TIME.fullmatch(head.get("createdat") or "") is not None


def _marks(sale: Sale) -> dict[str, object]:
    """The signs that tell an order from another of its name: digests too short to name a buyer."""
    lines = {stable_id(line.sku or line.title, line.quantity, line.unit_cents) % 2**32 for line in sale.lines}
    buyer = f"{stable_id(sale.name, sale.email.casefold()) % 2**16:04x}" if sale.email else ""
    return {"lines": sorted(f"{line:08x}" for line in lines)[:MOST_LINES], "buyer": buyer}


def _own_id(head: Record) -> int | None:
    """Shopify's id of an order; None where the export has none that can be read."""
    own = (head.get("id") or "").lstrip("'")
    return int(own) if _OWN_ID.fullmatch(own) else None


def _status_when_placed(head: Record) -> str:
    """The financial status at first: what came of it later is told by refund and cancellation."""
    status = (head.get("financialstatus") or "paid").lower()
    if status not in RETURNED_STATES:
        return status
    return "paid" if head.get("paidat") else "pending"


def _rate_says_included(head: Record, price: Decimal, taxes: Decimal) -> bool | None:
    """True where the per cents named beside the taxes fit a price that includes them; None where none is named."""
    rate = Decimal(0)
    for place in range(1, 6):
        percent = _PERCENT.search(head.get(f"tax{place}name") or "")
        if percent is not None:
            rate += Decimal(percent.group(1).replace(",", ".")) / 100
    if not rate or not price:
        return None
    return abs(price * rate / (1 + rate) - taxes) < abs(price * rate - taxes)


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
