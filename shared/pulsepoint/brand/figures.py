"""A number with all that is needed to read it and to check it; events and facts hold these, never sentences."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict

from pulsepoint.brand.vocabulary import Unit
from pulsepoint.money import MICROS


class Figure(BaseModel):
    """One number: an integer of `unit` (see `Unit`), None where it is not known.

    `currency` is set for money alone; `fact_id` is its citation, None where no metric defines it (a threshold, a
    length of time).
    """

    model_config = ConfigDict(frozen=True)
    value: int | None
    unit: Unit
    currency: str | None = None
    fact_id: str | None = None

    @property
    def as_read(self) -> tuple[int | None, Unit, str | None]:
        """The part that people read: its value at the precision it is worded with; two that read alike are equal."""
        step = {Unit.MONEY: MICROS // 100, Unit.RATIO: MICROS // 100}.get(self.unit, self.unit.scale // 10 or 1)
        return None if self.value is None else self.value // step, self.unit, self.currency


Figures = Mapping[str, Figure]
"""Figures by the name that a text calls them by."""


def money(micros: int | None, currency: str, fact_id: str | None = None) -> Figure:
    """An amount in micros of `currency`."""
    return Figure(value=micros, unit=Unit.MONEY, currency=currency, fact_id=fact_id)


def count(number: int | None, fact_id: str | None = None) -> Figure:
    """A whole number of things."""
    return Figure(value=number, unit=Unit.COUNT, fact_id=fact_id)


def ratio(millionths: int | None, fact_id: str | None = None) -> Figure:
    """A ratio such as a ROAS, in millionths."""
    return Figure(value=millionths, unit=Unit.RATIO, fact_id=fact_id)


def days(millionths: int | None, fact_id: str | None = None) -> Figure:
    """Days with a fraction, in millionths."""
    return Figure(value=millionths, unit=Unit.DAYS, fact_id=fact_id)


def rate(millionths: int | None, fact_id: str | None = None) -> Figure:
    """Things a day, in millionths."""
    return Figure(value=millionths, unit=Unit.MICRO_COUNT, fact_id=fact_id)


def percent(whole: int | None, fact_id: str | None = None) -> Figure:
    """Whole per cents."""
    return Figure(value=whole, unit=Unit.PERCENT, fact_id=fact_id)


def citations_of(figures: Figures) -> tuple[str, ...]:
    """The citations of the figures that have one, each once, in their order."""
    return tuple(dict.fromkeys(figure.fact_id for figure in figures.values() if figure.fact_id))
