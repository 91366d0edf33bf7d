"""Orders for load: each another one, of a price that follows from its number, so that totals can be compared."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count

from file_import.webhooks import Delivery, Webhook, first_delivery
from tests.builders.shopify import line_body, order_body

FIRST_ID = 6_000_000_000


def price_cents(number: int) -> int:
    """What order `number` costs."""
    return 1_000 + number % 997


def order(number: int, shop: str) -> Delivery:
    """The webhook of order `number`, placed within the last hour."""
    now = datetime.now(UTC)
    at = (now - timedelta(seconds=number % 3_600)).isoformat()
    price = f"{price_cents(number) / 100:.2f}"
    body = order_body(
        FIRST_ID + number,
        lines=[line_body(number % 50 + 1, price=price)],
        created_at=at,
        processed_at=at,
        updated_at=now.isoformat(),
        total_price=price,
    )
    return first_delivery(Webhook("orders/create", FIRST_ID + number, now, price_cents(number), body), shop)


def orders(shop: str, first: int = 0) -> Iterator[tuple[int, Delivery]]:
    """Order after order, without end."""
    return ((number, order(number, shop)) for number in count(first))
