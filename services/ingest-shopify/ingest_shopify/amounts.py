"""Tellings above the bounds of amounts and pieces wait for a person, listed with what is above.

Document of the brand: `released_amounts/{order_id}` -> {"micros", "pieces"}: up to so much a person has let the order
count; `level:{item}:{location}` and `product:{product_id}` likewise.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from ingest_shopify.shops import Shop
from pulsepoint.brand.order_bounds import MOST_IN_STOCK, MOST_PIECES, OrderBound, bound_of
from pulsepoint.errors import AmountAboveBound, PermanentError, QuantityAboveBound
from pulsepoint.events.inventory import StockLevelRecorded
from pulsepoint.events.orders import OrderEditCommitted, OrderRecorded, Refund, RefundRecorded
from pulsepoint.events.products import ProductRecorded
from pulsepoint.money import to_text
from pulsepoint.ports.document_store import Document, Write
from pulsepoint.runtime.outcome import Reader
from pulsepoint.runtime.quarantine import is_released

RELEASED_AMOUNTS = "released_amounts"


@dataclass(frozen=True, slots=True)
class _Size:
    """The largest amount of a telling, in micros, and the most pieces in it, each with its bound.

    `id` is where it is remembered that a person let it count; `subject` says in words what it is, `names` in names.
    """

    id: str
    subject: str
    names: Mapping[str, str]
    pieces: int
    most: int
    micros: int = 0
    bound: int = 0
    currency: str = ""

    def is_within(self, micros: int, pieces: int) -> bool:
        """True where it is above neither its bounds nor what a person let count."""
        return self.micros <= max(self.bound, micros) and abs(self.pieces) <= max(self.most, pieces)


async def let_count(reader: Reader, shop: Shop, payload: object, headers: Mapping[str, str]) -> list[Write]:
    """The writes that remember that a person let a large order, refund or stock count; none for all others.

    Raises `AmountAboveBound` and `QuantityAboveBound` for one that waits for a person.
    """
    size = _size_of(shop, payload)
    if size is None or size.is_within(0, 0):
        return []
    kept = await reader.get(RELEASED_AMOUNTS, size.id, scope=shop.scope)
    micros, pieces = _let(kept)
    if size.is_within(micros, pieces):
        return []
    if not is_released(headers, AmountAboveBound.reason, QuantityAboveBound.reason):
        raise _waits(size, micros, pieces)
    data = {"micros": max(micros, size.micros), "pieces": max(pieces, abs(size.pieces))}
    return [Write(RELEASED_AMOUNTS, size.id, data, scope=shop.scope)]


def _let(kept: Document | None) -> tuple[int, int]:
    """Micros and pieces up to which a person has let something count."""
    return (int(kept.data["micros"]), int(kept.data.get("pieces", 0))) if kept is not None else (0, 0)


def _waits(size: _Size, micros: int, pieces: int) -> PermanentError:
    names, above = dict(size.names), []
    is_dear, is_much = size.micros > max(size.bound, micros), abs(size.pieces) > max(size.most, pieces)
    if is_dear:
        names |= {"amount_micros": str(size.micros), "bound_micros": str(size.bound), "currency": size.currency}
        above.append(f"an amount of {to_text(size.micros)} {size.currency}, above {to_text(size.bound)}")
    if is_much:
        names |= {"pieces_count": str(size.pieces), "most_count": str(size.most)}
        above.append(f"{size.pieces} pieces, above {size.most}")
    explanation = f"{size.subject} has {' and '.join(above)}: it counts once an administrator replays it"
    return (AmountAboveBound if is_dear else QuantityAboveBound)(explanation, names=names)


def _size_of(shop: Shop, payload: object) -> _Size | None:
    if isinstance(payload, OrderRecorded | RefundRecorded):
        name = (payload.name if isinstance(payload, OrderRecorded) else "") or payload.order_id
        own = [OrderBound.model_validate(each) for each in shop.data.get("order_bounds", ())]
        return _Size(
            id=payload.order_id,
            subject=f"order {name}",
            names={"order": name},
            pieces=max(_pieces(payload)),
            most=MOST_PIECES,
            micros=max(map(abs, _amounts(payload)), default=0),
            bound=bound_of(payload.currency, own),
            currency=payload.currency,
        )
    if isinstance(payload, OrderEditCommitted):
        pieces = sum(delta for _, delta in (*payload.added, *payload.removed))
        names = {"order": payload.order_id}
        return _Size(payload.order_id, f"order {payload.order_id}", names, pieces, MOST_PIECES)
    return _stock_of(payload)


def _stock_of(payload: object) -> _Size | None:
    if isinstance(payload, StockLevelRecorded):
        item, location = payload.inventory_item_id, payload.location_id
        pieces = max(payload.available or 0, payload.incoming or 0, key=abs)
        names = {"item": item, "location": location}
        return _Size(f"level:{item}:{location}", f"item {item} at location {location}", names, pieces, MOST_IN_STOCK)
    if isinstance(payload, ProductRecorded):
        pieces = max((variant.available or 0 for variant in payload.variants), key=abs, default=0)
        product = payload.product_id
        return _Size(f"product:{product}", f"product {product}", {"product": product}, pieces, MOST_IN_STOCK)
    return None


def _pieces(payload: OrderRecorded | RefundRecorded) -> Iterator[int]:
    """Pieces of the order as sold, with what an edit took out, and of each refund."""
    if isinstance(payload, RefundRecorded):
        yield sum(line.quantity for line in payload.refund.lines)
        return
    yield sum(line.quantity + (line.removed.quantity if line.removed else 0) for line in payload.lines)
    for refund in payload.refunds:
        yield sum(line.quantity for line in refund.lines)


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
