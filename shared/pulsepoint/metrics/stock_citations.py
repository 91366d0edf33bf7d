"""The citations of stock as an assessment judged it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pulsepoint.brand.vocabulary import StockState
from pulsepoint.metrics.basis import Period
from pulsepoint.metrics.citations import Cite
from pulsepoint.metrics.derived import AS_ASSESSED, citable


@dataclass(frozen=True, slots=True)
class StockCitations:
    """Citations of one assessment; the stock is of one instant, and `period` only stands in them.

    `written` says that the rows of the warehouse say the same at the instant that `cite` pins. Where they do not (a
    large catalog is written down less often than it is assessed), a citation holds the value itself.
    """

    cite: Cite
    period: Period
    written: bool

    def of_variant(self, name: str, variant_id: str, value: int | None, given: Sequence[int] = ()) -> str | None:
        """The fact id of a number of a variant's stock."""
        return self._cited(name, {"variant_id": variant_id}, value, given)

    def of_state(self, state: StockState, value: int) -> str | None:
        """The fact id of how many variants are in a state."""
        return self._cited("variants", {"status": state.value}, value)

    def of_tracked(self, value: int) -> str | None:
        """The fact id of how many variants the shop counts."""
        return self._cited("tracked_variants", {}, value)

    def _cited(self, name: str, at: dict[str, str], value: int | None, given: Sequence[int] = ()) -> str | None:
        if self.written:
            return self.cite(name, at, self.period.start, self.period.end, given)
        if value is None:
            return None
        return self.cite(AS_ASSESSED[citable(name).unit], {}, self.period.start, self.period.end, (value,))
