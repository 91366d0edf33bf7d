"""Alerts and recommendations as a brand's people are shown them: what is stored, still without its sentences."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from pulsepoint.brand.facts import AlertFacts, RecommendationFacts
from pulsepoint.brand.figures import Figures


@dataclass(frozen=True, slots=True)
class StandingAlert:
    """An alert with the citations it rests on; `resolved_at` is None while it is open.

    `facts` are those of now, `opened_figures` those it opened with (none for alerts of before 2026-12).
    """

    alert_id: str
    facts: AlertFacts
    citations: tuple[str, ...]
    opened_at: datetime
    resolved_at: datetime | None
    trace_id: str | None
    opened_figures: Figures


@dataclass(frozen=True, slots=True)
class StandingAdvice:
    """A recommendation with the citations it rests on; `position` is the advisor's order, from 1."""

    position: int
    facts: RecommendationFacts
    citations: tuple[str, ...]


class AdviceOrder(StrEnum):
    """The order of recommendations."""

    POSITION = "position"
    PRIORITY = "priority"
    IMPACT = "impact"
    SPEND = "spend"

    def key(self, advice: StandingAdvice) -> tuple[int, int]:
        """The sort key of a recommendation: the largest change or spend first; equals as the advisor has them."""
        facts = advice.facts
        match self:
            case AdviceOrder.POSITION:
                first = 0
            case AdviceOrder.PRIORITY:
                first = facts.priority.rank
            case AdviceOrder.IMPACT:
                first = -abs(facts.recommended_change_micros or 0)
            case AdviceOrder.SPEND:
                first = -(facts.current_spend_micros or 0)
        return first, advice.position


def alert_order(alert: StandingAlert) -> tuple[bool, int]:
    """Sorts open alerts before those that resolved, then by how urgent they are."""
    return alert.resolved_at is not None, alert.facts.severity.rank
