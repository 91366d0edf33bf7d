"""Citations for rules that are tested alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from uuid import UUID

from ai_advisor.domain.citations import Citations
from ai_advisor.domain.performance import Period
from pulsepoint.metrics import basis
from pulsepoint.metrics.citations import Cite
from pulsepoint.metrics.stock_citations import StockCitations

DAY = basis.Period(date(2026, 3, 14), date(2026, 3, 14))


def uncited(name: str, at: Mapping[str, str], start: date, end: date, given: Sequence[int] = ()) -> None:
    """Cites nothing."""


def uncited_days(name: str, at: Mapping[str, str], given: Sequence[int] = ()) -> None:
    """Cites nothing of the recent days."""


def of_assessment(cite: Cite, period: basis.Period = DAY, *, written: bool = True) -> StockCitations:
    """Citations of an assessment, which the warehouse's rows say too."""
    return StockCitations(cite, period, written)


def of_advice(brand_id: UUID, period: Period, currency: str, cite: Cite) -> Citations:
    """Citations of a brand's advice."""
    stock = of_assessment(cite, basis.Period(period.start_day, period.end_day))
    return Citations(brand_id, period, currency, cite, stock, 28)
