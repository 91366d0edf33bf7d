"""The world's records as Shopify sends them: webhook bodies in REST shape, and how they are delivered.

https://shopify.dev/docs/api/webhooks (version 2026-04). Times carry the shop's offset.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any
from zoneinfo import ZoneInfo

from file_import.bodies import Return, ReturnedLine, Sale, SoldLine, money, order_body, refund_body
from file_import.webhooks import Webhook
from sandbox.records import Order, OrderLine, Product, Refund, StockChange

CENT = 10_000
"""Micros."""
LATE_PIXEL_EVERY = 40
"""One order in so many is sent before the shop's pixel has written its note attributes."""
LATE_PIXEL = timedelta(seconds=75)


class ShopifyBodies:
    """Webhooks of one shop from the world's records; the same record always gives the same bytes."""

    def __init__(self, timezone: str) -> None:
        """Times carry the offset of `timezone`."""
        self._zone = ZoneInfo(timezone)

    def ordered(self, order: Order) -> list[Webhook]:
        """A list: `orders/create`; where the pixel is late it comes without its notes, then `orders/updated`."""
        if not _pixel_is_late(order):
            return [self._order("orders/create", order, order.created_at)]
        later = order.created_at + LATE_PIXEL
        return [
            self._order("orders/create", order, order.created_at, noted=False),
            self._order("orders/updated", order, later),
        ]

    def refunded(self, refund: Refund, order: Order, before: Sequence[Refund] = ()) -> list[Webhook]:
        """A list: `refunds/create`, and the order as it changed it; `before` are the order's earlier refunds."""
        topic = "orders/cancelled" if refund.cancels else "orders/updated"
        at = refund.created_at
        body = self.refund(refund, order)
        return [
            Webhook("refunds/create", refund.refund_id, self._local(at), -refund.net_cents * CENT, body),
            self._order(topic, order, at, refunds=(*before, refund)),
        ]

    def product(self, product: Product, available: dict[int, int], at: datetime) -> Webhook:
        """`products/create` with the variants' stock (by variant id) as it is `at`."""
        body = product_body(product, available, created=self._iso(product.created_at), updated=self._iso(at))
        return Webhook("products/create", product.product_id, self._local(at), 0, body)

    def level(self, change: StockChange) -> Webhook:
        """`inventory_levels/update`: https://shopify.dev/docs/api/admin-rest/latest/resources/inventorylevel.

        With what a webhook lacks and only the Admin API tells, what is on its way:
        https://shopify.dev/docs/api/admin-graphql/latest/objects/InventoryLevel.
        """
        body: dict[str, object] = {
            "inventory_item_id": change.inventory_item_id,
            "location_id": change.location_id,
            "available": change.available,
            "quantities": [
                {"name": "available", "quantity": change.available},
                {"name": "incoming", "quantity": change.incoming},
            ],
            "updated_at": self._iso(change.timestamp),
            "admin_graphql_api_id": f"gid://shopify/InventoryLevel/{change.location_id}"
            f"?inventory_item_id={change.inventory_item_id}",
        }
        return Webhook("inventory_levels/update", change.inventory_item_id, self._local(change.timestamp), 0, body)

    def order(
        self, order: Order, updated: datetime, *, refunds: Sequence[Refund] = (), noted: bool = True
    ) -> dict[str, object]:
        """The order's REST body (JSON) at `updated`, with the refunds it carries."""
        cancelled = next((refund.created_at for refund in refunds if refund.cancels), None)
        returns = tuple(self._return(refund, order) for refund in refunds)
        body: dict[str, Any] = order_body(
            self._sale(order, refunds),
            cancelled_at=self._local(cancelled) if cancelled else None,
            refunds=returns,
        )
        lines = {line.line_id: line for line in order.lines}
        evidence = order.evidence
        notes = evidence.note_attributes if noted else ()
        body |= {
            "updated_at": self._iso(updated),
            "landing_site": evidence.landing_site,
            "referring_site": evidence.referring_site,
            "note_attributes": [{"name": name, "value": value} for name, value in notes],
            "line_items": [_with_variant(item, lines[item["id"]]) for item in body["line_items"]],
            "refunds": [self._refined(shown, refund) for shown, refund in zip(body["refunds"], refunds, strict=True)],
        }
        return body

    def refund(self, refund: Refund, order: Order) -> dict[str, object]:
        """The refund's REST body (JSON)."""
        return self._refined(refund_body(self._return(refund, order)), refund)

    def _order(
        self, topic: str, order: Order, at: datetime, *, refunds: Sequence[Refund] = (), noted: bool = True
    ) -> Webhook:
        body = self.order(order, at, refunds=refunds, noted=noted)
        return Webhook(topic, order.order_id, self._local(at), order.net_cents * CENT, body)

    def _sale(self, order: Order, refunds: Sequence[Refund]) -> Sale:
        return Sale(
            order_id=order.order_id,
            name=order.name,
            created_at=self._local(order.created_at),
            currency=order.currency,
            lines=tuple(_sold(line) for line in order.lines),
            customer_id=order.customer_id,
            email=order.email,
            country_code=order.address.country,
            province_code=order.address.region or None,
            shipping_cents=order.shipping_cents,
            shipping_tax_cents=order.shipping_tax_cents,
            taxes_included=order.taxes_included,
            discount_code=order.discount_codes[0] if order.discount_codes else None,
            financial_status=_financial_status(order, refunds),
        )

    def _return(self, refund: Refund, order: Order) -> Return:
        sold = {line.line_id: _sold(line) for line in order.lines}
        return Return(
            refund_id=refund.refund_id,
            order_id=refund.order_id,
            issued_at=self._local(refund.created_at),
            currency=refund.currency,
            lines=tuple(
                ReturnedLine(sold[line.line_id], line.quantity, line.subtotal_cents, line.tax_cents)
                for line in refund.lines
            ),
            taxes_included=refund.taxes_included,
            shipping_cents=refund.shipping_cents,
            shipping_tax_cents=refund.shipping_tax_cents,
        )

    def _refined(self, body: dict[str, Any], refund: Refund) -> dict[str, object]:
        """The refund with what only the world knows: its lines' own ids, variants and whether they went back."""
        lines = [
            {
                **refund_line,
                "id": line.refund_line_id,
                "restock_type": ("cancel" if refund.cancels else "return") if line.restocked else "no_restock",
                "location_id": line.location_id if line.restocked else None,
                "line_item": {**refund_line["line_item"], "variant_id": line.variant_id},
            }
            for refund_line, line in zip(body["refund_line_items"], refund.lines, strict=True)
        ]
        return {**body, "refund_line_items": lines}

    def _local(self, timestamp: datetime) -> datetime:
        return timestamp.astimezone(self._zone)

    def _iso(self, timestamp: datetime) -> str:
        return self._local(timestamp).isoformat()


def product_body(product: Product, available: dict[int, int], *, created: str, updated: str) -> dict[str, object]:
    """A product's REST body (JSON): https://shopify.dev/docs/api/admin-rest/latest/resources/product."""
    return {
        "id": product.product_id,
        "admin_graphql_api_id": f"gid://shopify/Product/{product.product_id}",
        "title": product.title,
        "handle": product.handle,
        "body_html": "",
        "vendor": product.vendor,
        "product_type": product.category,
        "status": "active",
        "tags": "",
        "created_at": created,
        "updated_at": updated,
        "published_at": created,
        "options": [{"name": "Title", "position": 1, "values": [variant.title for variant in product.variants]}],
        "images": [],
        "variants": [
            {
                "id": variant.variant_id,
                "product_id": product.product_id,
                "admin_graphql_api_id": f"gid://shopify/ProductVariant/{variant.variant_id}",
                "inventory_item_id": variant.inventory_item_id,
                "sku": variant.sku,
                "title": variant.title,
                "position": position,
                "price": money(variant.price_cents),
                "compare_at_price": None,
                "inventory_policy": "deny",
                "inventory_management": "shopify",
                "inventory_quantity": available.get(variant.variant_id, 0),
                "taxable": True,
                "created_at": created,
                "updated_at": updated,
            }
            for position, variant in enumerate(product.variants, start=1)
        ],
    }


def settled(levels: Iterable[StockChange]) -> list[StockChange]:
    """A list of those changes that a look back needs: each level's last, each to or from nothing; sorted by time."""
    kept: dict[tuple[int, int, int], StockChange] = {}
    for number, change in enumerate(levels):
        crosses = (change.available <= 0) != (change.available - change.delta <= 0)
        kept[change.inventory_item_id, change.location_id, number if crosses else -1] = change
    return sorted(kept.values(), key=lambda change: (change.timestamp, change.inventory_item_id, change.location_id))


def _sold(line: OrderLine) -> SoldLine:
    return SoldLine(
        line_id=line.line_id,
        product_id=line.product_id,
        sku=line.sku,
        title=line.title,
        quantity=line.quantity,
        unit_cents=line.price_cents,
        discount_cents=line.discount_cents,
        tax_cents=line.tax_cents,
    )


def _with_variant(item: dict[str, object], line: OrderLine) -> dict[str, object]:
    return {**item, "variant_id": line.variant_id}


def _financial_status(order: Order, refunds: Sequence[Refund]) -> str:
    back = sum(refund.total_cents for refund in refunds)
    if not back:
        return "paid"
    return "refunded" if back >= order.total_cents else "partially_refunded"


def _pixel_is_late(order: Order) -> bool:
    dice = blake2b(str(order.order_id).encode(), digest_size=4).digest()
    return bool(order.evidence.note_attributes) and int.from_bytes(dice, "big") % LATE_PIXEL_EVERY == 0
