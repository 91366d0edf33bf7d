"""Refunds, as bodies of their own and inside orders.

https://shopify.dev/docs/api/admin-rest/latest/resources/refund
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime

from ingest_shopify.domain.fields import Fields, bounded
from pulsepoint.errors import MalformedInput
from pulsepoint.events.orders import Refund, RefundLine

_GIVEN = frozenset({"success", "pending", None})
"""States of a transaction in which its money counts as given back."""


def is_sale(line: Fields) -> bool:
    """True for a line item that is goods: gift cards are money owed, tips are counted apart.

    A tip has the key `tip_payment_gateway`, even null (REST), or an object `tip`.
    """
    is_tip = "tip_payment_gateway" in line.values or isinstance(line.values.get("tip"), dict)
    return not line.flag("gift_card") and not is_tip


def read_refund(body: Fields, *, not_sales: frozenset[str] = frozenset()) -> Refund:
    """The refund in a body.

    Lines of gift cards and tips, and those in `not_sales` (line ids), are left out: what was no sale is no return.
    `adjustment_micros` is the sum of the order adjustments with the sign turned: Shopify writes -5.00 for five
    given back beyond the lines and 5.00 for five kept
    (https://shopify.dev/docs/api/admin-rest/latest/resources/order#resource-object, `order_adjustments`; amounts
    without tax, `tax_amount` beside them). Adjustments of kind `shipping_refund` are shipping, repeated as
    `refund_shipping_lines` since 2024-07
    (https://shopify.dev/changelog/refunding-orders-with-multiple-shipping-lines-returns-accurate-data).
    """
    lines = tuple(
        line for line in map(_line, body.children("refund_line_items")) if line and line.line_id not in not_sales
    )
    adjustment, shipping = _adjustments(body)
    total = _paid_back(body)
    return Refund(
        refund_id=body.id("id"),
        issued_at=issued_at(body),
        subtotal_micros=bounded(sum(line.subtotal_micros for line in lines), body.where("refund_line_items")),
        tax_micros=bounded(sum(line.tax_micros for line in lines), body.where("refund_line_items")),
        adjustment_micros=bounded(adjustment, body.where("order_adjustments")),
        shipping_micros=bounded(shipping, body.where("refund_shipping_lines")),
        total_micros=total,
        taxes_included=_shows_taxes_included(body, lines, beyond=adjustment + shipping, total=total),
        is_total=_is_total(body),
        lines=lines,
    )


def issued_at(body: Fields) -> datetime:
    """When the money was given back: `processed_at`, else `created_at`."""
    timestamp = body.optional_timestamp("processed_at") or body.optional_timestamp("created_at")
    if timestamp is None:
        raise body.missing("processed_at")
    return timestamp


def sent_at(body: Fields) -> datetime:
    """The moment of a refund's own telling: it is sent once, as it was made, whenever its money goes back."""
    try:
        return body.optional_timestamp("created_at") or issued_at(body)
    except MalformedInput:
        return issued_at(body)


def currency_of(body: Fields) -> str | None:
    """The shop's currency, which a refund names only inside its amounts."""
    codes: list[str | None] = [line.currency_of("subtotal") for line in body.children("refund_line_items")]
    codes += [adjustment.currency_of("amount") for adjustment in body.children("order_adjustments")]
    codes += [line.currency_of("subtotal_amount") for line in body.children("refund_shipping_lines")]
    codes.append(body.currency_of("total_duties"))
    return next((code for code in codes if code), None)


def _line(entry: Fields) -> RefundLine | None:
    item = entry.child("line_item") or Fields({}, entry.where("line_item"))
    if not is_sale(item):
        return None
    line_id = entry.optional_id("line_item_id") or item.optional_id("id")
    if line_id is None:
        raise entry.missing("line_item_id")
    quantity = entry.count("quantity")
    return RefundLine(
        line_id=line_id,
        product_id=item.optional_id("product_id"),
        variant_id=item.optional_id("variant_id"),
        sku=item.text("sku", 255),
        quantity=quantity,
        subtotal_micros=_subtotal(entry, item, quantity),
        tax_micros=_tax(entry, item, quantity),
    )


def _subtotal(entry: Fields, item: Fields, quantity: int) -> int:
    if entry.optional_money("subtotal") is not None:
        return entry.money("subtotal")
    # Bodies before 2017 have no subtotal: it follows from the line that was sold.
    if not item.has("price") and not item.has("price_set"):
        raise entry.missing("subtotal")
    sold = max(item.optional_count("quantity") or quantity, 1)
    paid = max(item.money("price") * sold - item.money_or_zero("total_discount"), 0)
    return bounded(paid * quantity // sold, entry.where("subtotal"))


def _tax(entry: Fields, item: Fields, quantity: int) -> int:
    sent = entry.optional_money("total_tax")
    if sent is not None:
        return sent
    sold = max(item.optional_count("quantity") or quantity, 1)
    return sum(line.optional_money("price") or 0 for line in item.children("tax_lines")) * quantity // sold


def _adjustments(body: Fields) -> tuple[int, int]:
    """(given back beyond the lines, shipping given back), both in micros, positive for money that left."""
    beyond = shipping = 0
    for adjustment in body.children("order_adjustments"):
        amount = -(adjustment.optional_money("amount") or 0)
        if adjustment.text("kind") == "shipping_refund":
            shipping += amount
        else:
            beyond += amount
    lines = list(_shipping(body))
    return beyond, sum(lines) if lines else shipping


def _shipping(body: Fields) -> Iterator[int]:
    for line in body.children("refund_shipping_lines"):
        yield line.optional_money("subtotal_amount") or 0


def _is_total(body: Fields) -> bool:
    """True where a file's converter says that the body sums all refunds of its order (`file_import.bodies`)."""
    own = body.values.get("pulsepoint")
    return isinstance(own, dict) and own.get("total_of_order") is True


def _paid_back(body: Fields) -> int | None:
    """Micros of money its transactions gave back, in the shop's currency; None where none names them in it."""
    currency, paid = currency_of(body), []
    for transaction in body.children("transactions"):
        if transaction.text("kind") != "refund" or transaction.text("status") not in _GIVEN:
            continue
        in_shop_money = transaction.currency_of("amount")
        if in_shop_money is None and currency and transaction.text("currency") not in (None, currency):
            return None
        paid.append(transaction.optional_money("amount") or 0)
    return bounded(sum(paid), body.where("transactions")) if paid else None


def _shows_taxes_included(body: Fields, lines: Sequence[RefundLine], *, beyond: int, total: int | None) -> bool | None:
    """True where the refund's amounts fit prices that hold the tax: by the taxes' rates, else by the money paid back.

    None where they fit both or show nothing.
    """
    subtotal, tax = sum(line.subtotal_micros for line in lines), sum(line.tax_micros for line in lines)
    if not tax:
        return None
    by_rate = [_rate_fits_included(entry) for entry in body.children("refund_line_items")]
    votes = sum(1 if vote else -1 for vote in by_rate if vote is not None)
    if votes:
        return votes > 0
    if total is None:
        return None
    inside, on_top = abs(total - subtotal - beyond), abs(total - subtotal - beyond - tax)
    return None if inside == on_top else inside < on_top


def _rate_fits_included(entry: Fields) -> bool | None:
    item = entry.child("line_item") or Fields({})
    rate = sum(_rate(tax.values.get("rate")) for tax in item.children("tax_lines"))
    subtotal, tax = entry.optional_money("subtotal"), entry.optional_money("total_tax")
    if not 0 < rate < 1 or not subtotal or not tax:
        return None
    return abs(subtotal * rate / (1 + rate) - tax) < abs(subtotal * rate - tax)


def _rate(value: object) -> float:
    """A tax rate such as 0.19; 0 for what is none."""
    text = str(value) if isinstance(value, int | float | str) and not isinstance(value, bool) else ""
    return float(text) if re.fullmatch(r"0?\.[0-9]{1,12}", text, re.ASCII) else 0.0
