"""One order of a Shopify export, put together from its rows: wherever they stand, filled down or not, once or again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from file_import.shopify_cells import Record, number

_LINE = ("lineitemquantity", "lineitemname", "lineitemprice", "lineitemsku", "lineitemdiscount")
_TIPS = frozenset(
    ("tip", "tips", "gratuity", "trinkgeld", "pourboire", "propina", "mancia", "fooi", "gorjeta", "dricks", "napiwek")
)


@dataclass(frozen=True, slots=True)
class ExportedOrder:
    """An order's own columns, its lines' rows, its tips' rows, and how many rows repeated what these say."""

    head: Record
    lines: tuple[Record, ...]
    tips: tuple[Record, ...]
    repeated: int


def is_head(row: Record) -> bool:
    """True for a row that holds the order's own columns."""
    return row.get("subtotal") is not None or row.get("financialstatus") is not None


def assembled(rows: Sequence[Record]) -> ExportedOrder:
    """The order that `rows`, all rows of one order in the file's order, say.

    An export that repeats the order's columns on each row, and one that holds the order twice, look alike: the lines
    are those that come nearest to its Subtotal. Raises `UnreadableOrder` naming the column of an amount that is none.
    """
    heads = [row for row in rows if is_head(row)] or [rows[0]]
    head = max(heads, key=_progress)
    items = [row for row in rows if row.get("lineitemquantity")]
    chosen = min(_readings(rows, items), key=lambda lines: _misfit(head, lines))
    lines, tips = _without_tips(head, chosen)
    return ExportedOrder(head, tuple(lines), tuple(tips), len(items) - len(chosen))


def _progress(head: Record) -> tuple[bool, Decimal, bool]:
    """An order's progress, to compare: of two exports of it the later one counts."""
    refunded = number(head, "refundedamount") if head.get("refundedamount") else Decimal(0)
    return head.get("cancelledat") is not None, refunded, head.get("paidat") is not None


def _readings(rows: Sequence[Record], items: list[Record]) -> Iterator[list[Record]]:
    """Sets of lines it may have, likeliest first: each of its rows so many times less, all of them, one block."""
    counts = Counter(map(_signature, items))
    for copies in range(max(counts.values(), default=1), 1, -1):
        if all(count % copies == 0 for count in counts.values()):
            left = {signature: count // copies for signature, count in counts.items()}
            yield [row for row in items if _take(left, _signature(row))]
    yield items
    for block in _blocks(rows):
        if 1 < len(block) < len(items):
            yield block


def _take(left: dict[tuple[str | None, ...], int], signature: tuple[str | None, ...]) -> bool:
    left[signature] -= 1
    return left[signature] >= 0


def _blocks(rows: Sequence[Record]) -> list[list[Record]]:
    blocks: list[list[Record]] = []
    for row in rows:
        if is_head(row) or not blocks:
            blocks.append([])
        if row.get("lineitemquantity"):
            blocks[-1].append(row)
    return blocks


def _signature(row: Record) -> tuple[str | None, ...]:
    return tuple(row.get(column) for column in _LINE)


def _misfit(head: Record, lines: Sequence[Record]) -> tuple[Decimal, bool]:
    """The lines' distance from Subtotal and its discounts: outside what discounts explain, then inexact."""
    if head.get("subtotal") is None:
        return Decimal(0), False
    goods, _ = _without_tips(head, lines)
    over = _price(goods) - number(head, "subtotal")
    discounts = number(head, "discountamount") + sum(number(row, "lineitemdiscount") for row in goods)
    outside = max(-over, over - max(discounts, Decimal(0)), Decimal(0))
    return outside, over not in (0, discounts)


def _without_tips(head: Record, lines: Sequence[Record]) -> tuple[list[Record], list[Record]]:
    """(goods, tips); a row that is named like a tip is goods where Subtotal counts it."""
    tips = [row for row in lines if _is_tip(row)]
    goods = [row for row in lines if not _is_tip(row)]
    counted = number(head, "subtotal") + number(head, "discountamount") if head.get("subtotal") is not None else None
    return (list(lines), []) if tips and counted == _price(lines) != 0 else (goods, tips)


def _is_tip(row: Record) -> bool:
    return not row.get("lineitemsku") and (row.get("lineitemname") or "").casefold() in _TIPS


def _price(lines: Sequence[Record]) -> Decimal:
    return sum((number(row, "lineitemprice") * number(row, "lineitemquantity") for row in lines), Decimal(0))
