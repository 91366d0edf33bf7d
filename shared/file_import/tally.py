"""Sums of what was sent, by calendar month of the brand: orders, refunds and net revenue."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby

from file_import.uci_rows import LeftOut
from file_import.webhooks import Webhook
from pulsepoint.brand.facts import Note
from pulsepoint.brand.figures import count
from pulsepoint.brand.vocabulary import NoteKind
from pulsepoint.money import to_decimal

UNDATED = "no date"


@dataclass(slots=True)
class Month:
    """One month's sums."""

    orders: int = 0
    refunds: int = 0
    orphans: int = 0
    cancellations: int = 0
    net_micros: int = 0
    left_out_rows: int = 0
    left_out_micros: int = 0
    entries: int = 0
    doubtful: int = 0


@dataclass(slots=True)
class Tally:
    """Sums over a replay; copies of a delivery are not counted again."""

    months: dict[str, Month] = field(default_factory=dict)

    def count(self, webhook: Webhook) -> None:
        """Add one webhook, on its own date."""
        month = self.months.setdefault(webhook.occurred_at.strftime("%Y-%m"), Month())
        month.net_micros += webhook.net_micros
        # A cancellation after which nothing was left to give back is no entry of its own.
        month.entries += webhook.topic != "orders/cancelled" or webhook.net_micros != 0
        if webhook.topic == "orders/create":
            month.orders += 1
            month.doubtful += webhook.doubtful
        elif webhook.topic == "refunds/create":
            month.refunds += 1
            month.orphans += webhook.orphan
        else:
            month.cancellations += 1

    def leave_out(self, left_out: tuple[LeftOut, ...]) -> None:
        """Add the rows that became no webhook."""
        for entry in left_out:
            month = self.months.setdefault(entry.month or UNDATED, Month())
            month.left_out_rows += entry.rows
            month.left_out_micros += entry.micros

    def notes(self) -> tuple[Note, ...]:
        """Notes for whoever sends the file; empty where there is nothing to know."""
        total = self.total
        counted = (
            (NoteKind.UNMATCHED_REFUNDS, "refunds", total.orphans),
            (NoteKind.DOUBTFUL_ORDERS, "orders", total.doubtful),
        )
        return tuple(Note(kind=kind, figures={figure: count(many)}) for kind, figure, many in counted if many)

    @property
    def total(self) -> Month:
        """The sums of all months."""
        total = Month()
        for month in self.months.values():
            for name in Month.__slots__:
                setattr(total, name, getattr(total, name) + getattr(month, name))
        return total

    def years(self) -> Iterator[tuple[str, str]]:
        """First and last month of each year with webhooks: the API answers for a few years at once."""
        sent = sorted(name for name, month in self.months.items() if month.entries)
        for _, names in groupby(sent, key=lambda name: name[:4]):
            months = list(names)
            yield months[0], months[-1]

    def rows(self) -> list[dict[str, object]]:
        """The months in order, money as decimal text."""
        return [{"month": name, **described(self.months[name])} for name in sorted(self.months)]


def amount(micros: int) -> str:
    """Micros as decimal text with two places, with three where that is not exact."""
    return f"{to_decimal(micros):.{2 if micros % 10_000 == 0 else 3}f}"


def described(month: Month) -> dict[str, object]:
    """A month's sums for people and programs."""
    return {
        "orders": month.orders,
        "refunds": month.refunds,
        "cancellations": month.cancellations,
        "net_revenue": amount(month.net_micros),
        "left_out_rows": month.left_out_rows,
        "left_out_sum": amount(month.left_out_micros),
    }
