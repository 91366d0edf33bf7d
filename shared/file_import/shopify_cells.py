"""The cells of a Shopify export as numbers and times, whatever program saved them last."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from zoneinfo import ZoneInfo

from file_import.uci import localise
from pulsepoint.brand.facts import Omission
from pulsepoint.brand.sentences import omission_text
from pulsepoint.brand.texts import texts
from pulsepoint.brand.vocabulary import OmissionKind

Record = dict[str, str | None]
TIME_FORMATS = ("%Y-%m-%d %H:%M:%S %z", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M")
"""The export's own first."""
MONTH_FIRST = ("%m/%d/%Y %H:%M", "%m/%d/%y %H:%M")
DAY_FIRST = ("%d/%m/%Y %H:%M", "%d/%m/%y %H:%M", "%d.%m.%Y %H:%M")
"""Forms a spreadsheet gives the export's times; the whole file decides which of the two is meant."""
FIRST_YEAR, LAST_YEAR = 1970, 2199
"""Years that an order may be of, both included."""
TITLES = {
    "createdat": "Created at",
    "cancelledat": "Cancelled at",
    "lineitemquantity": "Lineitem quantity",
    "lineitemprice": "Lineitem price",
    "lineitemdiscount": "Lineitem discount",
    "discountamount": "Discount Amount",
    "refundedamount": "Refunded Amount",
}
LARGEST_NUMBER = 10**9
MAY_BE_NEGATIVE = frozenset({"discountamount", "lineitemdiscount", "refundedamount"})
"""Read as none; below zero nothing else can be sent."""
_GROUPED = re.compile(r"[+-]?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]*)?", re.ASCII)
_DECIMAL_COMMA = re.compile(r"[+-]?([0-9]+|[0-9]{1,3}(\.[0-9]{3})+),[0-9]{1,2}", re.ASCII)


class UnreadableOrder(Exception):
    """An order of the export lacks or garbles what it needs; the message, in English, names the column."""

    def __init__(self, kind: OmissionKind, **names: str) -> None:
        self.omission = Omission.of(kind, **names)
        super().__init__(omission_text(self.omission, texts()))


def number(row: Record, column: str) -> Decimal:
    """The number in a cell, 0 in an empty one; raises `UnreadableOrder` naming the column."""
    text = row.get(column) or "0"
    plain = text
    if _GROUPED.fullmatch(text):
        plain = text.replace(",", "")
    elif _DECIMAL_COMMA.fullmatch(text):
        plain = text.replace(".", "").replace(",", ".")
    try:
        value = Decimal(plain)
    except InvalidOperation:
        value = Decimal("Infinity")
    if not value.is_finite() or abs(value) >= LARGEST_NUMBER:
        raise UnreadableOrder(OmissionKind.NO_NUMBER, column=title_of(column), text=text[:40])
    if value < 0 and column not in MAY_BE_NEGATIVE:
        raise UnreadableOrder(OmissionKind.BELOW_ZERO, column=title_of(column), text=text[:40])
    return value


def read_time(text: str, zone: ZoneInfo, column: str, formats: Sequence[str] = TIME_FORMATS) -> datetime:
    """An export's time as an instant at the brand's offset; raises `UnreadableOrder` naming `column`."""
    for time_format in formats:
        try:
            parsed = datetime.strptime(text, time_format)
        except ValueError:
            continue
        # Years next to the calendar's ends have no instant in some timezone.
        if FIRST_YEAR - 1 <= parsed.year <= LAST_YEAR + 1:
            moment = parsed.astimezone(UTC).astimezone(zone) if parsed.tzinfo else localise(parsed, zone)
            if FIRST_YEAR <= moment.astimezone(UTC).year <= LAST_YEAR:
                return moment
        raise UnreadableOrder(OmissionKind.IMPOSSIBLE_YEAR, column=title_of(column), year=str(parsed.year))
    raise UnreadableOrder(OmissionKind.NO_TIME, column=title_of(column), text=text[:40])


def title_of(column: str) -> str:
    """A column's name as the export writes it."""
    return TITLES.get(column, column.capitalize())
