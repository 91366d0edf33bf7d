"""Files with the columns of UCI Online Retail: rows by hand, or a few hundred invoices from a seed."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

HEADER = ("InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country")
FIRST_DAY = datetime(2011, 3, 21, 8, 0)
PRICES = (0.001, 0.29, 0.85, 1.25, 2.55, 2.675, 3.39, 4.95, 7.65, 16.95, 1.005)


@dataclass(frozen=True, slots=True)
class Line:
    """One row of a file, with defaults: say only what a test is about."""

    invoice: str = "536365"
    stock_code: str = "85123A"
    quantity: int | str = 1
    at: datetime | str = datetime(2011, 2, 1, 10, 0)
    price: float | str = 2.55
    customer: int | str | None = 17850
    description: str = "WHITE HANGING HEART T-LIGHT HOLDER"
    country: str = "United Kingdom"

    def cells(self) -> list[object]:
        """The row as a CSV writer wants it."""
        at = self.at if isinstance(self.at, str) else self.at.isoformat(sep=" ")
        customer = "" if self.customer is None else self.customer
        return [self.invoice, self.stock_code, self.description, self.quantity, at, self.price, customer, self.country]


def write_transactions(path: Path, lines: Iterable[Line], header: Iterable[str] = HEADER) -> Path:
    """The lines as a CSV file."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(line.cells() for line in lines)
    return path


def trading_days(seed: int, invoices: int) -> Iterator[Line]:
    """`invoices` invoices over some weeks around the end of March, with everything the real set holds.

    Cancellations that match an order and such that match none, rows with no price and with a negative one, lines
    given back on an ordinary invoice, sold ones on a cancellation, two equal lines, an invoice over two minutes.
    """
    chance = Random(seed)
    sold: list[Line] = []
    for number in range(invoices):
        at = FIRST_DAY + timedelta(minutes=97 * number + chance.randrange(60))
        customer = chance.choice([12346, 12347, 12748, 14911, 17850, None])
        kind = chance.random()
        if kind < 0.15 and sold:
            yield from _cancellation(chance, f"C{580000 + number}", at, sold)
        elif kind < 0.2:
            yield Line(f"A{580000 + number}", "B", 1, at, chance.choice([-11062.06, 11062.06]), None, "Adjust bad debt")
        elif kind < 0.25:
            yield Line(f"{580000 + number}", "22423", -chance.randrange(1, 90), at, 0.0, None, "damaged")
        else:
            lines = list(_invoice(chance, f"{580000 + number}", at, customer))
            sold += lines
            yield from lines


def _invoice(chance: Random, invoice: str, at: datetime, customer: int | None) -> Iterator[Line]:
    for _ in range(chance.randrange(1, 9)):
        code = f"{22000 + chance.randrange(40)}"
        price = PRICES[int(code) % len(PRICES)]
        line = Line(invoice, code, chance.randrange(1, 30), at, price, customer, f"ITEM {code}")
        yield line
        if chance.random() < 0.1:
            yield line
        at += timedelta(minutes=chance.random() < 0.05)
    if chance.random() < 0.05:
        yield Line(invoice, "D", -1, at, 27.5, customer, "Discount")


def _cancellation(chance: Random, invoice: str, at: datetime, sold: list[Line]) -> Iterator[Line]:
    for _ in range(chance.randrange(1, 4)):
        of = chance.choice(sold)
        assert isinstance(of.quantity, int)
        quantity = chance.choice([1, of.quantity, of.quantity + 1])
        yield Line(invoice, of.stock_code, -quantity, at, of.price, of.customer, of.description)
    if chance.random() < 0.1:
        yield Line(invoice, "POST", 1, at, 18.0, 12346, "POSTAGE")
