"""Amounts, pieces and dates with which a telling waits for a person: one would decide every figure of its brand."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from pydantic import BaseModel, ConfigDict, Field

from pulsepoint.money import MICROS

CARD_MAXIMUM = 1_000_000
"""What no card payment reaches: amounts of a charge have eight digits, $999,999.99.
https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts"""
SMALL_UNITS = frozenset(
    (
        "AFN", "ALL", "AMD", "ARS", "BDT", "BTN", "CVE", "CZK", "DJF", "DOP", "DZD", "EGP", "ETB", "GMD", "GYD", "HTG",
        "HUF", "INR", "ISK", "JMD", "JPY", "KES", "KGS", "LKR", "LRD", "MDL", "MKD", "MUR", "MZN", "NIO", "NPR", "PHP",
        "PKR", "RSD", "RUB", "SRD", "THB", "TRY", "TWD", "UAH", "UYU", "VUV", "XPF", "YER",
    )
)  # fmt: skip
"""Currencies whose unit is worth a few cents or less: a hundred times as much."""
TINY_UNITS = frozenset(
    (
        "AOA", "BIF", "CDF", "CLP", "COP", "CRC", "GNF", "IDR", "IQD", "IRR", "KHR", "KMF", "KRW", "KZT", "LAK", "LBP",
        "MGA", "MMK", "MNT", "MWK", "NGN", "PYG", "RWF", "SLE", "SOS", "SYP", "TZS", "UGX", "UZS", "VND", "XAF", "XOF",
    )
)  # fmt: skip
"""Currencies whose unit is worth less than half a cent: ten thousand times."""
MOST_PIECES = 100_000
"""Pieces of an order, an edit or a refund; a cart takes ten times as many of a line.
https://shopify.dev/changelog/enhanced-handling-of-large-quantities-in-the-carts-api-update-endpoint"""
MOST_IN_STOCK = 10_000_000
"""Pieces of an item at a location, there, sold before they are, or on their way; Shopify takes a hundred times as many.
https://shopify.dev/docs/api/admin-graphql/latest/enums/InventorySetQuantitiesUserErrorCode"""

AHEAD = timedelta(days=1)
"""So far past the brand's clock a moment may be: of a clock that is ahead, or written without its timezone."""
SHOPIFY_OPENED = datetime(2006, 1, 1, tzinfo=UTC)
"""Shopify's own clock told no moment before: https://en.wikipedia.org/wiki/Shopify"""
FIRST_SALE = datetime(1994, 1, 1, tzinfo=UTC)
"""No shop sold on the web before (https://en.wikipedia.org/wiki/Timeline_of_e-commerce). Orders of another shop system
keep their day in `processed_at`: https://shopify.dev/docs/api/admin-rest/latest/resources/order"""


class OrderBound(BaseModel):
    """The largest amount of an order or refund in one currency that counts by itself, in micros."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    currency: str = Field(pattern="^[A-Z]{3}$")
    amount_micros: int = Field(strict=True, ge=MICROS, le=10**17)


def distinct_currencies(bounds: tuple[OrderBound, ...]) -> tuple[OrderBound, ...]:
    """The bounds by currency; raises `ValueError` for a currency that is named twice."""
    names = [each.currency for each in bounds]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"{twice[0]} is there twice")
    return bounds


def bound_of(currency: str, own: Iterable[OrderBound] = ()) -> int:
    """The bound in micros of a currency: the brand's own, else the default."""
    for each in own:
        if each.currency == currency:
            return each.amount_micros
    units = 10_000 if currency in TINY_UNITS else 100 if currency in SMALL_UNITS else 1
    return CARD_MAXIMUM * units * MICROS
