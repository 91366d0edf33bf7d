"""Drives alerting from event to outcome: settings, assessments, advice, ticks a minute apart."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from alerting.handlers import HANDLERS
from pulsepoint.brand import figures
from pulsepoint.brand.vocabulary import Priority, RecommendationType
from pulsepoint.events.brands import BrandConfigured
from pulsepoint.events.insights import AdviceComputed, Recommendation
from pulsepoint.events.inventory import StockStatus
from pulsepoint.runtime.outcome import Outcome
from tests.builders.insights import Bench, event_of, stock_assessed
from tests.builders.inventory import NOW, brand_data

SECRET = "slack-webhook"


async def configure(bench: Bench, **changes: Any) -> None:
    """The brand's settings, with Slack connected."""
    data = brand_data(**{"slack_webhook_ref": SECRET, **changes})
    await bench.handle(HANDLERS["brand.configured"], event_of(BrandConfigured(**data)))


async def assess(bench: Bench, version: int, *statuses: StockStatus, at: datetime | None = None) -> Outcome:
    """One assessment, a minute after the one before."""
    payload = stock_assessed(*statuses, at=at or timestamp(version))
    return await bench.handle(HANDLERS["stock.assessed"], event_of(payload, version=version))


async def advise(
    bench: Bench, version: int, *, at: datetime | None = None, reorders: Mapping[str, int] | None = None
) -> Outcome:
    """The advice of a tick, with the units it says to reorder by variant id."""
    recommendations = tuple(
        Recommendation(
            recommendation_id=variant_id,
            type=RecommendationType.REORDER,
            priority=Priority.HIGH,
            subject=f"variant:{variant_id}",
            figures={"reorder_units": figures.count(units)},
        )
        for variant_id, units in (reorders or {}).items()
    )
    payload = AdviceComputed(computed_at=at or timestamp(version), recommendations=recommendations)
    return await bench.handle(HANDLERS["advice.computed"], event_of(payload, version=version))


async def tick(bench: Bench, version: int, *statuses: StockStatus) -> Outcome:
    """An assessment and the advice on it."""
    await assess(bench, version, *statuses)
    return await advise(bench, version)


def timestamp(version: int) -> datetime:
    """The business time of a tick."""
    return NOW + timedelta(minutes=version)


def types(outcome: Outcome) -> list[str]:
    """The types of an outcome's events."""
    return [event.type for event in outcome.events]
