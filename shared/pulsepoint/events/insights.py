"""Computed advice."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict

from pulsepoint.events.envelope import Payload

ADVISED_DAYS = 14
"""Days that a summary is about: those before the day it was computed, or on a tower's first day until that one."""


class Recommendation(BaseModel):
    """One thing to do, why, and the fact ids it rests on; money in micros of the brand's currency."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    recommendation_id: str
    type: Literal["reduce_spend", "pause_campaign", "raise_spend", "reorder"]
    priority: Literal["high", "medium", "low"]
    subject: str
    action: str
    reason: str
    expected_impact: str
    current_spend_micros: int | None = None
    recommended_change_micros: int | None = None
    facts: tuple[str, ...] = ()


class AdviceComputed(Payload):
    """All advice that stands for a brand at a moment, best first; it replaces what stood before."""

    TYPE: ClassVar[str] = "advice.computed"
    computed_at: datetime
    summary: str
    recommendations: tuple[Recommendation, ...]
