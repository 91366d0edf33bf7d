"""A metric's number out of the sums of one group."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from pulsepoint.brand.vocabulary import Unit
from pulsepoint.metrics.catalog import divided, sums_of
from pulsepoint.metrics.definitions import Metric, Ratio, Sum
from pulsepoint.metrics.sources import SOURCES

Group = list[Any]
"""The sums of one group by their places: an integer, or of money the integer by currency; None where there is none."""


def has_currency(part: Sum) -> bool:
    """True for money whose rows say what it is in; other money is in the brand's own currency."""
    return part.unit is Unit.MONEY and SOURCES[part.source].currency is not None


def other_currencies(amounts: dict[str | None, int] | None, code: str | None) -> dict[str | None, int]:
    """The amounts that are not in `code`, without zeros."""
    if not amounts:
        return {}
    return {other: value for other, value in amounts.items() if other != code and value}


@dataclass(frozen=True, slots=True)
class Term:
    """One sum of a metric: its place in a group, what it is where there are no rows, whether rows say its currency."""

    place: int
    absent: int | None
    is_money: bool

    def value(self, group: Group, code: str | None) -> int | None:
        """The sum, its money in `code`; None where there is money only in other currencies."""
        if not self.is_money:
            return self.count(group)
        summed = group[self.place]
        if summed is None:
            return self.absent
        if code in summed:
            return int(summed[code])
        return None if other_currencies(summed, code) else self.absent

    def count(self, group: Group, code: str | None = None) -> int | None:
        """The sum of what is not money."""
        summed: int | None = group[self.place]
        return self.absent if summed is None else summed

    def is_elsewhere(self, group: Group, code: str | None) -> bool:
        """True where some of it is money in another currency."""
        return self.is_money and bool(other_currencies(group[self.place], code))


@dataclass(frozen=True, slots=True)
class Evaluator:
    """Computes one metric out of its terms.

    `is_in_own_currency` marks a ratio of two sums of money out of one source, which is the same in every currency: it
    is computed in the one that both are in.
    """

    metric: Metric
    terms: tuple[Term, ...]
    claimed: bool
    is_in_own_currency: bool

    @classmethod
    def of(cls, each: Metric, places: Mapping[str, int]) -> Evaluator:
        """The evaluator of a metric whose sums are at these places of a group."""
        parts = sums_of(each.name)
        own = each.unit is Unit.RATIO and len({part.source for part in parts}) == 1 and all(map(has_currency, parts))
        terms = tuple(Term(places[part.name], part.absent, has_currency(part)) for part in parts)
        return cls(each, terms, any(part.claimed for part in parts), own)

    def reader(self) -> Callable[[Group, str | None], int | None]:
        """The function from a group and a currency to the number in its unit, its money in that currency.

        None where a part of it is money in another currency.
        """
        if isinstance(self.metric, Ratio):
            return partial(self._ratio, self.metric)
        (term,) = self.terms
        return term.value if term.is_money else term.count

    def _ratio(self, metric: Ratio, group: Group, code: str | None) -> int | None:
        if self.is_in_own_currency:
            code = self.currency(group, code)
        numerator, denominator = self.terms
        if numerator.is_elsewhere(group, code) or denominator.is_elsewhere(group, code):
            return None
        return divided(numerator.value(group, code), denominator.value(group, code), metric.scale, floor=metric.floor)

    def currency(self, group: Group, code: str | None) -> str | None:
        """The currency that a ratio in its own currency is computed in; `code` where its money is in several."""
        present = {other for term in self.terms for other, value in (group[term.place] or {}).items() if value}
        return present.pop() if len(present) == 1 else code
