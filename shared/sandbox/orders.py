"""From wishes to an order: what the shelf has, what it costs, what is lost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime

from sandbox.catalog import LOCATIONS, Assortment
from sandbox.draws import Draws
from sandbox.records import Device, Evidence, Order, OrderLine
from sandbox.settings import PPM, CampaignSettings, PromotionSettings, ShopSettings
from sandbox.shoppers import Customer
from sandbox.stock import Stock

ORDER_ID, LINE_ID = 5_910_000_000_000, 14_610_000_000_000
CODE_USED_PPM = 850_000
"""The share of buyers who use a promotion's code while it runs."""


@dataclass(slots=True)
class Basket:
    """Units by article and place, and those wanted in vain by article."""

    reserved: dict[tuple[int, int], int]
    lost: dict[int, int]


def fill(
    wishes: Mapping[int, int], stock: Stock, assortment: Assortment, nearest: int, substitute_ppm: int, draws: Draws
) -> Basket:
    """Take wishes (units by article) from the shelf; some take another variant for one that is gone, others none."""
    basket = Basket({}, {})
    for article, units in wishes.items():
        place, sent = stock.find(article, units, nearest, basket.reserved)
        if sent:
            basket.reserved[article, place] = basket.reserved.get((article, place), 0) + sent
        if not (missing := units - sent):
            continue
        other = _substitute(article, missing, stock, assortment, nearest, basket, substitute_ppm, draws)
        if other is None:
            basket.lost[article] = basket.lost.get(article, 0) + missing
        else:
            basket.reserved[other] = basket.reserved.get(other, 0) + missing
    return basket


def _substitute(
    article: int, units: int, stock: Stock, assortment: Assortment, nearest: int, basket: Basket, ppm: int, draws: Draws
) -> tuple[int, int] | None:
    siblings = assortment.siblings[article]
    if not siblings or not draws.chance(ppm):
        return None
    other = siblings[draws.below(len(siblings))]
    place, sent = stock.find(other, units, nearest, basket.reserved)
    return (other, place) if sent == units else None


def code_of(
    promotion: PromotionSettings | None, campaign: CampaignSettings | None, draws: Draws
) -> tuple[str, int] | None:
    """(code, percent) of the discount used, the promotion's before the campaign's own; None without one."""
    if promotion is not None and draws.chance(CODE_USED_PPM):
        return promotion.code, promotion.percent
    if campaign is not None and campaign.code and draws.chance(campaign.code_ppm):
        return campaign.code, campaign.code_percent
    return None


def tax_in(shown_cents: int, shop: ShopSettings) -> int:
    """The tax in, or on, a shown amount, half a cent rounded up."""
    if shop.taxes_included:
        whole = PPM + shop.tax_ppm
        return (2 * shown_cents * shop.tax_ppm + whole) // (2 * whole)
    return (2 * shown_cents * shop.tax_ppm + PPM) // (2 * PPM)


def untaxed(shown_cents: int, shop: ShopSettings) -> int:
    """A shown amount without tax, in cents."""
    return shown_cents - tax_in(shown_cents, shop) if shop.taxes_included else shown_cents


def _lines(
    basket: Basket, assortment: Assortment, number: int, percent: int, shop: ShopSettings
) -> tuple[OrderLine, ...]:
    lines = []
    for index, ((article, place), units) in enumerate(basket.reserved.items()):
        article_details = assortment.articles[article]
        gross = article_details.variant.price_cents * units
        discount = gross * percent // 100
        lines.append(
            OrderLine(
                line_id=LINE_ID + number * 32 + index,
                product_id=article_details.variant.product_id,
                variant_id=article_details.variant.variant_id,
                sku=article_details.variant.sku,
                title=article_details.product_title,
                quantity=units,
                price_cents=article_details.variant.price_cents,
                discount_cents=discount,
                tax_cents=tax_in(gross - discount, shop),
                location_id=LOCATIONS[place].location_id,
            )
        )
    return tuple(lines)


def make_order(
    number: int, at: int, day: date, basket: Basket, assortment: Assortment, shop: ShopSettings, customer: Customer,
    code: tuple[str, int] | None, device: Device, evidence: Evidence,
) -> Order:  # fmt: skip
    """The order of a basket that is not empty; `at` in seconds since 1970, `code` as (code, percent)."""
    lines = _lines(basket, assortment, number, code[1] if code else 0, shop)
    goods = sum(line.gross_cents - line.discount_cents for line in lines)
    shipping = 0 if goods >= shop.free_shipping_from_cents else shop.shipping_cents
    return Order(
        order_id=ORDER_ID + number * 4_096,
        name=f"#{1_000 + number}",
        created_at=datetime.fromtimestamp(at, UTC),
        day=day,
        currency=shop.currency,
        taxes_included=shop.taxes_included,
        customer_id=customer.customer_id,
        email=customer.email,
        customer_name=customer.name,
        orders_before=customer.orders,
        device=device,
        address=customer.address,
        lines=lines,
        discount_codes=(code[0],) if code else (),
        shipping_cents=shipping,
        shipping_tax_cents=tax_in(shipping, shop),
        evidence=evidence,
    )
