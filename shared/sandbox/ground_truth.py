"""All that happened, with the causes that only the judge may read, in the order it happened."""

from __future__ import annotations

from bisect import bisect_left
from datetime import date

from sandbox.records import Cause, Happening, LostSale, Order, Refund


class GroundTruth:
    """Happenings in time order; causes and lost sales by day."""

    def __init__(self) -> None:
        self.happenings: list[Happening] = []
        self._moments: list[int] = []
        self._causes: dict[date, list[Cause]] = {}
        self._by_order: dict[int, tuple[Cause, ...]] = {}
        self._lost: dict[date, list[LostSale]] = {}

    def record(self, at: int, happening: Happening) -> None:
        """Enter what happened at `at` (seconds since 1970), never before what was entered last."""
        self.happenings.append(happening)
        self._moments.append(at)

    def index_at(self, at: int) -> int:
        """The index of the first happening at or after `at` (seconds since 1970)."""
        return bisect_left(self._moments, at)

    def sold(self, order: Order, causes: tuple[Cause, ...]) -> None:
        """Enter the causes of an order, by its day."""
        self._by_order[order.order_id] = causes
        self._causes.setdefault(order.day, []).extend(causes)

    def taken_back(self, refund: Refund, causes: tuple[Cause, ...]) -> None:
        """Enter the causes whose sales a refund took back, by its day."""
        self._causes.setdefault(refund.day, []).extend(causes)

    def causes_of(self, order_id: int) -> tuple[Cause, ...]:
        """The causes of an order, a tuple; raises `KeyError` for an order that is not entered."""
        return self._by_order[order_id]

    def lost(self, sale: LostSale) -> None:
        """Enter a sale that did not happen, by its day."""
        self._lost.setdefault(sale.day, []).append(sale)

    def causes_on(self, day: date) -> list[Cause]:
        """The causes of a day."""
        return self._causes.get(day, [])

    def lost_on(self, day: date) -> list[LostSale]:
        """The lost sales of a day."""
        return self._lost.get(day, [])
