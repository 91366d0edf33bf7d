"""Webhook bodies in Shopify's shape, from sales and returns in cents.

Fields and nesting follow Shopify's samples of orders/create and refunds/create, API version 2026-04
(https://shopify.dev/docs/api/webhooks). Money is a decimal string in the shop's currency, with its `*_set`. Amounts
named `…_cents` are minor units of the currency: thousandths where it has three decimals.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pulsepoint.money import minor_digits, minor_micros


@dataclass(frozen=True, slots=True)
class SoldLine:
    """One line of a sale; `discount_cents` and `tax_cents` are of the whole line."""

    line_id: int
    product_id: int
    sku: str
    title: str
    quantity: int
    unit_cents: int
    discount_cents: int = 0
    tax_cents: int = 0
    taxable: bool = True

    @property
    def gross_cents(self) -> int:
        """Price times quantity."""
        return self.unit_cents * self.quantity

    @property
    def paid_cents(self) -> int:
        """Cents of the line after its discount; holds the tax where prices include it."""
        return self.gross_cents - self.discount_cents

    def untaxed_cents(self, taxes_included: bool) -> int:
        """Cents of the line after its discount, without tax."""
        return self.paid_cents - (self.tax_cents if taxes_included else 0)


@dataclass(frozen=True, slots=True)
class Sale:
    """An order as first placed; times carry the brand's offset."""

    order_id: int
    name: str
    created_at: datetime
    currency: str
    lines: tuple[SoldLine, ...]
    customer_id: int | None = None
    email: str | None = None
    country_code: str | None = None
    province_code: str | None = None
    shipping_cents: int = 0
    shipping_tax_cents: int = 0
    taxes_included: bool = False
    discount_code: str | None = None
    financial_status: str = "paid"
    source_name: str = "web"
    tags: str = ""
    tip_cents: int = 0

    @property
    def tax_cents(self) -> int:
        """All tax, of goods and of shipping."""
        return sum(line.tax_cents for line in self.lines) + self.shipping_tax_cents

    @property
    def goods_cents(self) -> int:
        """Shopify's subtotal: goods after discounts."""
        return sum(line.paid_cents for line in self.lines)

    @property
    def net_cents(self) -> int:
        """Net sales: goods after discounts, without tax and tip."""
        included = sum(line.tax_cents for line in self.lines) if self.taxes_included else 0
        return self.goods_cents - included

    @property
    def untaxed_shipping_cents(self) -> int:
        """Cents of shipping without its tax."""
        return self.shipping_cents - (self.shipping_tax_cents if self.taxes_included else 0)

    @property
    def net_micros(self) -> int:
        """Net sales in micros."""
        return self.net_cents * minor_micros(self.currency)

    @property
    def total_cents(self) -> int:
        """Cents the customer paid."""
        untaxed = self.goods_cents + self.shipping_cents + self.tip_cents
        return untaxed + (0 if self.taxes_included else self.tax_cents)


@dataclass(frozen=True, slots=True)
class ReturnedLine:
    """The returned part of one line; `subtotal_cents` holds the tax where the order's prices include it."""

    line: SoldLine
    quantity: int
    subtotal_cents: int
    tax_cents: int = 0


@dataclass(frozen=True, slots=True)
class Return:
    """Money given back on `issued_at`: for lines, and beyond them (`adjustment_cents`, without its tax).

    `is_total`: a file's sum of all refunds of the order, which names none of them.
    """

    refund_id: int
    order_id: int
    issued_at: datetime
    currency: str
    lines: tuple[ReturnedLine, ...]
    taxes_included: bool = False
    adjustment_cents: int = 0
    adjustment_tax_cents: int = 0
    shipping_cents: int = 0
    shipping_tax_cents: int = 0
    note: str | None = None
    is_total: bool = False

    @property
    def net_cents(self) -> int:
        """Net sales given back, positive."""
        tax = sum(line.tax_cents for line in self.lines) if self.taxes_included else 0
        return sum(line.subtotal_cents for line in self.lines) - tax + self.adjustment_cents

    @property
    def net_micros(self) -> int:
        """Net sales given back in micros, positive."""
        return self.net_cents * minor_micros(self.currency)

    @property
    def paid_cents(self) -> int:
        """The money that went back to the customer."""
        tax = 0 if self.taxes_included else sum(line.tax_cents for line in self.lines)
        goods = sum(line.subtotal_cents for line in self.lines) + tax
        extra = self.adjustment_cents + self.adjustment_tax_cents
        shipping_tax = 0 if self.taxes_included else self.shipping_tax_cents
        return goods + extra + self.shipping_cents + shipping_tax


_UNSAID: dict[str, object] = {
    "closed_at": None,
    "confirmed": True,
    "test": False,
    "landing_site": None,
    "referring_site": None,
    "note": None,
    "note_attributes": [],
}


def order_body(
    sale: Sale,
    *,
    cancelled_at: datetime | None = None,
    refunds: tuple[Return, ...] = (),
    financial_status: str | None = None,
) -> dict[str, object]:
    """The body of orders/create, or of orders/cancelled when `cancelled_at` is given.

    `financial_status` is the order's by then; None: still the sale's.
    """
    placed = sale.created_at.isoformat()
    changed = max([sale.created_at, *([cancelled_at] if cancelled_at else [])]).isoformat()
    return {
        "id": sale.order_id,
        "admin_graphql_api_id": f"gid://shopify/Order/{sale.order_id}",
        "name": sale.name,
        "created_at": placed,
        "processed_at": placed,
        "updated_at": changed,
        "cancelled_at": cancelled_at.isoformat() if cancelled_at else None,
        "cancel_reason": "other" if cancelled_at else None,
        "currency": sale.currency,
        "presentment_currency": sale.currency,
        "financial_status": financial_status or sale.financial_status,
        "fulfillment_status": None,
        "source_name": sale.source_name,
        "tags": sale.tags,
        "taxes_included": sale.taxes_included,
        **_order_money(sale),
        **_person(sale),
        **_UNSAID,
        "discount_codes": _discount_codes(sale),
        "discount_applications": _discount_applications(sale),
        "tax_lines": _tax_lines(sale.tax_cents, sale.net_cents + sale.untaxed_shipping_cents, sale.currency),
        "line_items": [_line_item(line, sale.currency, sale.taxes_included) for line in sale.lines],
        "shipping_lines": _shipping_lines(sale),
        "fulfillments": [],
        "refunds": [refund_body(refund) for refund in refunds],
    }


def refund_body(refund: Return) -> dict[str, object]:
    """The body of refunds/create."""
    issued = refund.issued_at.isoformat()
    return {
        **({"pulsepoint": {"total_of_order": True}} if refund.is_total else {}),
        "id": refund.refund_id,
        "admin_graphql_api_id": f"gid://shopify/Refund/{refund.refund_id}",
        "order_id": refund.order_id,
        "created_at": issued,
        "processed_at": issued,
        "note": refund.note,
        "user_id": None,
        "restock": bool(refund.lines),
        "duties": [],
        "order_adjustments": _adjustments(refund),
        "refund_shipping_lines": [],
        "refund_line_items": [_refund_line(refund, index, line) for index, line in enumerate(refund.lines, start=1)],
        "transactions": [
            {
                "id": refund.refund_id,
                "admin_graphql_api_id": f"gid://shopify/OrderTransaction/{refund.refund_id}",
                "order_id": refund.order_id,
                "kind": "refund",
                "gateway": "manual",
                "status": "success",
                "created_at": issued,
                "processed_at": issued,
                "test": False,
                "amount": money(refund.paid_cents, minor_digits(refund.currency)),
                "currency": refund.currency,
            }
        ],
    }


def money(cents: int, digits: int = 2) -> str:
    """Minor units as Shopify writes money: a decimal string with `digits` places."""
    sign, unit = "-" if cents < 0 else "", 10**digits
    return f"{sign}{abs(cents) // unit}.{abs(cents) % unit:0{digits}d}"


def _money_set(cents: int, currency: str) -> dict[str, object]:
    amount = {"amount": money(cents, minor_digits(currency)), "currency_code": currency}
    return {"shop_money": amount, "presentment_money": amount}


def _priced(name: str, cents: int, currency: str) -> dict[str, object]:
    return {name: money(cents, minor_digits(currency)), f"{name}_set": _money_set(cents, currency)}


def _order_money(sale: Sale) -> dict[str, object]:
    discounts = sum(line.discount_cents for line in sale.lines)
    gross = sum(line.gross_cents for line in sale.lines)
    return {
        **_priced("total_line_items_price", gross, sale.currency),
        **_priced("total_discounts", discounts, sale.currency),
        **_priced("subtotal_price", sale.goods_cents, sale.currency),
        **_priced("total_tax", sale.tax_cents, sale.currency),
        "total_shipping_price_set": _money_set(sale.shipping_cents, sale.currency),
        "total_tip_received": money(sale.tip_cents, minor_digits(sale.currency)),
        **_priced("total_price", sale.total_cents, sale.currency),
        **_priced("current_total_discounts", discounts, sale.currency),
        **_priced("current_subtotal_price", sale.goods_cents, sale.currency),
        **_priced("current_total_tax", sale.tax_cents, sale.currency),
        **_priced("current_total_price", sale.total_cents, sale.currency),
    }


def _person(sale: Sale) -> dict[str, object]:
    address = {"country_code": sale.country_code, "province_code": sale.province_code} if sale.country_code else None
    customer = None
    if sale.customer_id is not None:
        customer = {
            "id": sale.customer_id,
            "admin_graphql_api_id": f"gid://shopify/Customer/{sale.customer_id}",
            "email": sale.email,
            "currency": sale.currency,
        }
    return {"email": sale.email, "customer": customer, "billing_address": address, "shipping_address": address}


def _line_item(line: SoldLine, currency: str, taxes_included: bool) -> dict[str, object]:
    allocations: list[dict[str, object]] = []
    if line.discount_cents:
        allocations = [{**_priced("amount", line.discount_cents, currency), "discount_application_index": 0}]
    return {
        "id": line.line_id,
        "admin_graphql_api_id": f"gid://shopify/LineItem/{line.line_id}",
        "product_id": line.product_id,
        "variant_id": line.product_id,
        "sku": line.sku,
        "title": line.title,
        "name": line.title,
        "variant_title": None,
        "vendor": None,
        "quantity": line.quantity,
        "current_quantity": line.quantity,
        "fulfillable_quantity": line.quantity,
        "fulfillment_status": None,
        "gift_card": False,
        "requires_shipping": True,
        "taxable": line.taxable,
        **_priced("price", line.unit_cents, currency),
        # Shopify keeps order-wide discounts out of total_discount; they are in the allocations.
        **_priced("total_discount", 0, currency),
        "discount_allocations": allocations,
        "tax_lines": _tax_lines(line.tax_cents, line.untaxed_cents(taxes_included), currency),
        "properties": [],
    }


def _tax_lines(cents: int, untaxed_cents: int, currency: str) -> list[dict[str, object]]:
    """The tax on an amount as one line; its rate is what the two come to, as nothing names another."""
    rate = round(cents / untaxed_cents, 4) if untaxed_cents else 0.0
    return [{"title": "Tax", "rate": rate, **_priced("price", cents, currency)}] if cents else []


def _shipping_lines(sale: Sale) -> list[dict[str, object]]:
    if not sale.shipping_cents:
        return []
    return [
        {
            "id": sale.order_id,
            "title": "Shipping",
            **_priced("price", sale.shipping_cents, sale.currency),
            **_priced("discounted_price", sale.shipping_cents, sale.currency),
            "tax_lines": _tax_lines(sale.shipping_tax_cents, sale.untaxed_shipping_cents, sale.currency),
            "discount_allocations": [],
        }
    ]


def _discount_codes(sale: Sale) -> list[dict[str, object]]:
    discounts = sum(line.discount_cents for line in sale.lines)
    if not sale.discount_code:
        return []
    amount = money(discounts, minor_digits(sale.currency))
    return [{"code": sale.discount_code, "amount": amount, "type": "fixed_amount"}]


def _discount_applications(sale: Sale) -> list[dict[str, object]]:
    discounts = sum(line.discount_cents for line in sale.lines)
    if not discounts:
        return []
    named = {"type": "discount_code", "code": sale.discount_code} if sale.discount_code else {"type": "manual"}
    return [
        {
            **named,
            "value": money(discounts, minor_digits(sale.currency)),
            "value_type": "fixed_amount",
            "allocation_method": "across",
            "target_selection": "all",
            "target_type": "line_item",
        }
    ]


def _refund_line(refund: Return, index: int, returned: ReturnedLine) -> dict[str, object]:
    digits = minor_digits(refund.currency)
    return {
        "id": refund.refund_id + index,
        "line_item_id": returned.line.line_id,
        "line_item": _line_item(returned.line, refund.currency, refund.taxes_included),
        "location_id": None,
        "quantity": returned.quantity,
        "restock_type": "return",
        # Shopify writes these two as numbers, unlike all other money.
        "subtotal": float(money(returned.subtotal_cents, digits)),
        "subtotal_set": _money_set(returned.subtotal_cents, refund.currency),
        "total_tax": float(money(returned.tax_cents, digits)),
        "total_tax_set": _money_set(returned.tax_cents, refund.currency),
    }


def _adjustments(refund: Return) -> list[dict[str, object]]:
    """Shopify's signs: what was given back beyond the lines is negative, and tax comes on top.

    https://shopify.dev/docs/api/admin-rest/2024-10/resources/refund (order_adjustments)
    """
    kinds = [
        ("refund_discrepancy", "Refund discrepancy", refund.adjustment_cents, refund.adjustment_tax_cents),
        ("shipping_refund", "Shipping refund", refund.shipping_cents, refund.shipping_tax_cents),
    ]
    return [
        {
            "id": refund.refund_id + index,
            "order_id": refund.order_id,
            "refund_id": refund.refund_id,
            "kind": kind,
            "reason": reason,
            **_priced("amount", -cents, refund.currency),
            **_priced("tax_amount", -tax, refund.currency),
        }
        for index, (kind, reason, cents, tax) in enumerate(kinds)
        if cents or tax
    ]
