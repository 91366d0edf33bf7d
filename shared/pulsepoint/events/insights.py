"""Computed advice."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from pydantic import ConfigDict

from pulsepoint.brand.facts import RecommendationFacts, SummaryFacts
from pulsepoint.events.envelope import Payload

SUMMARY = "summary"
"""The type of an insight that is no recommendation: the summary of all of them."""
ADVISED_DAYS = 14
"""Days that a summary is about: those before the day it was computed, or on an instance's first day until that one."""


class Recommendation(RecommendationFacts):
    """One thing to do, why, and the fact ids it rests on; sentences are set in events stored before 2026-12."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    facts: tuple[str, ...] = ()


class AdviceComputed(SummaryFacts, Payload):
    """All advice that stands for a brand at a moment, best first, and the summary's figures; it replaces what stood
    before.
    """

    TYPE: ClassVar[str] = "advice.computed"
    SCHEMA: ClassVar[int] = 2
    computed_at: datetime
    recommendations: tuple[Recommendation, ...]
