"""Units that come back: cancellations within hours, returns within weeks, each by its own lag."""

from __future__ import annotations

from datetime import UTC, date, datetime

from sandbox.baskets import Demand
from sandbox.draws import Draws, Table
from sandbox.records import Order, Refund, RefundLine
from sandbox.settings import WorldSettings

REFUND_ID = 903_000_000_000
HOUR, DAY = 3_600, 86_400
_LAGS = Table((40, 35, 18, 7))
_LAG_DAYS = ((4, 8), (9, 15), (16, 24), (25, 40))


class Comeback:
    """Units of an order that will come back: by line index, when, and whether the order is called off."""

    __slots__ = ("at", "cancels", "order", "restocked", "units")

    def __init__(self, order: Order, at: int, units: dict[int, int], restocked: bool, cancels: bool) -> None:
        self.order, self.at, self.units, self.restocked, self.cancels = order, at, units, restocked, cancels


def foresee(
    order: Order, at: int, articles: dict[int, int], today: Demand, settings: WorldSettings, draws: Draws
) -> Comeback | None:
    """The units of an order placed at `at` that come back, None where none do; `articles` by line index."""
    if draws.chance(settings.demand.cancel_ppm):
        everything = {index: line.quantity for index, line in enumerate(order.lines)}
        return Comeback(order, at + draws.between(HOUR, 8 * HOUR), everything, True, True)
    units: dict[int, int] = {}
    for index, line in enumerate(order.lines):
        count = draws.successes(line.quantity, today.return_ppm(articles[index]))
        if count:
            units[index] = count
    if not units:
        return None
    low, high = _LAG_DAYS[draws.pick(_LAGS)]
    back_at = at + draws.between(low, high) * DAY + draws.between(-4 * HOUR, 4 * HOUR)
    return Comeback(order, back_at, units, draws.chance(settings.stock.restock_ppm), False)


def make_refund(comeback: Comeback, number: int, day: date) -> Refund:
    """The refund of a comeback; a line's share of money is floored, so refunds never exceed what was paid."""
    order, refund_id = comeback.order, REFUND_ID + number * 64
    lines = []
    for place, (index, units) in enumerate(sorted(comeback.units.items()), start=1):
        line = order.lines[index]
        lines.append(
            RefundLine(
                refund_line_id=refund_id + place,
                line_id=line.line_id,
                product_id=line.product_id,
                variant_id=line.variant_id,
                quantity=units,
                subtotal_cents=(line.gross_cents - line.discount_cents) * units // line.quantity,
                tax_cents=line.tax_cents * units // line.quantity,
                restocked=comeback.restocked,
                location_id=line.location_id,
            )
        )
    return Refund(
        refund_id=refund_id,
        order_id=order.order_id,
        created_at=datetime.fromtimestamp(comeback.at, UTC),
        day=day,
        currency=order.currency,
        taxes_included=order.taxes_included,
        lines=tuple(lines),
        shipping_cents=order.shipping_cents if comeback.cancels else 0,
        shipping_tax_cents=order.shipping_tax_cents if comeback.cancels else 0,
        cancels=comeback.cancels,
    )
