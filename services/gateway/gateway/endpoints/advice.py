"""`…/alerts` and `…/recommendations`: what the advisor and the alerts say now, or said at an instant."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel

from gateway.domain.advice import AdviceOrder, StandingAdvice, StandingAlert
from gateway.domain.dashboard import money
from gateway.endpoints.access import PersonOf, PortsOf
from gateway.endpoints.language import FigureView, TextsOf, figures_view
from gateway.endpoints.parameters import StandingOf
from gateway.endpoints.problems import PROBLEMS
from gateway.use_cases.advice import advice_of, alerts_of
from pulsepoint.brand.facts import CURRENT_SPEND, RECOMMENDED_CHANGE
from pulsepoint.brand.sentences import alert_text, recommendation_text
from pulsepoint.brand.texts import Texts
from pulsepoint.brand.vocabulary import AlertType, Priority, RecommendationType, Severity

router = APIRouter(prefix="/api/brands/{brand_id}", tags=["advice"], responses=PROBLEMS)


class AlertView(BaseModel):
    """An alert; `facts` are the ids of the numbers it rests on, `trace_id` leads to what caused it.

    `figures` are those of now, `opened_figures` those it opened with (none for alerts of before 2026-12).
    """

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
    opened_figures: list[FigureView]
    trace_id: str | None

    @classmethod
    def of(cls, alert: StandingAlert, words: Texts) -> AlertView:
        """The view of an alert, in the language of `words`."""
        text = alert_text(alert.facts, words)
        return cls(
            alert_id=alert.alert_id,
            type=alert.facts.type,
            severity=alert.facts.severity,
            channel=alert.facts.channel,
            product=alert.facts.product,
            title=text.title,
            explanation=text.explanation,
            recommended_action=text.recommended_action,
            opened_at=alert.opened_at,
            resolved_at=alert.resolved_at,
            facts=list(alert.citations),
            figures=list(figures_view(alert.facts.figures, words)),
            opened_figures=list(figures_view(alert.opened_figures, words)),
            trace_id=alert.trace_id,
        )


class Alerts(BaseModel):
    """Alerts, most severe first."""

    alerts: list[AlertView]


class RecommendationView(BaseModel):
    """One thing to do; money in the brand's currency, `facts` are the ids of the numbers it rests on.

    `fact_ids` has that of `current_spend` and `recommended_change` (none in advice of before 2026-12).
    """

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
    fact_ids: dict[str, str]
    figures: list[FigureView]

    @classmethod
    def of(cls, advice: StandingAdvice, currency: str, words: Texts) -> RecommendationView:
        """The view of a recommendation, in the language of `words`."""
        facts = advice.facts
        text = recommendation_text(facts, words)
        return cls(
            recommendation_id=facts.recommendation_id,
            type=facts.type,
            priority=facts.priority,
            subject=facts.subject,
            action=text.action,
            current_spend=money(facts.current_spend_micros),
            recommended_change=money(facts.recommended_change_micros),
            currency=currency,
            reason=text.reason,
            expected_impact=text.expected_impact,
            facts=list(advice.citations),
            fact_ids=facts.citations_by_name(CURRENT_SPEND, RECOMMENDED_CHANGE),
            figures=list(figures_view(facts.figures, words)),
        )


class Recommendations(BaseModel):
    """Recommendations that stand."""

    recommendations: list[RecommendationView]


@router.get("/alerts")
async def list_alerts(
    measuring: StandingOf,
    person: PersonOf,
    ports: PortsOf,
    words: TextsOf,
    status: Literal["open", "all"] = "open",
) -> Alerts:
    """Open alerts; with `status=all` also those that resolved, with `as_of` as they stood then."""
    alerts = await alerts_of(person, measuring, ports.identity_store, resolved=status == "all")
    return Alerts(alerts=[AlertView.of(alert, words) for alert in alerts])


@router.get("/recommendations")
async def list_recommendations(
    measuring: StandingOf,
    words: TextsOf,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    sort_by: AdviceOrder = AdviceOrder.POSITION,
) -> Recommendations:
    """Recommendations as the advisor ordered them, or by priority, size of the change or spend."""
    advice = await advice_of(measuring, sort_by)
    return Recommendations(
        recommendations=[RecommendationView.of(each, measuring.currency, words) for each in advice[:limit]]
    )
