"""Orders and refunds above the brand's bound wait for a person, listed with their amount.

Document of the brand: `released_amounts/{order_id}` -> {"micros"}: up to so much a person has let the order count.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from ingest_shopify.shops import Shop
from pulsepoint.brand.order_bounds import OrderBound, bound_of
from pulsepoint.errors import AmountAboveBound
from pulsepoint.events.orders import OrderRecorded, Refund, RefundRecorded
from pulsepoint.money import to_text
from pulsepoint.ports.document_store import Write
from pulsepoint.runtime.outcome import Reader
from pulsepoint.runtime.quarantine import RELEASED

RELEASED_AMOUNTS = "released_amounts"


async def let_count(reader: Reader, shop: Shop, payload: object, headers: Mapping[str, str]) -> list[Write]:
    """The writes that remember that a person let a large order or refund count; none for all others.

    Raises `AmountAboveBound` for one that waits for a person.
    """
    if not isinstance(payload, OrderRecorded | RefundRecorded):
        return []
    largest = max(map(abs, _amounts(payload)), default=0)
    own = [OrderBound.model_validate(each) for each in shop.data.get("order_bounds", ())]
    bound = bound_of(payload.currency, own)
    if largest <= bound:
        return []
    kept = await reader.get(RELEASED_AMOUNTS, payload.order_id, scope=shop.scope)
    if kept is not None and largest <= int(kept.data["micros"]):
        return []
    if RELEASED not in headers:
        raise _waits(payload, largest, bound)
    return [Write(RELEASED_AMOUNTS, payload.order_id, {"micros": largest}, scope=shop.scope)]


def _waits(payload: OrderRecorded | RefundRecorded, largest: int, bound: int) -> AmountAboveBound:
    name = (payload.name if isinstance(payload, OrderRecorded) else "") or payload.order_id
    explanation = (
        f"order {name} has an amount of {to_text(largest)} {payload.currency}, above {to_text(bound)}: it counts"
        " once an administrator replays it"
    )
    names = {"order": name, "amount_micros": str(largest), "bound_micros": str(bound), "currency": payload.currency}
    return AmountAboveBound(explanation, names=names)


def _amounts(payload: OrderRecorded | RefundRecorded) -> Iterator[int]:
    if isinstance(payload, RefundRecorded):
        yield from _of_refund(payload.refund)
        return
    yield from (payload.gross_micros, payload.discount_micros, payload.tax_micros, payload.shipping_micros)
    yield from (payload.total_micros, payload.uncharged_micros or 0)
    for line in payload.lines:
        yield from (line.gross_micros, line.discount_micros, line.tax_micros)
    for refund in payload.refunds:
        yield from _of_refund(refund)


def _of_refund(refund: Refund) -> Iterable[int]:
    yield from (refund.subtotal_micros, refund.tax_micros, refund.adjustment_micros, refund.shipping_micros)
    yield refund.total_micros or 0
    for line in refund.lines:
        yield from (line.subtotal_micros, line.tax_micros)
