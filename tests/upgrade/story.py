"""What happened to the two shops of the kept home: bodies of webhooks, the same in every run.

`LANE` sells seven variants for five weeks, is advertised on three platforms, and has a little of everything: returns,
cancellations, edits, a restock, an erased customer, bodies that cannot be read. `NOTE` is a small second shop under
other settings.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from hashlib import sha256
from typing import Any

FIRST_BRAND, NOTE, NOBODYS = "upgrade-lane.myshopify.com", "upgrade-note.myshopify.com", "upgrade-nobodys.myshopify.com"
NOW = datetime(2026, 3, 30, 10, tzinfo=UTC)
"""The business time at which both brands are made."""
FIRST_DAY, LAST_DAY = date(2026, 2, 24), date(2026, 3, 29)
SPENT_FROM = date(2026, 3, 8)
"""The first of the days of ads that are pulled."""
MISMATCHED, MENDED = date(2026, 3, 18), date(2026, 3, 19)
"""A day whose campaigns never add up to the account, and one on which they do at the second pull."""
REDACTED = "customer3@example.com"

Body = dict[str, Any]
GOODS = {
    1: ("SKU-SCARF", "Wool scarf", "40.00"),
    2: ("SKU-JACKET", "Rain jacket", "320.00"),
    3: ("SKU-MUG", "Mug", "12.50"),
    4: ("SKU-TEE", "Printed tee", "25.00"),
    5: ("SKU-BEANIE", "Beanie", "19.99"),
    6: ("SKU-CARD", "Gift wrap", "3.33"),
}
LEVELS = {1: 60, 2: 30, 3: 5_000, 4: 0, 5: 0, 6: 40}
"""Pieces of each variant on the first day."""
EVIDENCE: tuple[Body, ...] = (
    {"landing_site": "/?utm_source=google&utm_medium=cpc&utm_campaign=brand-search&gclid=GcLiD1"},
    {"landing_site": "/products/scarf?utm_source=facebook&utm_medium=paid_social&utm_campaign=retargeting"},
    {"landing_site": "/?utm_source=google&utm_medium=cpc&utm_campaign=brand-search&gclid=GcLiD2"},
    {"landing_site": "/?utm_source=tiktok&utm_medium=cpc&utm_campaign=spring-sale&ttclid=TtClId"},
    {"landing_site": "/?utm_source=google&utm_medium=cpc&utm_campaign=brand-search&gclid=GcLiD3"},
    {"landing_site": "/", "referring_site": "https://www.google.com/"},
    {"landing_site": "/?utm_source=google&utm_medium=cpc&utm_campaign=spring-sale&gclid=GcLiD4"},
    {"landing_site": "/?utm_source=newsletter&utm_medium=email&utm_campaign=march"},
    {"landing_site": "/?utm_source=google&utm_medium=cpc&utm_campaign=brand-search&gclid=GcLiD5"},
    {"landing_site": "/", "referring_site": ""},
    {"landing_site": None, "note_attributes": [{"name": "utm_source", "value": "meta"}]},
)


@dataclass(frozen=True, slots=True)
class Delivery:
    """A webhook as Shopify sends it, `at` the business time that set it off."""

    topic: str
    body: bytes
    at: datetime
    shop: str = FIRST_BRAND


def first_chapter() -> Iterator[Delivery]:
    """Goods, stock and five weeks of orders; then what cannot be read or belongs to nobody."""
    yield from _goods()
    for number, (day, kind) in enumerate(_calendar()):
        yield from _order(number, day, kind)
    yield from _small_shop()
    yield Delivery("orders/create", b'{"id": 1, "name": "#broken"', NOW)
    yield _delivery("orders/create", {"id": 77, "created_at": "yesterday", "line_items": []}, NOW)
    yield _delivery("carts/update", {"id": 78}, NOW)
    yield _delivery("orders/create", order_body(900, LAST_DAY, {3: 1}), NOW, shop=NOBODYS)


def second_chapter() -> Iterator[Delivery]:
    """What came later: a restock, a return of an old order, an edit, a deleted order, an erased customer."""
    yield _level(5, 400, NOW + timedelta(minutes=5))
    yield from _returned(12, date(2026, 3, 30), "20.00")
    yield from _edited(14)
    yield _delivery("orders/delete", {"id": _order_id(15)}, NOW)
    yield _delivery("products/delete", {"id": 7006}, NOW)
    customer = {"id": 300_003, "email": REDACTED}
    yield _delivery("customers/redact", {"shop_domain": FIRST_BRAND, "customer": customer, "orders_to_redact": []}, NOW)


def order_body(number: int, day: date, basket: dict[int, int], **fields: Any) -> Body:
    """An order of `basket` (variant to pieces) without tax, on `day` at noon."""
    lines = [_line(variant, pieces) for variant, pieces in basket.items()]
    total = f"{sum(float(line['price']) * line['quantity'] for line in lines):.2f}"
    at = _noon(day, number)
    return {
        "id": _order_id(number),
        "name": f"#{1000 + number}",
        "currency": "GBP",
        "created_at": at,
        "processed_at": at,
        "updated_at": at,
        "cancelled_at": None,
        "test": False,
        "taxes_included": False,
        "financial_status": "paid",
        "source_name": "web",
        "subtotal_price": total,
        "total_price": total,
        "total_discounts": "0.00",
        "total_tax": "0.00",
        "shipping_address": {"country_code": "GB", "province_code": "ENG"},
        "customer": {"id": 300_000 + number % 9, "email": f"customer{number % 9}@example.com"},
        "line_items": lines,
        "refunds": [],
        **EVIDENCE[number % len(EVIDENCE)],
        **fields,
    }


def _goods() -> Iterator[Delivery]:
    start = datetime.combine(FIRST_DAY, time(6), UTC)
    for variant, (sku, title, price) in GOODS.items():
        body = {
            "id": 7000 + variant,
            "title": title,
            "status": "active",
            "updated_at": start.isoformat(),
            "variants": [
                {
                    "id": 8000 + variant,
                    "inventory_item_id": 9000 + variant,
                    "sku": sku,
                    "title": "One size",
                    "price": price,
                    "inventory_policy": "continue" if variant == 4 else "deny",
                    "inventory_management": None if variant == 6 else "shopify",
                    "inventory_quantity": LEVELS[variant],
                }
            ],
        }
        yield _delivery("products/create", body, start)
        yield _level(variant, LEVELS[variant], start)
    yield _level(5, 25, start + timedelta(days=2))
    yield _level(1, 0, NOW - timedelta(hours=30))
    yield _level(2, 6, NOW - timedelta(hours=2))
    yield _level(4, -3, NOW - timedelta(hours=2))
    yield _level(5, 0, NOW - timedelta(hours=3))


def _calendar() -> Iterator[tuple[date, str]]:
    """Each order's day and kind: five a day, and in the last three days none that ads brought."""
    for offset in range((LAST_DAY - FIRST_DAY).days + 1):
        day = FIRST_DAY + timedelta(days=offset)
        for _ in range(5):
            yield day, "quiet" if day > LAST_DAY - timedelta(days=3) else "sold"


def _order(number: int, day: date, kind: str) -> Iterator[Delivery]:
    dice = sha256(f"order {number}".encode()).digest()
    basket = {1 + dice[0] % 6: 1 + dice[1] % 3, 1: 1} if number % 3 else {2: 1}
    fields: Body = {"landing_site": "/", "referring_site": "", "note_attributes": []} if kind == "quiet" else {}
    if number % 7 == 0:
        fields |= {"discount_codes": [{"code": "SPRING", "amount": "2.50", "type": "fixed_amount"}]}
        fields |= {"total_discounts": "2.50"}
    if number % 11 == 5:
        fields |= {"taxes_included": True, "total_tax": "5.00"}
    if number == 40:
        fields |= {"test": True}
    body = order_body(number, day, basket, **fields)
    yield _delivery("orders/create", body, _moment(body["created_at"]))
    if number % 13 == 6:
        yield from _cancelled(body, day)
    if number % 10 == 3:
        yield from _returned(number, min(day + timedelta(days=2), LAST_DAY), "3.33")
    if number % 17 == 2:
        page = "/?utm_source=tiktok&utm_medium=cpc"
        visit = {"occurredAt": _noon(day - timedelta(days=3), number), "landingPage": page}
        later = _noon(day, number + 500)
        said = body | {"updated_at": later, "customerJourneySummary": {"firstVisit": visit, "lastVisit": None}}
        yield _delivery("orders/updated", said, _moment(later))


def _cancelled(body: Body, day: date) -> Iterator[Delivery]:
    at = _noon(min(day + timedelta(days=1), LAST_DAY), 7)
    said = body | {"cancelled_at": at, "updated_at": at, "financial_status": "voided", "cancel_reason": "customer"}
    yield _delivery("orders/cancelled", said, _moment(at))


def _returned(number: int, day: date, amount: str) -> Iterator[Delivery]:
    at = _noon(day, number)
    body = {
        "id": 600_000 + number,
        "order_id": _order_id(number),
        "created_at": at,
        "processed_at": at,
        "refund_line_items": [
            {
                "id": 700_000 + number,
                "line_item_id": 50_001,
                "quantity": 1,
                "subtotal_set": _money(amount),
                "total_tax_set": _money("0.00"),
                "line_item": _line(1, 1),
            }
        ],
        "order_adjustments": [],
        "transactions": [],
    }
    yield _delivery("refunds/create", body, _moment(at))


def _edited(number: int) -> Iterator[Delivery]:
    at = (NOW + timedelta(minutes=1)).isoformat()
    edit = {
        "id": 800_000 + number,
        "order_id": _order_id(number),
        "committed_at": at,
        "line_items": {"additions": [{"id": 50_003, "delta": 2}], "removals": []},
    }
    yield _delivery("orders/edited", {"order_edit": edit}, NOW)
    _, (day, _) = list(enumerate(_calendar()))[number]
    body = order_body(number, day, {1: 1, 3: 2}, updated_at=at)
    yield _delivery("orders/updated", body, NOW)


def _small_shop() -> Iterator[Delivery]:
    for number in range(200, 212):
        day = date(2026, 3, 1) + timedelta(days=2 * (number - 200))
        body = order_body(number, day, {3: number % 4 + 1}) | {"currency": "EUR"}
        yield _delivery("orders/create", body, _moment(body["created_at"]), shop=NOTE)
        if number % 4 == 0:
            for delivery in _cancelled(body, day):
                yield Delivery(delivery.topic, delivery.body, delivery.at, NOTE)


def _line(variant: int, pieces: int) -> Body:
    sku, title, price = GOODS[variant]
    return {
        "id": 50_000 + variant,
        "product_id": 7000 + variant,
        "variant_id": 8000 + variant,
        "sku": sku,
        "title": title,
        "quantity": pieces,
        "price": price,
        "total_discount": "0.00",
        "discount_allocations": [],
        "tax_lines": [],
        "gift_card": False,
    }


def _level(variant: int, available: int, at: datetime) -> Delivery:
    body = {"inventory_item_id": 9000 + variant, "location_id": 600, "available": available}
    return _delivery("inventory_levels/update", body | {"updated_at": at.isoformat()}, at)


def _money(amount: str) -> Body:
    return {
        "shop_money": {"amount": amount, "currency_code": "GBP"},
        "presentment_money": {"amount": "999", "currency_code": "JPY"},
    }


def _order_id(number: int) -> int:
    return 5_000_000_000 + number


def _noon(day: date, number: int) -> str:
    return (datetime.combine(day, time(12), UTC) + timedelta(seconds=number)).isoformat()


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _delivery(topic: str, body: Body, at: datetime, shop: str = FIRST_BRAND) -> Delivery:
    return Delivery(topic, json.dumps(body).encode(), at, shop)
