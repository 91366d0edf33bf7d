"""Orders: from Shopify's amounts to gross sales, discounts and tax by line.

https://shopify.dev/docs/api/admin-rest/latest/resources/order
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypedDict

from ingest_shopify.domain.fields import Fields, bounded, camel_case, is_currency, unreadable
from ingest_shopify.domain.refunds import is_sale, read_refund
from ingest_shopify.domain.tracking_data import read_tracking_data
from pulsepoint.errors import MalformedInput
from pulsepoint.events.orders import OrderEditCommitted, OrderLine, OrderRecorded, Refund, RemovedPart
from pulsepoint.metrics.revenue import uncharged_of
from pulsepoint.money import split


@dataclass(slots=True)
class _Sold:
    """A line as sent: micros with tax where the order's prices include it."""

    fields: Fields
    quantity: int
    full: int
    discount: int
    tax: int

    @property
    def paid(self) -> int:
        return self.full - self.discount


def read_order(body: Fields, *, reported_at: datetime, shop_currency: str | None = None) -> OrderRecorded:
    """The order in a body, as sold before returns, with the refunds it carries.

    Net sales (gross - discount) are Shopify's net sales before returns: price x quantity, less discounts, less
    tax where prices include it, without shipping, duties and tips
    (https://help.shopify.com/en/manual/reports-and-analytics/shopify-reports/report-types/default-reports/sales-reports).
    For an order whose prices exclude tax that is its `subtotal_price`. Gift cards sold are money owed, not sales
    (https://help.shopify.com/en/manual/reports-and-analytics/shopify-reports/report-types/default-reports/finances-report),
    and tips are counted apart: both kinds of lines are left out, with their refunds. `updated_at` falls back to
    `reported_at`, when the delivery was triggered. Raises `MalformedInput` naming the field.
    """
    created = body.optional_timestamp("created_at") or body.optional_timestamp("processed_at")
    if created is None:
        raise body.missing("created_at")
    address = body.child("shipping_address") or Fields({})
    return OrderRecorded(
        order_id=body.id("id"),
        name=_name(body),
        currency=_currency(body, shop_currency),
        created_at=created,
        processed_at=body.optional_timestamp("processed_at") or created,
        updated_at=body.optional_timestamp("updated_at") or reported_at,
        cancelled_at=body.optional_timestamp("cancelled_at"),
        test=body.flag("test"),
        source_name=body.text("source_name", 255),
        shipping_country=address.text("country_code", 8),
        shipping_region=address.text("province_code", 16),
        customer_order_index=_place(body, "customer_journey_summary", "customer_order_index"),
        customer_orders_count=_orders_count(body),
        evidence=read_tracking_data(body),
        **_amounts(body),
    )


class _Amounts(TypedDict):
    """The worth of an order, as `OrderRecorded` has it."""

    taxes_included: bool
    financial_status: str | None
    gross_micros: int
    discount_micros: int
    tax_micros: int
    shipping_micros: int
    total_micros: int
    uncharged_micros: int | None
    lines: tuple[OrderLine, ...]
    refunds: tuple[Refund, ...]


def _amounts(body: Fields) -> _Amounts:
    items = body.children("line_items")
    not_sales = frozenset(line.id("id") for line in items if not is_sale(line))
    refunds = tuple(read_refund(refund, not_sales=not_sales) for refund in body.children("refunds"))
    included = body.flag("taxes_included")
    sold = [_sold(line) for line in items if is_sale(line)]
    _spread_order_discount(body, sold)
    if included:
        _spread_order_tax(body, sold)
    removed = _removed(body, sold, refunds)
    lines = tuple(_line(line, count, included=included) for line, count in zip(sold, removed, strict=True))
    gross = bounded(sum(line.gross_micros for line in lines), body.where("line_items"))
    discount = sum(line.discount_micros for line in lines)
    status, total = body.text("financial_status", 64), body.optional_money("total_price")
    outstanding = body.optional_money("total_outstanding")
    return {
        "taxes_included": included,
        "financial_status": status,
        "gross_micros": gross,
        "discount_micros": discount,
        "tax_micros": _order_tax(body, sold),
        "shipping_micros": _shipping(body, included=included),
        "total_micros": total or 0,
        "uncharged_micros": uncharged_of(status, gross - discount, total=total, outstanding=outstanding),
        "lines": lines,
        "refunds": refunds,
    }


def _removed(body: Fields, sold: Sequence[_Sold], refunds: Iterable[Refund]) -> list[int]:
    """Pieces of each line that an edit took out: beyond its refunds, they are missing from `current_quantity`
    (https://shopify.dev/docs/api/admin-rest/latest/resources/order#resource-object).

    None of a cancelled order where nothing is left: the cancellation took it.
    """
    current = [line.fields.optional_count("current_quantity") for line in sold]
    if body.has("cancelled_at") and not any(current):
        return [0] * len(sold)
    returned: Counter[str] = Counter()
    for refund in refunds:
        for line in refund.lines:
            returned[line.line_id] += line.quantity
    return [
        0 if left is None else max(line.quantity - left - returned[line.fields.id("id")], 0)
        for line, left in zip(sold, current, strict=True)
    ]


def read_edit(body: Fields) -> OrderEditCommitted:
    """An order edit: which lines it added and removed, by how many pieces.

    `committed_at` is sent since 2024-07, `created_at` before:
    https://shopify.dev/changelog/new-committed_at-timestamp-added-to-orders-edited-webhook-payload
    """
    edit = body.child("order_edit") or body
    committed = edit.optional_timestamp("committed_at") or edit.optional_timestamp("created_at")
    if committed is None:
        raise edit.missing("committed_at")
    changed = edit.child("line_items") or Fields({}, edit.where("line_items"))

    def deltas(name: str) -> tuple[tuple[str, int], ...]:
        return tuple((line.id("id"), line.optional_count("delta") or 0) for line in changed.children(name))

    return OrderEditCommitted(
        order_id=edit.id("order_id"),
        edit_id=edit.id("id"),
        committed_at=committed,
        added=deltas("additions"),
        removed=deltas("removals"),
    )


def _sold(line: Fields) -> _Sold:
    quantity = line.count("quantity")
    full = bounded(line.money("price") * quantity, line.where("price"))
    # Allocations hold the line's share of every discount; `total_discount` only those given on the line itself.
    allocations = line.children("discount_allocations")
    if allocations:
        discount = sum(allocation.money("amount") for allocation in allocations)
    else:
        discount = line.money_or_zero("total_discount")
    return _Sold(line, quantity, full, min(discount, full), _taxes(line))


def _taxes(fields: Fields) -> int:
    return bounded(
        sum(tax.optional_money("price") or 0 for tax in fields.children("tax_lines")), fields.where("tax_lines")
    )


def _spread_order_discount(body: Fields, sold: list[_Sold]) -> None:
    """Take a discount that no line names (2017 shape) off the lines, in proportion to what was paid for them.

    `total_discounts` also counts discounts on shipping, so where Shopify's own subtotal is sent, net sales are
    never taken below it.
    """
    paid = sum(line.paid for line in sold)
    left = body.money_or_zero("total_discounts") - sum(line.discount for line in sold) - _shipping_discount(body)
    subtotal = body.optional_money("subtotal_price")
    if subtotal is not None:
        left = min(left, paid - subtotal)
    if min(left, paid) <= 0:
        return
    for line, share in zip(sold, split(min(left, paid), [line.paid for line in sold]), strict=True):
        line.discount += share


def _spread_order_tax(body: Fields, sold: list[_Sold]) -> None:
    """Give the lines the order's tax where only the whole order names one."""
    weights = [line.paid for line in sold]
    if any(line.tax for line in sold) or not sum(weights):
        return
    shipping = sum(_taxes(line) for line in body.children("shipping_lines"))
    total = min(max((body.optional_money("total_tax") or 0) - shipping, 0), sum(weights))
    for line, share in zip(sold, split(total, weights), strict=True):
        line.tax = share


def _line(sold: _Sold, removed: int, *, included: bool) -> OrderLine:
    gross, discount = sold.full, sold.discount
    if included and sold.paid > 0:
        # Tax is that of what was paid; the discount holds the same share of tax as the rest.
        net = max(sold.paid - sold.tax, 0)
        discount = sold.discount * net // sold.paid
        gross = net + discount
    part = _part(removed, sold.quantity, gross, discount) if removed else None
    fields = sold.fields
    return OrderLine(
        line_id=fields.id("id"),
        product_id=fields.optional_id("product_id"),
        variant_id=fields.optional_id("variant_id"),
        sku=fields.text("sku", 255),
        title=fields.text("title", 500) or fields.text("name", 500) or "",
        quantity=sold.quantity - removed,
        gross_micros=gross - (part.gross_micros if part else 0),
        discount_micros=discount - (part.discount_micros if part else 0),
        tax_micros=sold.tax - (sold.tax * removed // sold.quantity if removed else 0),
        removed=part,
    )


def _part(removed: int, quantity: int, gross: int, discount: int) -> RemovedPart:
    """The removed pieces of a line, each worth the same."""
    return RemovedPart(
        quantity=removed, gross_micros=gross * removed // quantity, discount_micros=discount * removed // quantity
    )


def _order_tax(body: Fields, sold: list[_Sold]) -> int:
    total = body.optional_money("total_tax")
    return total if total is not None else bounded(sum(line.tax for line in sold), body.where("line_items"))


def _shipping(body: Fields, *, included: bool) -> int:
    """Micros paid for shipping, after discounts and without tax."""
    lines = [line for line in body.children("shipping_lines") if not line.flag("is_removed")]
    if not lines:
        return body.money_or_zero("total_shipping_price")
    paid = sum(line.money_or_zero("price") for line in lines) - sum(_line_shipping_discount(line) for line in lines)
    tax = sum(_taxes(line) for line in lines) if included else 0
    return bounded(max(paid - tax, 0), body.where("shipping_lines"))


def _shipping_discount(body: Fields) -> int:
    return sum(_line_shipping_discount(line) for line in body.children("shipping_lines"))


def _line_shipping_discount(line: Fields) -> int:
    allocations = line.children("discount_allocations")
    if allocations:
        return sum(allocation.money("amount") for allocation in allocations)
    paid = line.optional_money("discounted_price")
    return max(line.money_or_zero("price") - paid, 0) if paid is not None else 0


def _orders_count(body: Fields) -> int | None:
    """The number of a customer's orders, which the Admin API calls otherwise than the webhooks do
    (https://shopify.dev/docs/api/admin-graphql/latest/objects/Customer, `numberOfOrders`).
    """
    count = _place(body, "customer", "orders_count")
    return count if count is not None else _place(body, "customer", "number_of_orders")


def _place(body: Fields, parent: str, name: str) -> int | None:
    """A count of a customer's orders in the REST or the GraphQL spelling; what cannot be read is unsaid.

    The index: https://shopify.dev/docs/api/admin-graphql/latest/objects/CustomerJourneySummary; the count, which grows
    with later orders: https://shopify.dev/docs/api/admin-rest/latest/resources/customer.
    """
    for outer, inner in ((parent, name), (camel_case(parent), camel_case(name))):
        value = body.values.get(outer)
        if isinstance(value, dict):
            try:
                place = Fields(value, outer).optional_whole(inner)
            except MalformedInput:
                continue
            if place is not None and place >= 0:
                return place
    return None


def _currency(body: Fields, shop_currency: str | None) -> str:
    text = body.text("currency", 16)
    if text is not None:
        if not is_currency(text.upper()):
            raise unreadable(body.where("currency"), "a currency code", text)
        return text.upper()
    sets = (body.currency_of(name) for name in ("total_price", "subtotal_price", "total_line_items_price"))
    code = next((code for code in sets if code), None) or shop_currency
    if code is None:
        raise body.missing("currency")
    return code


def _name(body: Fields) -> str:
    number = body.text("order_number", 64)
    return body.text("name", 64) or (f"#{number}" if number else "")
