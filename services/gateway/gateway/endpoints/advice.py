"""`…/alerts` and `…/recommendations`: what the advisor and the alerts say now."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Query
from pydantic import BaseModel

from gateway.domain.dashboard import money
from gateway.endpoints.access import BrandOf, PersonOf, PortsOf
from gateway.endpoints.language import FigureView, TextsOf, figures_view
from gateway.endpoints.problems import PROBLEMS
from pulsepoint.brand.facts import AlertFacts, RecommendationFacts
from pulsepoint.brand.sentences import alert_text, recommendation_text
from pulsepoint.brand.texts import Texts
from pulsepoint.brand.vocabulary import AlertType, Priority, RecommendationType, Severity
from pulsepoint.metrics.named_queries import run_named_query

router = APIRouter(prefix="/api/brands/{brand_id}", tags=["advice"], responses=PROBLEMS)


class AlertView(BaseModel):
    """An alert; `facts` are the ids of the numbers it rests on, `trace_id` leads to what caused it."""

    alert_id: str
    type: AlertType
    severity: Severity
    channel: str | None
    product: str | None
    title: str
    explanation: str
    recommended_action: str
    opened_at: datetime
    resolved_at: datetime | None
    facts: list[str]
    figures: list[FigureView]
    trace_id: str | None


class Alerts(BaseModel):
    """Alerts, most severe first."""

    alerts: list[AlertView]


class RecommendationView(BaseModel):
    """One thing to do; money in the brand's currency, `facts` are the ids of the numbers it rests on."""

    recommendation_id: str
    type: RecommendationType
    priority: Priority
    subject: str
    action: str
    current_spend: float | None
    recommended_change: float | None
    currency: str
    reason: str
    expected_impact: str
    facts: list[str]
    figures: list[FigureView]


class Recommendations(BaseModel):
    """Recommendations that stand."""

    recommendations: list[RecommendationView]


@router.get("/alerts")
async def list_alerts(
    brand: BrandOf, person: PersonOf, ports: PortsOf, words: TextsOf, status: Literal["open", "all"] = "open"
) -> Alerts:
    """Open alerts; with `status=all` also those that resolved."""
    scope = person.scope.brand(brand.brand_id)
    rows = await run_named_query(ports.warehouse, scope, "dashboard_alerts", resolved=status == "all")
    traces = await ports.identity_store.alert_traces(person.scope, brand.brand_id)
    alerts = [alert_view(row, traces.get(row["alert_id"]), words) for row in rows]
    return Alerts(alerts=sorted(alerts, key=lambda alert: (alert.resolved_at is not None, alert.severity.rank)))


def alert_view(row: dict[str, Any], trace_id: str | None, words: Texts) -> AlertView:
    """A row of `dashboard_alerts` as the API shows it."""
    alert = AlertFacts.of_row(row)
    text = alert_text(alert, words)
    return AlertView(
        alert_id=row["alert_id"],
        type=alert.type,
        severity=alert.severity,
        channel=alert.channel,
        product=alert.product,
        title=text.title,
        explanation=text.explanation,
        recommended_action=text.recommended_action,
        opened_at=row["opened_at"],
        resolved_at=row["resolved_at"],
        facts=orjson.loads(row["facts"]),
        figures=list(figures_view(alert.figures, words)),
        trace_id=trace_id,
    )


@router.get("/recommendations")
async def list_recommendations(
    brand: BrandOf,
    person: PersonOf,
    ports: PortsOf,
    words: TextsOf,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    sort_by: Literal["position", "priority", "impact", "spend"] = "position",
) -> Recommendations:
    """What to do, as the advisor ordered it, or by priority, size of the change or spend."""
    scope = person.scope.brand(brand.brand_id)
    rows = await run_named_query(ports.warehouse, scope, "dashboard_recommendations")
    rows.sort(key=lambda row: _order(row, sort_by))
    currency = brand.settings.currency
    return Recommendations(recommendations=[recommendation(row, currency, words) for row in rows[:limit]])


def _order(row: dict[str, Any], sort_by: str) -> tuple[int, int]:
    keys = {
        "position": 0,
        "priority": Priority(row["priority"]).rank,
        "impact": -abs(row["recommended_change_micros"] or 0),
        "spend": -(row["current_spend_micros"] or 0),
    }
    return keys[sort_by], row["position"]


def recommendation(row: dict[str, Any], currency: str, words: Texts) -> RecommendationView:
    """A row of `dashboard_recommendations` as the API shows it."""
    advice = RecommendationFacts.of_row(row)
    text = recommendation_text(advice, words)
    return RecommendationView(
        recommendation_id=advice.recommendation_id,
        type=advice.type,
        priority=advice.priority,
        subject=advice.subject,
        action=text.action,
        current_spend=money(advice.current_spend_micros),
        recommended_change=money(advice.recommended_change_micros),
        currency=currency,
        reason=text.reason,
        expected_impact=text.expected_impact,
        facts=orjson.loads(row["facts"]),
        figures=list(figures_view(advice.figures, words)),
    )
